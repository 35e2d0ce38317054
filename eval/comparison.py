"""Comparison: whether one network is better than another on the same frames, or the difference is chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from eval.alignment import Alignment
from eval.bootstrap import Interval, Unit, Units, bootstrap_means, central_interval, units_of
from eval.metrics import HIGHER_IS_BETTER
from eval.score import Scores

Verdict = Literal["better", "worse", "tie"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Mean of (network - reference) of one metric over images, with its 95 % interval."""

    net: str
    reference: str
    alignment: Alignment
    metric: str
    difference: float
    interval: Interval
    relative: float
    """The difference as a share of the reference's own mean."""
    relative_interval: Interval
    """Of the ratio of the two means, drawn together."""
    resampled: Unit
    """Whole scenes, since neighbours are alike; images only where all frames are one scene."""
    num_resampled: int
    caution: str
    """What a reader must know of the interval; empty where there are enough scenes."""
    verdict: Verdict
    """A tie where the interval holds zero."""


def compare(
    rng: np.random.Generator, scores: Scores, net: str, alignment: Alignment, *, metric: str = "abs_rel"
) -> Comparison:
    """The network against the reference of the scores, by a paired bootstrap.

    Raises ValueError where the scores have no reference.
    """
    if scores.reference is None:
        raise ValueError(f"{net} has no reference to be compared with")
    rows, others = scores.of(net, alignment), scores.of(scores.reference, alignment)
    values = np.array([(a.metrics[metric], b.metrics[metric]) for a, b in zip(rows, others, strict=True)])
    units = units_of([row.scene for row in rows])
    return compare_values(rng, values, units, pair=(net, scores.reference), alignment=alignment, metric=metric)


def compare_values(
    rng: np.random.Generator,
    values: np.ndarray,
    units: Units,
    *,
    pair: tuple[str, str],
    alignment: Alignment,
    metric: str = "abs_rel",
) -> Comparison:
    """One metric of two networks, `pair`, on the same images; `values` is (images, 2)."""
    draws = bootstrap_means(rng, values, units)
    low, high = central_interval(draws[:, 0] - draws[:, 1])
    mean, reference_mean = values.mean(axis=0)
    return Comparison(
        net=pair[0],
        reference=pair[1],
        alignment=alignment,
        metric=metric,
        difference=float(mean - reference_mean),
        interval=(low, high),
        relative=_relative(mean, reference_mean),
        relative_interval=_relative_interval(draws),
        resampled=units.unit,
        num_resampled=units.num,
        caution=units.caution(),
        verdict=_verdict(low, high, metric),
    )


# A reference without error, as in tests, has no relative loss: the smallest positive number stands in for its mean.
TINY = 1e-9


def _relative(mean: float, reference_mean: float) -> float:
    return float(mean / max(reference_mean, TINY) - 1.0)


def _relative_interval(draws: np.ndarray) -> Interval:
    return central_interval(draws[:, 0] / np.maximum(draws[:, 1], TINY) - 1.0)


def _verdict(low: float, high: float, metric: str) -> Verdict:
    if low <= 0.0 <= high:
        return "tie"
    return "better" if (low > 0.0) == (metric in HIGHER_IS_BETTER) else "worse"
