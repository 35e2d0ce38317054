"""Breakdown: where the error of a network lies, by distance, by image region, and how it is distributed."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from eval.bands import band_edges, band_of
from eval.protocol import Protocol, crop_window
from eval.regions import REGIONS, region_map

CURVE_STEP = 0.005
NUM_STEPS = 200
"""The curve of the error ends at 1; larger errors are counted, not resolved."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """In which cell of (band, region) each scored pixel of one image lies; the same for every network."""

    cell: Int[Tensor, " pixels"]
    num_pixels: Int[Tensor, "bands regions"]


def cells_of(
    true_m: Float[Tensor, "1 height width"], valid: Bool[Tensor, "1 height width"], protocol: Protocol
) -> Cells:
    """Cells of the valid pixels of one image, in the order of `true_m[valid]`."""
    edges_m = band_edges(protocol.depth_min_m, protocol.cap_m)
    height, width = true_m.shape[-2:]
    regions = region_map(height, width, crop_window(protocol.crop, height, width))
    cell = band_of(true_m[valid], edges_m) * len(REGIONS) + regions[valid[0]]
    counts = torch.bincount(cell, minlength=(len(edges_m) - 1) * len(REGIONS))
    return Cells(cell=cell, num_pixels=counts.view(-1, len(REGIONS)))


@dataclass
class Breakdown:
    """Sum of |p - g| / g and number of pixels per band and region, and their distribution, over all frames.

    Pooled over pixels: frames with more of them count for more, other than in the table.
    """

    edges_m: tuple[float, ...]
    total: Float[Tensor, "bands regions"] = field(init=False)
    num_pixels: Int[Tensor, "bands regions"] = field(init=False)
    histogram: Int[Tensor, " steps"] = field(init=False)
    """Number of pixels with an error in each step of `CURVE_STEP`, those beyond the last at the end."""

    def __post_init__(self) -> None:
        shape = (len(self.edges_m) - 1, len(REGIONS))
        self.total = torch.zeros(shape, dtype=torch.float64)
        self.num_pixels = torch.zeros(shape, dtype=torch.int64)
        self.histogram = torch.zeros(NUM_STEPS + 1, dtype=torch.int64)

    def add(self, pred_m: Float[Tensor, " pixels"], true_m: Float[Tensor, " pixels"], cells: Cells) -> None:
        """Count the valid pixels of one image; all lie between the first and the last edge."""
        error = (pred_m - true_m).abs() / true_m
        sums = torch.bincount(cells.cell, weights=error.double(), minlength=self.total.numel())
        self.total += sums.view_as(self.total)
        self.num_pixels += cells.num_pixels
        step = (error / CURVE_STEP).clamp_max(NUM_STEPS).long()
        self.histogram += torch.bincount(step, minlength=NUM_STEPS + 1)

    def by_band(self) -> list[float | None]:
        """Mean of |p - g| / g in each band of true depth, None for a band without pixels."""
        return _means(self.total.sum(1), self.num_pixels.sum(1))

    def by_region(self) -> list[float | None]:
        """Mean of |p - g| / g in each of `REGIONS`, None for one without pixels."""
        return _means(self.total.sum(0), self.num_pixels.sum(0))

    def share_below(self) -> list[float]:
        """Share of all pixels with an error below 0, 1, 2, ... `NUM_STEPS` steps of `CURVE_STEP`."""
        counts = torch.cat((torch.zeros(1, dtype=torch.int64), self.histogram[:-1])).cumsum(0)
        return (counts / self.histogram.sum()).tolist()


def _means(total: Tensor, num_pixels: Tensor) -> list[float | None]:
    pairs = zip(total.tolist(), num_pixels.tolist(), strict=True)
    return [value / count if count else None for value, count in pairs]
