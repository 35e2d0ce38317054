"""Bands: ranges of true depth, since one mean hides where a network fails."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

LADDER_M = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0, 80.0)
"""Edges that a reader can keep in mind, nearly even in ln(metres)."""


def band_edges(depth_min_m: float, cap_m: float) -> tuple[float, ...]:
    """Edges from depth_min to cap, both included.

    >>> band_edges(0.3, 10.0)
    (0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
    """
    return (depth_min_m, *(edge for edge in LADDER_M if depth_min_m < edge < cap_m), cap_m)


def band_of(true_m: Float[Tensor, " pixels"], edges_m: tuple[float, ...]) -> Int[Tensor, " pixels"]:
    """Number of the band of each pixel; an edge belongs to the band that it opens."""
    return torch.bucketize(true_m, torch.tensor(edges_m[1:-1], dtype=true_m.dtype), right=True)
