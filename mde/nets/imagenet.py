"""ImageNet's colours: what most backbones expect to be taken off an image."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


class ImageNetColours(nn.Module):
    """RGB in [0, 1] to the mean 0 and deviation 1 that it has over ImageNet."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        # Not persistent: published files do not hold them, and loading is strict.
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """The image, channel by channel."""
        return (image - self.mean) / self.std
