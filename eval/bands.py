"""Bands: error by distance, since one mean hides where a network fails."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

LADDER_M = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0, 80.0)
"""Edges that a reader can keep in mind, nearly even in ln(metres)."""


def band_edges(depth_min_m: float, cap_m: float) -> tuple[float, ...]:
    """Edges from depth_min to cap, both included.

    >>> band_edges(0.3, 10.0)
    (0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
    """
    return (depth_min_m, *(edge for edge in LADDER_M if depth_min_m < edge < cap_m), cap_m)


@dataclass
class BandErrors:
    """Sum of |p - g| / g and number of pixels in each band of true depth, over all frames."""

    edges_m: tuple[float, ...]
    total: Tensor = field(init=False)
    num_pixels: Tensor = field(init=False)

    def __post_init__(self) -> None:
        num_bands = len(self.edges_m) - 1
        self.total = torch.zeros(num_bands, dtype=torch.float64)
        self.num_pixels = torch.zeros(num_bands, dtype=torch.int64)

    def add(self, pred_m: Float[Tensor, " pixels"], true_m: Float[Tensor, " pixels"]) -> None:
        """Count the valid pixels of one image; all lie between the first and the last edge."""
        band = torch.bucketize(true_m, torch.tensor(self.edges_m[1:-1], dtype=true_m.dtype), right=True)
        error = ((pred_m - true_m).abs() / true_m).double()
        self.total.index_add_(0, band, error)
        self.num_pixels += torch.bincount(band, minlength=len(self.num_pixels))

    def mean(self) -> list[float | None]:
        """Mean of |p - g| / g over the pixels of each band, None for a band without pixels."""
        counts = self.num_pixels.tolist()
        return [total / count if count else None for total, count in zip(self.total.tolist(), counts, strict=True)]
