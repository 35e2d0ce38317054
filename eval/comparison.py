"""Comparison: whether one network is better than another on the same frames, or the difference is chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from eval.alignment import Alignment
from eval.metrics import HIGHER_IS_BETTER
from eval.score import ImageScore, Scores

NUM_DRAWS = 2000
Verdict = Literal["better", "worse", "tie"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Mean of (network - reference) of one metric over images, with its 95 % interval."""

    net: str
    reference: str
    alignment: Alignment
    metric: str
    difference: float
    interval: tuple[float, float]
    resampled: Literal["scenes", "images"]
    """Whole scenes, since neighbours are alike; images only where all frames are one scene."""
    num_resampled: int
    verdict: Verdict
    """A tie where the interval holds zero."""


def compare(
    rng: np.random.Generator, scores: Scores, net: str, alignment: Alignment, *, metric: str = "abs_rel"
) -> Comparison:
    """The network against the reference of the scores, by a paired bootstrap.

    A draw takes as many scenes as there are, with replacement, and averages over all their images.
    Raises ValueError where the scores have no reference.
    """
    if scores.reference is None:
        raise ValueError(f"{net} has no reference to be compared with")
    rows, others = scores.of(net, alignment), scores.of(scores.reference, alignment)
    differences = np.array([a.metrics[metric] - b.metrics[metric] for a, b in zip(rows, others, strict=True)])
    groups, resampled = _groups(rows)
    low, high = bootstrap_interval(rng, differences, groups)
    return Comparison(
        net=net,
        reference=scores.reference,
        alignment=alignment,
        metric=metric,
        difference=float(differences.mean()),
        interval=(low, high),
        resampled=resampled,
        num_resampled=len(set(groups.tolist())),
        verdict=_verdict(low, high, metric),
    )


def _groups(rows: tuple[ImageScore, ...]) -> tuple[np.ndarray, Literal["scenes", "images"]]:
    _, groups = np.unique([row.scene for row in rows], return_inverse=True)
    if len(set(groups.tolist())) > 1:
        return groups, "scenes"
    return np.arange(len(rows)), "images"


def bootstrap_interval(rng: np.random.Generator, values: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Central 95 % interval of the mean of `values` when whole groups are drawn with replacement.

    `groups` numbers the group of each value from 0. A single group gives an interval of no width.
    """
    sums, counts = np.bincount(groups, weights=values), np.bincount(groups)
    drawn = rng.integers(len(counts), size=(NUM_DRAWS, len(counts)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def _verdict(low: float, high: float, metric: str) -> Verdict:
    if low <= 0.0 <= high:
        return "tie"
    return "better" if (low > 0.0) == (metric in HIGHER_IS_BETTER) else "worse"
