"""Transformation networks: from rendered images to images on which a teacher is at home."""

from __future__ import annotations

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mde.checkpoint import Checkpoint, load_directory, save_directory
from mde.errors import InputError
from mde.nets.edge import IMAGENET_MEAN, IMAGENET_STD


class AffineTransformation(nn.Module):
    """One 3x3 colour matrix and one offset for all images: 12 parameters, the identity at first.

    x' = A x + b on colours normalised by the ImageNet mean and deviation, which only conditions the
    fit; input and output are RGB in [0,1], and the answer is clipped to legal pixel values.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.eye(3))
        self.offset = nn.Parameter(torch.zeros(3))
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """Transformed images, RGB in [0,1]."""
        normalised = (image - self.mean) / self.std
        moved = torch.einsum("oi,bihw->bohw", self.matrix, normalised) + self.offset.view(1, 3, 1, 1)
        return (moved * self.std + self.mean).clamp(0.0, 1.0)


def save_transformation(directory: Path, transformation: AffineTransformation, *, teacher_sha256: str) -> None:
    """Write a fitted transformation as a checkpoint directory; it belongs to one teacher."""
    sidecar = {"kind": "transformation", "rung": "affine", "teacher_sha256": teacher_sha256, "version": 1}
    save_directory(directory, Checkpoint(tensors=transformation.state_dict(), sidecar=sidecar))


def load_transformation(directory: Path, *, teacher_sha256: str) -> AffineTransformation:
    """Read a transformation for the teacher with this digest, in eval mode and frozen.

    Raises InputError for damaged files, another version, or a transformation fitted to another teacher.
    """
    checkpoint = load_directory(directory)
    sidecar = checkpoint.sidecar
    if (sidecar.get("kind"), sidecar.get("rung"), sidecar.get("version")) != ("transformation", "affine", 1):
        raise InputError(f"{directory} is not a transformation that this program can read")
    if sidecar.get("teacher_sha256") != teacher_sha256:
        raise InputError(f"{directory} was fitted to another teacher's weights; run adapt.run for this one")
    transformation = AffineTransformation()
    try:
        transformation.load_state_dict(dict(checkpoint.tensors))
    except RuntimeError as error:
        raise InputError(f"{directory} does not hold an affine transformation") from error
    return transformation.eval().requires_grad_(False)
