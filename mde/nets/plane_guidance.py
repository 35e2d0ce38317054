"""Local planar guidance: depth at full size from one plane for each cell of a coarse feature map.

Reference: Lee, Han, Ko, Suh, "From big to small: multi-scale local planar guidance for monocular depth
estimation", arXiv 1907.10326, section 3.2. Attribute names are those of the published weight files.
"""

from __future__ import annotations

import math
from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import Tensor, nn

_NARROWEST = 8


class Reduction(nn.Module):
    """1x1 convolutions that halve the channels down to 8, then to what is asked for; no bias, ELU between."""

    def __init__(self, channels: int, first: int, last: nn.Module, last_name: str) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        width = first
        while width >= _NARROWEST:
            convolution = nn.Conv2d(channels, width, 1, bias=False)
            layers[f"inter_{channels}_{width}"] = nn.Sequential(convolution, nn.ELU())
            channels, width = width, width // 2
        layers[last_name] = last
        self.reduc = nn.Sequential(layers)

    def forward(self, features: Float[Tensor, "batch _ height width"]) -> Float[Tensor, "batch _ height width"]:
        """The numbers of each cell."""
        return self.reduc(features)


def plane_reduction(channels: int, first: int) -> Reduction:
    """Three numbers of a plane for each cell."""
    return Reduction(channels, first, nn.Conv2d(_NARROWEST, 3, 1, bias=False), "plane_params")


def depth_reduction(channels: int, first: int) -> Reduction:
    """One number between 0 and 1 for each cell."""
    return Reduction(channels, first, nn.Sequential(nn.Conv2d(_NARROWEST, 1, 1, bias=False), nn.Sigmoid()), "final")


def plane_depth(
    numbers: Float[Tensor, "batch 3 height width"], side: int, max_depth_m: float
) -> Float[Tensor, "batch 1 _ _"]:
    """Depth on the planes of cells of `side` x `side` pixels, in metres.

    The plane of a cell has a unit normal n, by its angle to the axis (at most 60 degrees) and its angle about the
    axis, and a distance: depth = distance / (n . (u, v, 1)), u and v being places in the cell, 0 in its middle and
    (i - (side - 1) / 2) / side for its column or row i. Planes seen from behind have depths below 0.
    """
    numbers = numbers.float().sigmoid()
    tilt, turn, distance_m = (
        numbers[:, 0] * (math.pi / 3.0),
        numbers[:, 1] * (2.0 * math.pi),
        numbers[:, 2] * max_depth_m,
    )
    place = (torch.arange(side, device=numbers.device, dtype=numbers.dtype) - (side - 1) / 2.0) / side

    def spread(plane: Tensor) -> Tensor:
        return plane[:, :, None, :, None]  # (batch, height, row in cell, width, column in cell)

    normal_u, normal_v = spread(tilt.sin() * turn.cos()), spread(tilt.sin() * turn.sin())
    facing = normal_u * place + normal_v * place[:, None, None] + spread(tilt.cos())
    return (spread(distance_m) / facing).flatten(3, 4).flatten(1, 2)[:, None]
