"""Plot: small diagrams as SVG inside the page, drawn at the width of a phone so that their letters stay readable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Told apart by colour-blind readers (Okabe and Ito, 2008)."""
DASHES = ("", "7 3", "2 3", "10 3 2 3")
"""Lines beyond the sixth have another pattern; so do all on paper without colour."""
WIDTH_PX, HEIGHT_PX = 360, 240
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 56, 14, 14, 40


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Numbers along one side of a diagram."""

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    is_log: bool = False

    def share(self, value: float) -> float:
        """Place between the ends, from 0 to 1, clamped."""
        if self.is_log:
            place = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            place = (value - self.low) / (self.high - self.low)
        return min(max(place, 0.0), 1.0)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One network's line."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One network's place, with an interval in y."""

    name: str
    x: float
    y: float
    interval: tuple[float, float]


def colour(number: int) -> str:
    """Of the network with this number."""
    return COLOURS[number % len(COLOURS)]


def dash(number: int) -> str:
    """Pattern of the line of the network with this number."""
    return DASHES[(number + number // len(COLOURS)) % len(DASHES)]


def legend(names: Sequence[str]) -> str:
    """Which line or bar is whose."""
    items = "".join(
        f'<span><svg class="key" viewBox="0 0 30 10" aria-hidden="true"><line x1="0" y1="5" x2="30" y2="5" '
        f'stroke="{colour(number)}" stroke-width="5" stroke-dasharray="{dash(number)}"/></svg>{escape(name)}</span>'
        for number, name in enumerate(names)
    )
    return f'<p class="legend">{items}</p>'


def line_plot(lines: Sequence[Line], x: Axis, y: Axis, *, label: str) -> str:
    """Lines over common axes, with a legend; `label` says to a screen reader what is seen."""
    drawn = "".join(
        f'<polyline fill="none" stroke="{colour(number)}" stroke-width="2" stroke-dasharray="{dash(number)}" '
        f'points="{" ".join(f"{_x(x, a):.1f},{_y(y, b):.1f}" for a, b in line.points)}"/>'
        for number, line in enumerate(lines)
    )
    return f"<figure>{_svg(x, y, drawn, label)}{legend([line.name for line in lines])}</figure>"


def scatter_plot(points: Sequence[Point], x: Axis, y: Axis, *, label: str) -> str:
    """Points with vertical intervals, with a legend."""
    drawn = "".join(_point(number, point, x, y) for number, point in enumerate(points))
    return f"<figure>{_svg(x, y, drawn, label)}{legend([point.name for point in points])}</figure>"


def _point(number: int, point: Point, x: Axis, y: Axis) -> str:
    place, (low, high) = _x(x, point.x), point.interval
    return (
        f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{_y(y, low):.1f}" y2="{_y(y, high):.1f}" '
        f'stroke="{colour(number)}" stroke-width="2"/>'
        f'<circle cx="{place:.1f}" cy="{_y(y, point.y):.1f}" r="5" fill="{colour(number)}">'
        f"<title>{escape(point.name)}: {point.y:.3f} at {point.x:.3g}</title></circle>"
    )


def _svg(x: Axis, y: Axis, drawn: str, label: str) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" role="img" aria-label="{escape(label)}">'
        f"{_x_axis(x)}{_y_axis(y)}{drawn}</svg>"
    )


def _x_axis(axis: Axis) -> str:
    bottom = HEIGHT_PX - BOTTOM_PX
    ticks = "".join(
        f'<line class="grid" x1="{_x(axis, value):.1f}" x2="{_x(axis, value):.1f}" y1="{TOP_PX}" y2="{bottom}"/>'
        f'<text x="{_x(axis, value):.1f}" y="{bottom + 15}" text-anchor="middle">{escape(text)}</text>'
        for value, text in axis.ticks
    )
    middle = (LEFT_PX + WIDTH_PX - RIGHT_PX) / 2
    return f'{ticks}<text x="{middle}" y="{HEIGHT_PX - 8}" text-anchor="middle">{escape(axis.title)}</text>'


def _y_axis(axis: Axis) -> str:
    right = WIDTH_PX - RIGHT_PX
    ticks = "".join(
        f'<line class="grid" x1="{LEFT_PX}" x2="{right}" y1="{_y(axis, value):.1f}" y2="{_y(axis, value):.1f}"/>'
        f'<text x="{LEFT_PX - 5}" y="{_y(axis, value) + 4:.1f}" text-anchor="end">{escape(text)}</text>'
        for value, text in axis.ticks
    )
    middle = (TOP_PX + HEIGHT_PX - BOTTOM_PX) / 2
    title = f'<text transform="translate(11 {middle}) rotate(-90)" text-anchor="middle">{escape(axis.title)}</text>'
    return ticks + title


def _x(axis: Axis, value: float) -> float:
    return LEFT_PX + axis.share(value) * (WIDTH_PX - LEFT_PX - RIGHT_PX)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT_PX - BOTTOM_PX - axis.share(value) * (HEIGHT_PX - TOP_PX - BOTTOM_PX)


def linear_axis(title: str, highest: float) -> Axis:
    """From 0 to a round number at or above the highest value, with four or five ticks.

    >>> [text for _, text in linear_axis("abs_rel", 0.27).ticks]
    ['0', '0.1', '0.2', '0.3']
    """
    step = _round_step(max(highest, 1e-6) / 4)
    count = max(1, math.ceil(highest / step - 1e-9))
    ticks = tuple((step * number, f"{step * number:.3g}") for number in range(count + 1))
    return Axis(title=title, low=0.0, high=step * count, ticks=ticks)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= least * (1 - 1e-9))


def log_axis(title: str, values: Sequence[float]) -> Axis:
    """Around positive values, with as many round ticks as there is room for."""
    low, high = min(values) / 1.5, max(values) * 1.5
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 5), (1,)):
        ticks = [factor * 10.0**power for power in powers for factor in factors]
        inside = [value for value in ticks if low <= value <= high]
        if len(inside) <= 6:
            break
    return Axis(title=title, low=low, high=high, ticks=tuple((value, f"{value:g}") for value in inside), is_log=True)
