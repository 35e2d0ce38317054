"""Comparison: how well a choice covers the candidates, against random choices of the same size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from synth.coverage import KEPT_PER_CLUSTER, choose, cluster, nearest

NUM_RANDOM = 8
"""Random choices that a choice is compared with."""
HELD_OUT_EVERY = 5
"""Every fifth candidate is held out when it is measured how well unseen candidates are covered."""
BUDGETS = (0.1, 0.25, 0.5, 1.0)
"""Sizes of the curve over the budget, as shares of the number kept."""

MAX_MEASURED = 3000
"""Points whose distances are measured, evenly spread over all: more would take longer than the choice."""

Distances = Mapping[str, float]


def compare(points: np.ndarray, chosen: np.ndarray, *, seed: int, whole: np.ndarray | None = None) -> dict[str, Any]:
    """The figures of a choice of rows of (N,d) `points`.

    `candidates` measures the choice on what it was made from. `held_out` repeats the choice without every fifth
    candidate and measures on those; `whole` does so in the (N,D) vectors of which the points are a part, if there are
    any. `bound` is the gain of keeping every candidate: no choice from them reaches it.
    """
    rng = np.random.default_rng((seed, len(points), len(chosen)))
    is_held = np.arange(len(points)) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    seen, held = points[~is_held], points[is_held]
    num_keep = min(max(round(len(chosen) * len(seen) / len(points)), 1), len(seen))
    again = choose(seen, num_keep, seed=seed)
    figures: dict[str, Any] = {
        "num_candidates": len(points),
        "num_kept": len(chosen),
        "num_held_out": len(held),
        "num_random": NUM_RANDOM,
        "candidates": against_random(rng, points, points, chosen),
        "occupancy": _occupancy(rng, points, chosen, seed=seed),
    }
    if len(held) > 0:
        figures["held_out"] = against_random(rng, held, seen, again)
        figures["bound"] = _bound(held, seen, figures["held_out"]["random"]["mean"]["mean"])
        figures["budget"] = _budget_curve(rng, seen, held, num_keep, seed=seed)
        if whole is not None:
            figures["whole"] = against_random(rng, whole[is_held], whole[~is_held], again)
    return figures


def against_random(
    rng: np.random.Generator, measured: np.ndarray, points: np.ndarray, chosen: np.ndarray
) -> dict[str, Any]:
    """Distances of the `measured` points to the chosen rows of `points`, and to random rows (mean and deviation).

    `gain` is the share by which the mean distance of the choice is shorter than that of the random ones.
    """
    measured = _few(measured)
    ours = distances(measured, points[chosen])
    others = _random(rng, len(points), len(chosen), lambda rows: distances(measured, points[rows]))
    random_mean = others["mean"]["mean"]
    gain = 1.0 - ours["mean"] / random_mean if random_mean > 0.0 else 0.0
    return {"chosen": ours, "random": others, "gain": round(gain, 4)}


def distances(measured: np.ndarray, chosen_points: np.ndarray) -> dict[str, float]:
    """Mean, median, 95th percentile and largest (the coverage radius) distance to the nearest chosen point."""
    nearest_m = nearest(measured, chosen_points)[0]
    median, high = np.percentile(nearest_m, (50, 95))
    values = {"mean": nearest_m.mean(), "median": median, "percentile_95": high, "radius": nearest_m.max()}
    return {name: round(float(value), 6) for name, value in values.items()}


def _bound(held: np.ndarray, seen: np.ndarray, random_mean: float) -> float:
    """The gain of keeping all that was seen."""
    mean = distances(_few(held), seen)["mean"]
    return round(1.0 - mean / random_mean, 4) if random_mean > 0.0 else 0.0


def _few(measured: np.ndarray) -> np.ndarray:
    """At most MAX_MEASURED of the points."""
    return measured[:: -(-len(measured) // MAX_MEASURED)]


def _random(
    rng: np.random.Generator, num: int, num_keep: int, figures: Callable[[np.ndarray], Distances]
) -> dict[str, dict[str, float]]:
    """Mean and standard deviation of figures over random choices."""
    rows = [figures(rng.choice(num, num_keep, replace=False)) for _ in range(NUM_RANDOM)]
    return {
        name: {
            "mean": round(float(np.mean([row[name] for row in rows])), 6),
            "deviation": round(float(np.std([row[name] for row in rows], ddof=1)), 6),
        }
        for name in rows[0]
    }


def _occupancy(rng: np.random.Generator, points: np.ndarray, chosen: np.ndarray, *, seed: int) -> dict[str, Any]:
    """Share of the k-means clusters in which nothing was chosen, with as many clusters as a quarter of the choice."""
    owner = cluster(points, max(4 * len(chosen) // KEPT_PER_CLUSTER, 1), seed=seed)
    num_clusters = int(owner.max()) + 1

    def empty(rows: np.ndarray) -> dict[str, float]:
        return {"empty_share": 1.0 - len(np.unique(owner[rows])) / num_clusters}

    return {
        "num_clusters": num_clusters,
        "chosen": empty(chosen),
        "random": _random(rng, len(points), len(chosen), empty),
    }


def _budget_curve(
    rng: np.random.Generator, seen: np.ndarray, held: np.ndarray, num_keep: int, *, seed: int
) -> list[dict[str, Any]]:
    """Mean distance of the held-out candidates for smaller choices, ours and random ones."""
    sizes = sorted({max(round(share * num_keep), 1) for share in BUDGETS})
    return [{"num_kept": size, **against_random(rng, held, seen, choose(seen, size, seed=seed))} for size in sizes]
