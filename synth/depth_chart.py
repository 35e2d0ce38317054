"""Depth chart: depths and fields of view of a set of samples beside the target of its domain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mde.files import atomic_file
from synth.figures import EDGES_M, Figures
from synth.target import Target

DEPTH = "depth.png"
BINS_PER_BAR = 4
"""Narrow bins of the figures that make one bar: 13 per cent wide."""
ORANGE, BLUE = "#d95f02", "#4878a8"


def write_depth_chart(figures: Figures, target: Target | None, title: str, path: Path) -> None:
    """Draw a PNG: histogram of depth, percentiles in their bands, fields of view."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    summary = figures.summary()
    left, middle, right = figure.subplots(1, 3, width_ratios=(2.2, 1.2, 1.2))
    _draw_histogram(left, figures)
    _draw_percentiles(middle, summary, target)
    _draw_fov(right, figures, target)
    valid = summary.get("valid_share", 0.0)
    figure.suptitle(f"{title}: {figures.num_records} images, {valid:.1%} of the pixels have a depth")
    with atomic_file(path) as stream:
        figure.savefig(stream, format="png", dpi=100, metadata={"Software": None})


def _draw_histogram(axes: Any, figures: Figures) -> None:
    counts = figures.depth_counts.reshape(-1, BINS_PER_BAR).sum(axis=1)
    edges = EDGES_M[::BINS_PER_BAR]
    share = counts / max(counts.sum(), 1) / np.log2(edges[1] / edges[0])
    axes.stairs(share, edges, fill=True, color=BLUE)
    axes.set(xscale="log", xlabel="depth in m", ylabel="share of pixels per doubling", title="depth")
    seen = np.flatnonzero(counts)
    if len(seen):
        axes.set_xlim(edges[seen[0]], edges[seen[-1] + 1])
    ticks = [tick for tick in (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200) if axes.get_xlim()[0] <= tick]
    ticks = [tick for tick in ticks if tick <= axes.get_xlim()[1]]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
    axes.minorticks_off()


def _draw_percentiles(axes: Any, summary: dict[str, Any], target: Target | None) -> None:
    measured = {int(share): depth_m for share, depth_m in summary.get("depth_percentiles_m", {}).items()}
    bands = {} if target is None else dict(target.depth_m)
    shares = sorted({*measured, *bands})
    for row, share in enumerate(shares):
        if share in bands:
            low, high = bands[share]
            axes.barh(row, high - low, left=low, height=0.7, color=ORANGE, alpha=0.45)
        if share in measured:
            axes.plot(measured[share], row, "o", color=BLUE)
            axes.annotate(f"{measured[share]:.3g}", (measured[share], row), (6, 4), textcoords="offset points")
    axes.set_yticks(range(len(shares)), [f"{share} %" for share in shares])
    axes.set(xscale="log", xlabel="depth in m", title="percentiles and target bands")
    axes.margins(x=0.2, y=0.08)


def _draw_fov(axes: Any, figures: Figures, target: Target | None) -> None:
    for number, (name, colour) in enumerate((("horizontal", BLUE), ("vertical", "#66a61e"))):
        counts = figures.fov_tenth_deg[name]
        axes.bar([tenths / 10 for tenths in counts], list(counts.values()), width=0.25, color=colour, label=name)
        if target is not None:
            axes.axvline(target.fov_deg[number], color=ORANGE, linestyle="--")
    axes.set(xlabel="field of view in degrees", ylabel="images", title="field of view, target dashed")
    axes.legend()
