"""Bootstrap: how far a mean over these images would move with other scenes of the same kind.

Reference: B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, sections 8.4 and 13.3 (percentile
interval; whole scenes are drawn because neighbours in one sequence are alike).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

NUM_DRAWS = 2000
CONFIDENCE = 0.95
HANDFUL = 5
"""Below this number of scenes an interval is not worth much, and every report says so."""

Interval = tuple[float, float]
Unit = Literal["scenes", "images"]


@dataclass(frozen=True, kw_only=True)
class Units:
    """What is drawn: whole scenes, or images where all frames are one scene."""

    group: np.ndarray
    """Number of the unit of each image, from 0."""
    num: int
    unit: Unit

    @property
    def num_scenes(self) -> int:
        """Scenes that the frames come from."""
        return self.num if self.unit == "scenes" else 1

    @property
    def are_few(self) -> bool:
        """Whether an interval over these says little about other scenes."""
        return self.num_scenes < HANDFUL

    def caution(self) -> str:
        """What a reader must know of such an interval; nothing where there are enough scenes."""
        if not self.are_few:
            return ""
        if self.num == 1:
            return "one image has no interval"
        if self.unit == "images":
            return "all frames are of one scene, so the interval over images is not worth much"
        return f"{self.num} scenes are fewer than a handful, so the interval is not worth much"


def units_of(scenes: Sequence[str]) -> Units:
    """The units of images with these scenes."""
    names, group = np.unique(list(scenes), return_inverse=True)
    if len(names) > 1:
        return Units(group=group, num=len(names), unit="scenes")
    return Units(group=np.arange(len(scenes)), num=len(scenes), unit="images")


def bootstrap_means(rng: np.random.Generator, values: np.ndarray, units: Units) -> np.ndarray:
    """`NUM_DRAWS` means of each column of `values` (images, columns), as (draws, columns).

    A draw takes as many units as there are, with replacement, and averages over all their images.
    """
    counts = np.bincount(units.group, minlength=units.num)
    sums = np.stack([np.bincount(units.group, weights=column, minlength=units.num) for column in values.T], axis=1)
    times = rng.multinomial(units.num, np.full(units.num, 1.0 / units.num), size=NUM_DRAWS)
    return (times @ sums) / (times @ counts)[:, None]


def central_interval(draws: np.ndarray) -> Interval:
    """The central 95 % of the draws."""
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(draws, (tail, 1.0 - tail))
    return float(low), float(high)


def bootstrap_interval(rng: np.random.Generator, values: np.ndarray, units: Units) -> Interval:
    """Central 95 % interval of the mean of `values`, one for each image. A single unit gives no width."""
    return central_interval(bootstrap_means(rng, values[:, None], units)[:, 0])
