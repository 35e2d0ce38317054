"""Diagrams: where the error lies, how it is distributed, and what accuracy costs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from eval.alignment import LABELS
from eval.breakdown import CURVE_STEP, Breakdown
from eval.contents import Contents
from eval.plot import Axis, Line, Point, colour, legend, line_plot, linear_axis, log_axis, scatter_plot
from eval.regions import REGIONS
from eval.table import Row

CURVE_ENDS = (0.1, 0.25, 0.5, 1.0)
DARKEST = 0.55
"""Opacity of the region with the largest error; more would swallow the number on it."""


def render_diagrams(contents: Contents) -> str:
    """The sections with diagrams, all under the primary alignment."""
    series = [(net, contents.scores.breakdowns[net, contents.primary]) for net in contents.scores.specs]
    label = LABELS[contents.primary]
    return (
        cost_section(contents.rows_of(contents.primary))
        + _curves(series, label)
        + _bands(series, label)
        + _regions(series, label)
    )


def cost_section(rows: Sequence[Row]) -> str:
    """Accuracy against time of the rows of one alignment whose cost is known."""
    points = [_place(row) for row in rows if row.cost is not None]
    if not points:
        return ""
    x = log_axis("milliseconds for one image (log scale)", [point.x for point in points])
    y = linear_axis(f"abs_rel, {LABELS[rows[0].alignment]}", max(point.interval[1] for point in points))
    plot = scatter_plot(points, x, y, label="Error of each network against its time for one image")
    return (
        f"<section><h2>Accuracy against cost</h2><p>Lower and further left is better. Bars are 95 % intervals over "
        f"{rows[0].resampled}.</p>{plot}</section>"
    )


def _place(row: Row) -> Point:
    assert row.cost is not None
    return Point(name=row.net, x=1e3 * row.cost.latency_s, y=row.metrics["abs_rel"], interval=row.intervals["abs_rel"])


def _curves(series: Sequence[tuple[str, Breakdown]], label: str) -> str:
    shares = {net: found.share_below() for net, found in series}
    end = next(
        (end for end in CURVE_ENDS if min(share[round(end / CURVE_STEP)] for share in shares.values()) > 0.9), 1.0
    )
    steps = round(end / CURVE_STEP)
    lines = [
        Line(name=net, points=tuple((number * CURVE_STEP, share[number]) for number in range(steps + 1)))
        for net, share in shares.items()
    ]
    x = linear_axis("relative error |p − g| / g", end)
    percents = tuple((percent / 100, f"{percent} %") for percent in (0, 25, 50, 75, 100))
    y = Axis(title="pixels below it", low=0.0, high=1.0, ticks=percents)
    plot = line_plot(lines, x, y, label="Share of pixels whose relative error is below a limit")
    return (
        f"<section><h2>How many pixels are how wrong</h2><p>Share of all scored pixels whose error is below the number "
        f"underneath, {label}. Higher is better.</p>{plot}</section>"
    )


def _bands(series: Sequence[tuple[str, Breakdown]], label: str) -> str:
    edges, counts = series[0][1].edges_m, series[0][1].num_pixels.sum(1).tolist()
    means = [found.by_band() for _, found in series]
    highest = max(value for mean in means for value in mean if value is not None)
    groups = []
    for index, count in enumerate(counts):
        bars = "".join(
            _bar(number, value, highest)
            for number, value in enumerate(mean[index] for mean in means)
            if value is not None
        )
        name = f"{edges[index]:g}–{edges[index + 1]:g} m"
        if bars:
            groups.append(f'<div class="band"><b>{name}<small>{count:,} px</small></b><div>{bars}</div></div>')
    return (
        f"<section><h2>Error by distance</h2><p>Mean of |p − g| / g over all pixels of a band of true depth, "
        f"{label}.</p>{legend([net for net, _ in series])}{''.join(groups)}</section>"
    )


def _bar(number: int, value: float, highest: float) -> str:
    width = 100.0 * value / highest if highest else 0.0
    return (
        f'<div class="bar"><i style="width:{width:.1f}%;background:{colour(number)}"></i><span>{value:.3f}</span></div>'
    )


def _regions(series: Sequence[tuple[str, Breakdown]], label: str) -> str:
    means = [(net, found.by_region()) for net, found in series]
    highest = max(value for _, mean in means for value in mean if value is not None)
    grids = "".join(_grid(net, mean, highest) for net, mean in means)
    return (
        f"<section><h2>Error by image region</h2><p>Mean of |p − g| / g over all pixels in each ninth of the scored "
        f"part of the image, {label}; darker is worse, a dash is a part without measurements.</p>"
        f'<div class="grids">{grids}</div></section>'
    )


def _grid(net: str, mean: Sequence[float | None], highest: float) -> str:
    cells = "".join(_cell(name, value, highest) for name, value in zip(REGIONS, mean, strict=True))
    return f'<figure><div class="regions">{cells}</div><figcaption>{escape(net)}</figcaption></figure>'


def _cell(name: str, value: float | None, highest: float) -> str:
    opacity = 0.0 if value is None or not highest else DARKEST * value / highest
    text = "–" if value is None else f"{value:.3f}"
    return f'<div style="background:rgba(0,114,178,{opacity:.2f})" title="{name}">{text}</div>'
