"""Motorcycles: motorcycles and scooters with their riders, along +y, on z = 0."""

from __future__ import annotations

import numpy as np

from synth.mesh import Mesh, merged
from synth.paint import CAR_COLOURS, CLOTH_COLOURS, Paint
from synth.shapes import blob, box, cylinder, tube
from synth.vehicles import head_light, rear_light


def motorcycle_rand(rng: np.random.Generator, paint: Paint, *, is_lit: bool = False, has_rider: bool = True) -> Mesh:
    """A motorcycle or a scooter; parked ones have no rider."""
    base, radius = float(rng.uniform(1.25, 1.5)), float(rng.choice((0.24, 0.31)))
    lacquer = paint.of("plain", tint=paint.colour(CAR_COLOURS), gloss=0.7, variation=0.1)
    dark = paint.of("plain", tint=(0.03, 0.03, 0.03), gloss=0.2)
    steel = paint.of("metal", tint=(0.5, 0.5, 0.5), gloss=0.6)
    lying = np.array(((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0)))
    parts = []
    for y in (-base / 2, base / 2):
        parts.append(cylinder(radius, 0.13, dark, sections=14).turned(lying).moved((-0.065, y, radius)))
        parts.append(cylinder(0.55 * radius, 0.15, steel, sections=10).turned(lying).moved((-0.075, y, radius)))
    head = (0.0, 0.3 * base, 0.98)
    parts += [
        tube((side * 0.09, base / 2, radius), (side * 0.07, *head[1:]), 0.03, steel, sections=6) for side in (-1, 1)
    ]
    parts.append(tube((-0.36, head[1] - 0.08, 1.05), (0.36, head[1] - 0.08, 1.05), 0.02, dark, sections=6))
    parts.append(box((0.26, 0.6 * base, 0.36), dark, at_m=(0, 0, 0.3)))
    parts.append(blob((0.34, 0.6, 0.32), lacquer, at_m=(0, 0.12 * base, 0.78), squareness=0.4, subdivisions=1))
    parts.append(blob((0.3, 0.75, 0.16), dark, at_m=(0, -0.25 * base, 0.8), squareness=0.5, subdivisions=1))
    parts.append(box((0.24, 0.1, 0.2), lacquer, at_m=(0, 0.34 * base, 0.86)))
    parts.append(box((0.18, 0.05, 0.14), head_light(paint, is_bright=True, is_lit=is_lit), at_m=(0, 0.39 * base, 0.89)))
    parts.append(
        box((0.16, 0.06, 0.1), rear_light(paint, is_bright=False, is_lit=is_lit), at_m=(0, -0.62 * base, 0.76))
    )
    if has_rider:
        parts.extend(_rider(paint, base))
    return merged(parts)


def _rider(paint: Paint, base: float) -> list[Mesh]:
    cloth = paint.of("fabric", "plain", tint=paint.colour(CLOTH_COLOURS), tile_m=0.6, spread=0.4)
    helmet = paint.of("plain", tint=paint.colour(CAR_COLOURS), gloss=0.7)
    hip, chest = -0.2 * base, -0.06 * base
    parts = [blob((0.44, 0.32, 0.7), cloth, at_m=(0, chest, 1.2), squareness=0.4)]
    parts.append(blob((0.27, 0.3, 0.3), helmet, at_m=(0, chest + 0.1, 1.66)))
    for side in (-1, 1):
        knee = (0.24 * side, 0.1 * base, 0.72)
        parts.append(tube((0.12 * side, hip, 0.88), knee, 0.09, cloth))
        parts.append(tube(knee, (0.2 * side, -0.1 * base, 0.3), 0.07, cloth))
        parts.append(tube((0.2 * side, chest, 1.42), (0.33 * side, 0.24 * base, 1.05), 0.055, cloth, sections=6))
    return parts
