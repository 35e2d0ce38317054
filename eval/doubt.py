"""Doubt: what a depth probability map (DPM) says about a network's own uncertainty, and whether that is true."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from eval.placement import Placement
from mde.bins import Bins
from mde.dpm import dpm_entropy, dpm_interval

MASS = 0.8
"""Of the central interval whose width is shown and whose coverage is counted."""
MAX_PIXELS = 2048
"""Measured pixels of one frame that coverage is counted on, evenly strided: all of them would cost as much as a small
network itself, and neighbours say the same."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """The DPM of one network on one frame; maps are made when they are asked for."""

    logits: Float[Tensor, "1 bins _ _"]
    bins: Bins | None
    """None where the network does not say them; then there is entropy alone."""
    factor: float
    """By which the network's metres grow with the focal length of the frame."""
    placement: Placement

    def entropy_nat(self) -> Float[Tensor, "height width"]:
        """Entropy on the scored region, 0 where the network saw nothing."""
        return self.placement.on_region(dpm_entropy(self._probability()), fill=0.0)[0]

    def relative_width(self) -> Float[Tensor, "height width"] | None:
        """Width of the interval as a share of its middle, 2 (high - low) / (high + low), 0 to 2; NaN where unseen."""
        if self.bins is None:
            return None
        low_m, high_m = dpm_interval(self._probability(), self.bins, mass=MASS)
        return self.placement.on_region(2.0 * (high_m - low_m) / (high_m + low_m), fill=math.nan)[0]

    def _probability(self) -> Float[Tensor, "1 bins _ _"]:
        return self.logits.float().softmax(dim=1)

    def coverage(
        self, true_m: Float[Tensor, "1 height width"], valid: Bool[Tensor, "1 height width"], scale: float
    ) -> tuple[int, int] | None:
        """Measured pixels whose depth lies inside the interval of their cell, and measured pixels that were looked at.

        `scale` is the factor that the alignment put on the prediction, hence on the interval.
        """
        if self.bins is None:
            return None
        cells = cell_map(tuple(self.logits.shape[-2:]), self.placement)[valid[0]]
        step = max(1, math.ceil(len(cells) / MAX_PIXELS))
        cells, depth_m = cells[::step], true_m[valid][::step] / (scale * self.factor)
        seen = cells >= 0
        probability = self.logits[0].flatten(1)[:, cells[seen]].float().softmax(dim=0)
        below = cumulative(probability, depth_m[seen], self.bins)
        tail = (1.0 - MASS) / 2.0
        return int(((below >= tail) & (below <= 1.0 - tail)).sum()), int(seen.sum())


@lru_cache(maxsize=64)
def cell_map(size: tuple[int, int], placement: Placement) -> Int[Tensor, "height width"]:
    """Number of the DPM's cell under each pixel of the region, -1 where nothing was seen; do not write into it."""
    height, width = size
    rows = torch.arange(height, dtype=torch.float32).view(1, 1, -1, 1).expand(1, 1, height, width)
    columns = torch.arange(width, dtype=torch.float32).expand(1, 1, height, width)
    row, column = (placement.on_region(ramp, fill=math.nan)[0] for ramp in (rows, columns))
    cells = row.nan_to_num().round().long() * width + column.nan_to_num().round().long()
    return torch.where(row.isnan() | column.isnan(), -1, cells)


def cumulative(
    probability: Float[Tensor, "bins pixels"], depth_m: Float[Tensor, " pixels"], bins: Bins
) -> Float[Tensor, " pixels"]:
    """Probability of a smaller depth, linear inside a bin as in `dpm_interval`."""
    position = depth_m if bins.spacing == "uniform" else depth_m.log()
    place = ((position - bins.low) / bins.width).clamp(0.0, float(bins.num_bins))
    index = place.long().clamp_max(bins.num_bins - 1)[None]
    inside = probability.gather(0, index)
    before = probability.cumsum(dim=0).gather(0, index) - inside
    return (before + inside * (place - index))[0]


@dataclass
class Coverage:
    """How many measured pixels lie inside the interval, over all frames."""

    num_inside: int = 0
    num_pixels: int = 0

    def add(self, counted: tuple[int, int]) -> None:
        """Count one frame."""
        self.num_inside += counted[0]
        self.num_pixels += counted[1]

    @property
    def share(self) -> float | None:
        """0.8 for a network that is as sure as it should be; None where no measured pixel was seen."""
        return self.num_inside / self.num_pixels if self.num_pixels else None
