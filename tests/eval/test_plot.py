"""Small diagrams."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from eval.plot import HEIGHT_PX, WIDTH_PX, Line, Point, colour, dash, line_plot, linear_axis, log_axis, scatter_plot


@pytest.mark.parametrize("highest", [0.0, 1e-4, 0.07, 0.27, 1.0, 3.0, 41.0, 99.9])
def test_a_linear_axis_reaches_the_highest_value_with_few_round_ticks(highest: float) -> None:
    axis = linear_axis("y", highest)
    assert axis.high >= highest and axis.high <= max(2.0 * highest, 1e-5)
    assert 2 <= len(axis.ticks) <= 6
    assert all(float(text) == pytest.approx(value) for value, text in axis.ticks)


@pytest.mark.parametrize("values", [(3.0,), (2.0, 9.0), (0.01, 5000.0)])
def test_a_log_axis_has_ticks_inside_and_equal_ratios_are_equal_steps(values: tuple[float, ...]) -> None:
    axis = log_axis("x", values)
    assert 1 <= len(axis.ticks) <= 8
    assert all(axis.low <= value <= axis.high for value, _ in axis.ticks)
    low = axis.low
    assert axis.share(low * 1.2) - axis.share(low) == pytest.approx(axis.share(low * 1.44) - axis.share(low * 1.2))


def test_plots_are_well_formed_and_stay_inside_their_frame() -> None:
    x, y = linear_axis("x", 1.0), linear_axis("y", 1.0)
    lines = [Line(name=f"<{number}>", points=((0.0, 0.0), (0.5, 0.4), (2.0, 5.0))) for number in range(3)]
    points = [Point(name="a & b", x=0.5, y=0.4, interval=(0.3, 0.6))]
    for text in (line_plot(lines, x, y, label="<l>"), scatter_plot(points, x, y, label="l")):
        ElementTree.fromstring(text)  # raises where a name was not escaped
    places = re.findall(r"([-\d.]+),([-\d.]+)", re.findall('points="(.*?)"', line_plot(lines, x, y, label=""))[0])
    assert all(0 <= float(a) <= WIDTH_PX and 0 <= float(b) <= HEIGHT_PX for a, b in places)
    assert float(places[1][1]) < float(places[0][1])  # more is higher up


def test_networks_beyond_the_sixth_have_a_colour_and_pattern_of_their_own() -> None:
    assert len({(colour(number), dash(number)) for number in range(12)}) == 12
