"""Local planar guidance: each coarse pixel states a plane, and its depth is read off at every fine pixel.

Reference: Lee, Han, Ko, Suh, "From big to small: multi-scale local planar guidance for monocular depth
estimation", arXiv 1907.10326, section 3.3.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

_STEEPEST_RAD = math.pi / 3
"""Largest angle between a plane's normal and the optical axis."""


def planes(
    answer: Float[Tensor, "batch 3 height width"], max_depth_m: float
) -> tuple[Float[Tensor, "batch 3 height width"], Float[Tensor, "batch 1 height width"]]:
    """Unit normal, and distance along it in metres, from a network's unbounded answer."""
    tilt, turn, distance = answer.sigmoid().split(1, dim=1)
    tilt, turn = tilt * _STEEPEST_RAD, turn * (2 * math.pi)
    normal = torch.cat((tilt.sin() * turn.cos(), tilt.sin() * turn.sin(), tilt.cos()), dim=1)
    return normal, distance * max_depth_m


def plane_depth(
    normal: Float[Tensor, "batch 3 height width"], distance_m: Float[Tensor, "batch 1 height width"], ratio: int
) -> Float[Tensor, "batch 1 fine_height fine_width"]:
    """Depth in metres of the planes on a grid `ratio` times as fine; a cell's side is 1, its centre 0.

    Not bounded: steep planes can be seen edge-on or from behind inside their cell, and the depth is then infinite
    or negative.
    """
    height, width = normal.shape[-2:]
    place = (torch.arange(ratio, device=normal.device, dtype=normal.dtype) - (ratio - 1) / 2) / ratio
    column, row = place.repeat(width), place.repeat(height)[:, None]
    x, y, z = F.interpolate(normal, scale_factor=ratio, mode="nearest").split(1, dim=1)
    return F.interpolate(distance_m, scale_factor=ratio, mode="nearest") / (x * column + y * row + z)
