"""Lorries: box lorries, tippers, tankers and trailers, buses and trams. They point along +y, on z = 0."""

from __future__ import annotations

import numpy as np

from synth.mesh import Material, Mesh, merged
from synth.paint import CAR_COLOURS, Paint
from synth.shapes import box, boxes, cylinder
from synth.vehicles import head_light, rear_light, wheels

_GLASS = (0.02, 0.025, 0.03)
_CARGO_COLOURS = (*CAR_COLOURS, (0.85, 0.85, 0.82), (0.7, 0.7, 0.72), (0.1, 0.25, 0.5), (0.6, 0.45, 0.05))
_FLEET_COLOURS = ((0.7, 0.05, 0.04), (0.75, 0.6, 0.08), (0.8, 0.8, 0.78), (0.05, 0.15, 0.4), (0.1, 0.35, 0.15))


def lorry_rand(rng: np.random.Generator, paint: Paint, *, is_lit: bool = False) -> Mesh:
    """A lorry with a box, a canvas, a tipper's tub or a tank, some of them with a long trailer."""
    is_long = rng.random() < 0.3
    length = float(rng.uniform(12.5, 16.0) if is_long else rng.uniform(6.0, 10.0))
    width, height = float(rng.uniform(2.3, 2.55)), float(rng.uniform(2.8, 3.8))
    trim = paint.of("plain", tint=(0.04, 0.04, 0.04))
    cab_m = float(rng.uniform(1.7, 2.2))
    parts = [_cab(paint, length, width, min(height - 0.2, 3.0), cab_m, is_lit), _axles(paint, length, width, is_long)]
    parts.append(box((width * 0.8, length * 0.96, 0.35), trim, at_m=(0, 0, 0.55)))
    parts.extend(_load(rng, paint, length - cab_m - 0.5, width, height, -(cab_m + 0.5) / 2))
    red = rear_light(paint, is_bright=bool(rng.random() < 0.3), is_lit=is_lit)
    lights = np.array([(side * (width / 2 - 0.3), -length / 2 + 0.02, 0.7) for side in (-1, 1)])
    parts.append(boxes(np.tile((0.32, 0.1, 0.16), (2, 1)), lights, red))
    parts.append(box((width * 0.95, 0.12, 0.14), trim, at_m=(0, -length / 2 + 0.06, 0.45)))
    return merged(parts)


def _cab(paint: Paint, length: float, width: float, height: float, cab_m: float, is_lit: bool) -> Mesh:
    lacquer = paint.of("plain", tint=paint.colour(CAR_COLOURS), gloss=0.6, variation=0.1)
    glass = paint.of("plain", tint=_GLASS, gloss=0.95, variation=0.0)
    front = length / 2
    lamps = np.array([(side * (width / 2 - 0.3), front - 0.02, 0.75) for side in (-1, 1)])
    return merged(
        [
            box((width * 0.96, cab_m, height - 0.45), lacquer, at_m=(0, front - cab_m / 2, 0.45)),
            box((width * 0.86, 0.1, 0.85), glass, at_m=(0, front - 0.02, 0.58 * height)),
            box((width * 0.98, 0.45 * cab_m, 0.65), glass, at_m=(0, front - 0.4 * cab_m, 0.6 * height)),
            box((width + 0.3, 0.12, 0.4), glass, at_m=(0, front - 0.15, 0.62 * height)),
            boxes(np.tile((0.4, 0.08, 0.2), (2, 1)), lamps, head_light(paint, is_bright=False, is_lit=is_lit)),
        ]
    )


def _axles(paint: Paint, length: float, width: float, is_long: bool) -> Mesh:
    four = merged(wheels(paint, length, width, 0.48))
    if not is_long:
        return four
    return merged([four, merged(wheels(paint, 1.75, width, 0.48)).moved((0, -0.31 * length + 0.6, 0))])


def _load(rng: np.random.Generator, paint: Paint, long: float, width: float, height: float, y: float) -> list[Mesh]:
    kind = rng.random()
    tint = paint.colour(_CARGO_COLOURS)
    if kind < 0.6:
        cargo = paint.of(
            "plain", "panels", "stripes", "picture", "text", "corrugated", tint=tint, tile_m=2.5, gloss=0.4
        )
        return [box((width, long, height - 0.85), cargo, at_m=(0, y, 0.85))]
    if kind < 0.8:
        steel = paint.of("metal", "plain", tint=tint, tile_m=2.0, gloss=0.3)
        heap = paint.of("soil", "stones", tile_m=1.5)
        low = [box((width, long, 0.12), steel, at_m=(0, y, 0.85))]
        low += [box((0.1, long, 1.1), steel, at_m=(side * (width / 2 - 0.05), y, 0.85)) for side in (-1, 1)]
        low += [box((width, 0.1, 1.1), steel, at_m=(0, y + side * (long / 2 - 0.05), 0.85)) for side in (-1, 1)]
        return [*low, box((width - 0.2, long - 0.2, float(rng.uniform(0.4, 1.2))), heap, at_m=(0, y, 0.9))]
    shell = paint.of("plain", tint=(0.6, 0.61, 0.63), gloss=0.75, metal=0.6)
    radius = min(width, height - 0.9) / 2
    lying = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)))
    return [cylinder(radius, long, shell, sections=16).turned(lying).moved((0, y - long / 2, 0.85 + radius))]


def bus_rand(rng: np.random.Generator, paint: Paint, *, is_lit: bool = False) -> Mesh:
    """A city bus or a coach; at night its windows glow."""
    length, width, height = float(rng.uniform(8.5, 13.0)), float(rng.uniform(2.4, 2.55)), float(rng.uniform(2.9, 3.6))
    lacquer = paint.of("plain", tint=paint.colour((*CAR_COLOURS, *_FLEET_COLOURS)), gloss=0.6, variation=0.1)
    parts = wheels(paint, length, width, 0.48)
    parts.append(_saloon(paint, (width, length, height), 0.35, lacquer, is_lit))
    parts.append(_ends(rng, paint, (width, length, height), is_lit))
    if rng.random() < 0.6:
        trim = paint.of("plain", tint=(0.6, 0.6, 0.58))
        parts.append(box((width * 0.7, length * 0.25, 0.28), trim, at_m=(0, -0.1 * length, height)))
    return merged(parts)


def tram_rand(rng: np.random.Generator, paint: Paint, *, is_lit: bool = False) -> Mesh:
    """A tram of two or three cars with bellows between them."""
    num, long = int(rng.integers(2, 4)), float(rng.uniform(7.0, 9.5))
    width, height = float(rng.uniform(2.3, 2.6)), float(rng.uniform(3.1, 3.5))
    lacquer = paint.of("plain", tint=paint.colour(_FLEET_COLOURS), gloss=0.6, variation=0.1)
    dark = paint.of("plain", tint=(0.03, 0.03, 0.03))
    total = num * long + (num - 1) * 0.6
    parts = [_ends(rng, paint, (width, total, height), is_lit)]
    for number in range(num):
        middle = (number + 0.5) * long + number * 0.6 - total / 2
        parts.append(_saloon(paint, (width, long, height), 0.22, lacquer, is_lit).moved((0, middle, 0)))
        parts.append(box((width * 0.8, long * 0.5, 0.24), dark, at_m=(0, middle, 0.0)))
        if number:
            parts.append(box((width * 0.9, 0.7, height - 0.5), dark, at_m=(0, middle - long / 2 - 0.3, 0.3)))
    steel = paint.of("metal", tint=(0.3, 0.3, 0.3))
    parts.append(box((1.4, 0.08, 0.05), steel, at_m=(0, 0, height + 0.9)))
    parts.append(box((0.06, 0.06, 0.9), steel, at_m=(0, 0, height)))
    return merged(parts)


def _saloon(paint: Paint, size_m: tuple[float, float, float], floor_m: float, lacquer: Material, is_lit: bool) -> Mesh:
    """A body with a band of windows between pillars."""
    width, length, height = size_m
    tint = (0.7, 0.62, 0.45) if is_lit else _GLASS
    glass = paint.of("plain", tint=tint, gloss=0.95, variation=0.0, emission=0.12 if is_lit else 0.0)
    count = max(int(length / 1.5), 2)
    pitch = 0.94 * length / count
    places = np.zeros((count, 3))
    places[:, 1] = (np.arange(count) + 0.5) * pitch - 0.47 * length
    places[:, 2] = 0.42 * height
    panes = boxes(np.tile((width + 0.04, pitch - 0.12, 0.34 * height), (count, 1)), places, glass)
    return merged([box((width, length, height - floor_m), lacquer, at_m=(0, 0, floor_m)), panes])


def _ends(rng: np.random.Generator, paint: Paint, size_m: tuple[float, float, float], is_lit: bool) -> Mesh:
    """Front and rear windows, lamps and a destination board."""
    width, length, height = size_m
    glass = paint.of("plain", tint=_GLASS, gloss=0.95, variation=0.0)
    board = paint.of("text", tint=(0.9, 0.6, 0.1), tile_m=0.9, emission=0.3)
    red = rear_light(paint, is_bright=bool(rng.random() < 0.3), is_lit=is_lit)
    white = head_light(paint, is_bright=bool(rng.random() < 0.5), is_lit=is_lit)
    front = length / 2
    corners = np.array([(side * (width / 2 - 0.3), 0.0, 0.6) for side in (-1, 1)])
    size = np.tile((0.34, 0.08, 0.18), (2, 1))
    return merged(
        [
            box((width * 0.9, 0.08, 0.42 * height), glass, at_m=(0, front, 0.4 * height)),
            box((width * 0.86, 0.08, 0.3 * height), glass, at_m=(0, -front, 0.5 * height)),
            box((width * 0.6, 0.08, 0.28), board, at_m=(0, front, 0.85 * height)),
            boxes(size, corners + (0.0, front, 0.0), white),
            boxes(size, corners - (0.0, front, 0.0), red),
        ]
    )
