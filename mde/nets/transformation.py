"""Transformations: from rendered images to images on which a teacher is at home, one rung of a ladder each."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.checkpoint import Checkpoint, load_directory, save_directory
from mde.errors import InputError
from mde.nets.edge import IMAGENET_MEAN, IMAGENET_STD

Rung = Literal["identity", "affine", "network", "network-large"]
"""From none to more parameters."""
VERSION = 2
"""Of the files; 1 knew the affine rung only."""
AMPLITUDE = 0.25
"""The most by which a network may move a pixel beyond the affine map, in [0,1]."""


class Affine(nn.Module):
    """One 3x3 colour matrix and one offset for all images: 12 parameters, the identity at first.

    A x + b on colours normalised by the ImageNet mean and deviation, which only conditions the fit; input and output
    are RGB in [0,1], not yet clipped.
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
        """Colours moved alike everywhere."""
        normalised = (image - self.mean) / self.std
        moved = torch.einsum("oi,bihw->bohw", self.matrix, normalised) + self.offset.view(1, 3, 1, 1)
        return moved * self.std + self.mean


class Transformation(nn.Module):
    """x' = clip(A x + b + 0.25 tanh g(x)): the affine map, and on the upper rungs a network's bounded residual.

    The identity at first, on every rung, and for good on the lowest: A is the unit matrix, b zero, and so is g's last
    layer. Clipped to legal pixel values, so that transformed images can be stored and looked at.

    Reference: J. Hu et al., "Dense Depth Distillation with Out-of-Distribution Simulated Images", 2024 (transformation
    network; its architecture is not published). Differs: a ladder from 12 parameters on, and a bound on the residual.
    """

    def __init__(self, rung: Rung) -> None:
        super().__init__()
        self.rung = rung
        self.affine = Affine()
        self.network = {"network": small_network, "network-large": large_network}.get(rung, lambda: None)()
        if self.network is not None:
            for parameter in self.network[-1].parameters():
                nn.init.zeros_(parameter)

    @property
    def num_fitted(self) -> int:
        """Parameters that a fit moves."""
        return 0 if self.rung == "identity" else sum(parameter.numel() for parameter in self.parameters())

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """Transformed images, RGB in [0,1]."""
        return self.with_residual(image)[0]

    def with_residual(
        self, image: Float[Tensor, "batch 3 height width"]
    ) -> tuple[Float[Tensor, "batch 3 height width"], Float[Tensor, "batch 3 height width"] | None]:
        """Transformed images, and what the network added to the affine map; None on rungs without one."""
        moved = self.affine(image)
        if self.network is None:
            return moved.clamp(0.0, 1.0), None
        height, width = image.shape[-2:]
        answer = self.network((image - self.affine.mean) / self.affine.std)
        residual = AMPLITUDE * torch.tanh(answer[..., :height, :width])  # one row or column too many at odd sizes
        return (moved + residual).clamp(0.0, 1.0), residual


def small_network() -> nn.Sequential:
    """Three 3x3 convolutions of 16 channels (3,203 parameters): sharpness, noise and colour by neighbourhood."""
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(16, 16, 3, padding=1), nn.ReLU()),
        nn.Conv2d(16, 3, 3, padding=1),
    )


def large_network() -> nn.Sequential:
    """Twice down, four residual blocks of 128 channels, twice up (1.4 M parameters): sees what stands where."""
    return nn.Sequential(
        *(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(32, 64, 3, 2, padding=1), nn.ReLU()),
        *(nn.Conv2d(64, 128, 3, 2, padding=1), nn.ReLU()),
        *(Residual(128) for _ in range(4)),
        *(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(128, 64, 3, padding=1), nn.ReLU()),
        *(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(64, 32, 3, padding=1), nn.ReLU()),
        nn.Conv2d(32, 3, 3, padding=1),
    )


class Residual(nn.Module):
    """Two 3x3 convolutions beside a straight path."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Features of the same shape."""
        return features + self.second(F.relu(self.first(features)))


def fresh_transformation(rung: Rung, *, seed: int) -> Transformation:
    """One that changes nothing yet, hidden layers drawn by seed; the caller's generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Transformation(rung)


def save_transformation(directory: Path, transformation: Transformation, *, teacher_sha256: str) -> None:
    """Write a fitted transformation as a checkpoint directory; it belongs to one teacher."""
    sidecar = {
        "kind": "transformation",
        "rung": transformation.rung,
        "teacher_sha256": teacher_sha256,
        "version": VERSION,
    }
    save_directory(directory, Checkpoint(tensors=transformation.state_dict(), sidecar=sidecar))


def load_transformation(directory: Path, *, teacher_sha256: str) -> Transformation:
    """Read a transformation for the teacher with this digest, in eval mode and frozen.

    Raises InputError for damaged files, another version, or a transformation fitted to another teacher.
    """
    checkpoint = load_directory(directory)
    sidecar = checkpoint.sidecar
    rung = sidecar.get("rung")
    if sidecar.get("kind") != "transformation" or sidecar.get("version") != VERSION or rung not in get_args(Rung):
        raise InputError(f"{directory} is not a transformation that this program can read; run adapt.run again")
    if sidecar.get("teacher_sha256") != teacher_sha256:
        raise InputError(f"{directory} was fitted to another teacher's weights; run adapt.run for this one")
    transformation = Transformation(cast(Rung, rung))
    try:
        transformation.load_state_dict(dict(checkpoint.tensors))
    except RuntimeError as error:
        raise InputError(f"{directory} does not hold a transformation of rung {rung!r}") from error
    return transformation.eval().requires_grad_(False)
