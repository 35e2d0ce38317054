"""Constancy: whether a network answers the same whatever it sees, which figures alone do not show.

One depth for all pixels, and one map for all images, can have better figures than an honest failure, and an alignment
by least squares makes of either the best that a guess can be.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

TOLERANCE = 1e-3
"""Relative differences below this are none: a millimetre at a metre, a quarter of the step of KITTI's files at 1 m."""
STEP_PX = 4
"""Maps are compared at every fourth pixel of every fourth row."""


@dataclass
class Constancy:
    """What one network's answers have had in common, frame by frame."""

    is_flat: bool = field(default=True, init=False)
    is_one_map: bool = field(default=True, init=False)
    num_frames: int = field(default=0, init=False)
    _first: Tensor = field(default_factory=lambda: torch.zeros(0), init=False)

    def add(self, pred: Float[Tensor, "1 height width"]) -> None:
        """Look at the next answer; pixels where it is not finite say nothing."""
        thin = pred[0, ::STEP_PX, ::STEP_PX]
        self.num_frames += 1
        if self.num_frames == 1:
            self._first = thin.clone()
        self.is_flat = self.is_flat and _spread(thin) <= TOLERANCE
        if self.is_one_map and self.num_frames > 1:
            self.is_one_map = thin.shape == self._first.shape and _difference(thin, self._first) <= TOLERANCE

    def remark(self, net: str) -> str | None:
        """A sentence for the reader; None where the answers differ as they should."""
        if self.is_flat:
            return f"Warning: {net} answers one depth for all pixels, in each of {self.num_frames} frames."
        if self.is_one_map and self.num_frames > 1:
            return f"Warning: {net} answers one and the same map for all {self.num_frames} frames."
        return None


def _spread(pred: Tensor) -> float:
    """Distance between the extremes, relative to the larger of them; 0 where fewer than two are finite."""
    known = pred[pred.isfinite()]
    if len(known) < 2:
        return 0.0
    largest = known.abs().max()
    return float((known.max() - known.min()) / largest) if largest > 0.0 else 0.0


def _difference(pred: Tensor, other: Tensor) -> float:
    """Largest difference between two maps, relative to the larger depth of the pixel."""
    known = pred.isfinite() & other.isfinite()
    if not known.any():
        return 0.0
    larger = torch.maximum(pred.abs(), other.abs())[known].clamp_min(torch.finfo(pred.dtype).tiny)
    return float(((pred - other)[known].abs() / larger).max())
