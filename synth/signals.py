"""Signals: traffic signs, traffic lights and the gantries that carry them, facing -y, on z = 0."""

from __future__ import annotations

import numpy as np

from synth.mesh import Mesh, merged
from synth.paint import Paint
from synth.shapes import box, cylinder, tube

_FACING = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)))
"""Turns what lies along z so that its upper end looks along -y."""
_LAMPS = ((0.9, 0.05, 0.02), (0.9, 0.5, 0.02), (0.05, 0.8, 0.2))
_PLATES = ((0.9, 0.9, 0.9), (0.1, 0.2, 0.7), (0.9, 0.75, 0.1), (0.05, 0.35, 0.15))


def traffic_light_rand(rng: np.random.Generator, paint: Paint, *, reach_m: float = 0.0) -> Mesh:
    """A traffic light; with an arm of `reach_m` along -x a second head hangs over the road."""
    steel = paint.of("metal", "plain", tint=(0.4, 0.42, 0.4), gloss=0.4)
    lit = int(rng.integers(3))
    height = 6.0 if reach_m > 0.0 else float(rng.uniform(2.2, 2.9))
    parts = [cylinder(0.07, height, steel, sections=8), _head(paint, lit).moved((0, -0.05, 2.2))]
    if reach_m > 0.0:
        parts.append(tube((0, 0, 5.9), (-reach_m, 0, 5.9), 0.06, steel, sections=6))
        parts.append(_head(paint, lit).moved((-reach_m, -0.05, 5.3)))
    return merged(parts)


def _head(paint: Paint, lit: int) -> Mesh:
    shell = paint.of("plain", tint=(0.05, 0.05, 0.05), gloss=0.3)
    parts = [box((0.32, 0.25, 0.9), shell, at_m=(0, -0.1, 0))]
    for number, colour in enumerate(_LAMPS):
        lamp = paint.of("plain", tint=colour, emission=0.8 if number == lit else 0.0, spread=0.1)
        parts.append(cylinder(0.09, 0.06, lamp, sections=10).turned(_FACING).moved((0, -0.22, 0.73 - 0.27 * number)))
    return merged(parts)


def sign_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A traffic sign: a disc, a triangle or a plate, some with a smaller plate below."""
    steel = paint.of("metal", tint=(0.55, 0.55, 0.55), gloss=0.4)
    height = float(rng.uniform(2.2, 3.0))
    parts = [cylinder(0.035, height, steel, sections=8)]
    if rng.random() < 0.55:
        rim = paint.of("plain", tint=paint.colour(((0.7, 0.03, 0.03), (0.05, 0.15, 0.6), (0.8, 0.8, 0.8))), gloss=0.4)
        sections = int(rng.choice((3, 8, 20)))
        parts.append(cylinder(0.35, 0.03, rim, sections=sections).turned(_FACING).moved((0, -0.05, height - 0.3)))
        face = paint.of("plain", "text", tint=(0.9, 0.9, 0.9), tile_m=0.8)
        parts.append(cylinder(0.26, 0.05, face, sections=sections).turned(_FACING).moved((0, -0.06, height - 0.3)))
        if rng.random() < 0.3:
            parts.append(box((0.5, 0.03, 0.25), paint.of("text", tile_m=0.6), at_m=(0, -0.05, height - 0.95)))
    else:
        plate = paint.of("text", "plain", tint=paint.colour(_PLATES), tile_m=1.0)
        parts.append(box((rng.uniform(0.4, 1.4), 0.04, rng.uniform(0.3, 0.8)), plate, at_m=(0, -0.05, height - 0.6)))
    return merged(parts)


def gantry_rand(rng: np.random.Generator, paint: Paint, *, left_m: float, right_m: float) -> Mesh:
    """A beam over the road with large signs, on posts at x = `left_m` and x = `right_m`."""
    steel = paint.of("metal", tint=(0.5, 0.52, 0.53), gloss=0.4)
    height, width = float(rng.uniform(5.6, 6.6)), right_m - left_m
    parts = [box((0.35, 0.35, height + 0.5), steel, at_m=(x, 0, 0)) for x in (left_m, right_m)]
    parts += [box((width, 0.18, 0.18), steel, at_m=(left_m + width / 2, 0, height + lift)) for lift in (0.0, 0.9)]
    count = max(int(width / 5.0), 1)
    for number in range(count):
        if rng.random() < 0.7:
            plate = paint.of("text", tint=paint.colour(_PLATES[1:]), tile_m=2.0, gloss=0.3)
            size = (min(float(rng.uniform(2.2, 4.2)), 0.95 * width / count), 0.1, float(rng.uniform(1.4, 2.6)))
            parts.append(box(size, plate, at_m=(left_m + (number + 0.5) * width / count, -0.2, height - 0.3)))
    return merged(parts)
