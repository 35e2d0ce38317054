"""Coverage plots: candidates in a plane, and distance over budget, as PNG files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

KEPT, DROPPED, CHANCE = "#0072b2", "#b9c0c8", "#b35900"
MAX_DOTS = 6000
"""More dots than this hide each other."""


def plot_plane(descriptors: np.ndarray, is_kept: np.ndarray) -> bytes:
    """(N,4) descriptors by their first two numbers in natural units, the kept ones on top."""
    figure, axes = _figure()
    depth_m, num_things = np.exp(descriptors[:, 0]), np.expm1(descriptors[:, 1])
    for wanted, colour, label, size in ((~is_kept, DROPPED, "dropped", 22), (is_kept, KEPT, "kept", 5)):
        rows = np.flatnonzero(wanted)
        rows = rows[:: max(len(rows) // MAX_DOTS, 1)]
        axes.scatter(
            depth_m[rows], num_things[rows], s=size, c=colour, label=f"{label} ({int(wanted.sum())})", linewidths=0
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.set_xlabel("scale: median depth in m")
    axes.set_ylabel("clutter: instances in view")
    axes.legend(frameon=False, fontsize=9)
    return _png(figure)


def plot_budget(curve: Sequence[dict[str, Any]]) -> bytes:
    """Mean distance of held-out candidates to the nearest kept one, for several numbers kept."""
    figure, axes = _figure()
    sizes = [row["num_kept"] for row in curve]
    random = [row["random"]["mean"] for row in curve]
    means = np.array([value["mean"] for value in random])
    spread = np.array([value["deviation"] for value in random])
    axes.plot(sizes, [row["chosen"]["mean"] for row in curve], "o-", color=KEPT, label="chosen")
    axes.plot(sizes, means, "s--", color=CHANCE, label="random, with deviation")
    axes.fill_between(sizes, means - spread, means + spread, color=CHANCE, alpha=0.2, linewidth=0)
    axes.set_xlabel("candidates kept")
    axes.set_ylabel("mean distance of held-out candidates")
    axes.set_ylim(bottom=0.0)
    axes.legend(frameon=False, fontsize=9)
    return _png(figure)


def _figure() -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # takes a second; only who plots pays

    figure = Figure(figsize=(6.0, 4.6), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Any) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    return stream.getvalue()
