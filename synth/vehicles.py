"""Vehicles: cars and vans by a loft over side profiles. They point along +y, on z = 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.mesh import Material, Mesh, Vector, merged
from synth.paint import CAR_COLOURS, Paint
from synth.shapes import box, copies, loft, painted_boxes, tube

_GLASS = (0.02, 0.025, 0.03)


@dataclass(frozen=True, slots=True)
class Body:
    """Side profile of a car, as shares of its length and in metres."""

    length_m: tuple[float, float]
    width_m: tuple[float, float]
    height_m: tuple[float, float]
    stations: tuple[float, ...]
    """Where the profile is given, from the rear (0) to the front (1)."""
    roof: tuple[float, ...]
    """Height of the upper line at the stations, as a share of the height above the belt line (0 = belt)."""
    belt: tuple[float, ...]
    """Height of the belt line, as a share of the whole height."""


HATCHBACK = Body(
    (3.6, 4.3),
    (1.65, 1.8),
    (1.42, 1.56),
    (0, 0.04, 0.16, 0.55, 0.72, 0.97, 1),
    (0, 0.5, 1, 1, 0, 0, 0),
    (0.42, 0.62, 0.64, 0.62, 0.62, 0.48, 0.36),
)
SEDAN = Body(
    (4.3, 4.9),
    (1.72, 1.86),
    (1.4, 1.48),
    (0, 0.03, 0.15, 0.3, 0.56, 0.73, 0.97, 1),
    (0, 0, 0, 1, 1, 0, 0, 0),
    (0.45, 0.64, 0.66, 0.65, 0.63, 0.62, 0.48, 0.36),
)
ESTATE = Body(
    (4.3, 4.8),
    (1.72, 1.86),
    (1.44, 1.55),
    (0, 0.03, 0.1, 0.55, 0.72, 0.97, 1),
    (0, 0.6, 1, 1, 0, 0, 0),
    (0.42, 0.62, 0.64, 0.62, 0.61, 0.48, 0.36),
)
SUV = Body(
    (4.2, 4.8),
    (1.78, 1.95),
    (1.62, 1.82),
    (0, 0.03, 0.09, 0.56, 0.7, 0.97, 1),
    (0, 0.7, 1, 1, 0, 0, 0),
    (0.4, 0.6, 0.62, 0.61, 0.6, 0.54, 0.36),
)
VAN = Body(
    (4.6, 5.8),
    (1.85, 2.05),
    (1.85, 2.6),
    (0, 0.01, 0.04, 0.72, 0.86, 0.98, 1),
    (0, 0.7, 1, 1, 0.1, 0, 0),
    (0.3, 0.5, 0.52, 0.52, 0.5, 0.36, 0.25),
)
PICKUP = Body(
    (4.9, 5.5),
    (1.8, 1.98),
    (1.7, 1.86),
    (0, 0.01, 0.4, 0.42, 0.62, 0.74, 0.98, 1),
    (0, 0, 0, 1, 1, 0, 0, 0),
    (0.42, 0.56, 0.56, 0.6, 0.6, 0.58, 0.52, 0.36),
)
CARS: tuple[tuple[Body, float], ...] = (
    (HATCHBACK, 0.3), (SEDAN, 0.19), (ESTATE, 0.19), (SUV, 0.18), (VAN, 0.11), (PICKUP, 0.03),
)  # fmt: skip


def car_rand(rng: np.random.Generator, paint: Paint, *, is_lit: bool = False) -> Mesh:
    """A passenger car or a van; `is_lit` switches its lamps on."""
    body = CARS[int(rng.choice(len(CARS), p=[share for _, share in CARS]))][0]
    length, width, height = (float(rng.uniform(*span)) for span in (body.length_m, body.width_m, body.height_m))
    lacquer = paint.of("plain", tint=paint.colour(CAR_COLOURS), spread=0.1, gloss=0.75, variation=0.1)
    glass = paint.of("plain", tint=_GLASS, gloss=0.95, variation=0.0)
    trim = paint.of("plain", tint=(0.03, 0.03, 0.03), gloss=0.3)
    is_panel_van = body is VAN and rng.random() < 0.6
    parts = [_hull(body, length, width, height, lacquer, lacquer if is_panel_van else glass, glass)]
    clearance = 0.13 * height
    if paint.is_coarse:  # wheels and lamps are a pixel or two: a dark block from the ground up stands for them
        return merged([*parts, box((width * 0.9, length * 0.9, clearance + 0.09), trim)])
    parts.append(box((width * 0.9, length * 0.94, 0.12), trim, at_m=(0, 0, clearance - 0.03)))
    parts.extend(wheels(paint, length, width, 0.2 * height if height < 1.7 else 0.36))
    parts.append(_details(rng, paint, length, width, height, trim, is_lit))
    return merged(parts)


def _hull(
    body: Body, length: float, width: float, height: float, lacquer: Material, side: Material, front: Material
) -> Mesh:
    y = (np.asarray(body.stations) - 0.5) * length
    belt = np.asarray(body.belt) * height
    top = belt + np.maximum(np.asarray(body.roof) * (height - belt), 0.02)
    ends = np.minimum(np.minimum(np.asarray(body.stations), 1 - np.asarray(body.stations)) * 12.0, 1.0)
    half = width / 2.0 * (0.86 + 0.14 * ends)
    upper = half * (1.0 - 0.16 * np.asarray(body.roof) - 0.06)
    low = np.where(ends < 0.2, 0.2 * height, 0.13 * height)
    middle = 0.55 * low + 0.45 * belt
    across = np.stack((-half * 0.94, half * 0.94, half, half * 0.97, upper, -upper, -half * 0.97, -half), axis=1)
    lifts = np.stack((low, low, middle, belt, top, top, belt, middle), axis=1)
    rings = np.stack((across, np.broadcast_to(y[:, None], across.shape), lifts), axis=2)
    materials = []
    for r in range(len(y) - 1):
        cabin = max(body.roof[r], body.roof[r + 1]) > 0.3
        both = min(body.roof[r], body.roof[r + 1]) > 0.6
        slope = abs(body.roof[r] - body.roof[r + 1]) > 0.3
        window, roof = (side if cabin else lacquer), (front if slope else lacquer)
        materials.append(
            (
                lacquer,
                lacquer,
                lacquer,
                window if both or slope else lacquer,
                roof,
                window if both or slope else lacquer,
                lacquer,
                lacquer,
            )
        )
    return loft(rings[:, ::-1], [row[::-1][1:] + row[::-1][:1] for row in materials], lacquer, rounding=0.35)


def wheels(paint: Paint, length: float, width: float, radius: float) -> list[Mesh]:
    """Four wheels of a vehicle of this length and width."""
    rubber = paint.of("plain", tint=(0.02, 0.02, 0.02), gloss=0.1)
    rim = paint.of("metal", tint=(0.5, 0.5, 0.5), gloss=0.6, tile_m=0.5)
    x = width / 2 - 0.08
    places = np.array([(side * x, part * length, radius) for part in (-0.31, 0.31) for side in (-1, 1)])
    tyre = tube((-0.1, 0, 0), (0.1, 0, 0), radius, rubber, sections=14)
    disc = tube((-0.11, 0, 0), (0.11, 0, 0), radius * 0.62, rim, sections=10)
    return [copies(tyre, places), copies(disc, places)]


def rear_light(paint: Paint, *, is_bright: bool, is_lit: bool) -> Material:
    """Red glass; bright when somebody brakes, dim when the lamps are on."""
    return paint.of("plain", tint=(0.5, 0.01, 0.01), gloss=0.5, emission=0.6 * is_bright + 0.5 * is_lit)


def head_light(paint: Paint, *, is_bright: bool, is_lit: bool) -> Material:
    """White glass; bright by day for those who drive with their lamps on."""
    return paint.of("plain", tint=(0.8, 0.8, 0.8), gloss=0.8, emission=4.0 if is_lit else 0.5 * is_bright)


def _details(
    rng: np.random.Generator, paint: Paint, length: float, width: float, height: float, trim: Material, is_lit: bool
) -> Mesh:
    braking = rng.random() < 0.3
    red = rear_light(paint, is_bright=braking, is_lit=is_lit)
    lamp = head_light(paint, is_bright=bool(rng.random() < 0.5), is_lit=is_lit)
    plate = paint.of("text", tint=(0.9, 0.9, 0.85), tile_m=0.5)
    rear, front, side = -length / 2, length / 2, width / 2
    lamp_z = 0.48 * height
    mirrors_m = (0.3 if height > 1.84 else 0.17) * length
    rows: tuple[tuple[Material, Vector, Vector], ...] = (
        (red, (0.26, 0.1, 0.16), (-side + 0.24, rear + 0.03, lamp_z)),
        (red, (0.26, 0.1, 0.16), (side - 0.24, rear + 0.03, lamp_z)),
        (lamp, (0.34, 0.1, 0.14), (-side + 0.3, front - 0.03, 0.42 * height)),
        (lamp, (0.34, 0.1, 0.14), (side - 0.3, front - 0.03, 0.42 * height)),
        (plate, (0.52, 0.06, 0.11), (0, rear + 0.0, 0.34 * height)),
        (plate, (0.52, 0.06, 0.11), (0, front + 0.0, 0.26 * height)),
        (trim, (0.8, 0.08, 0.14), (0, front - 0.0, 0.36 * height)),
        (trim, (width * 0.9, 0.1, 0.14), (0, rear + 0.02, 0.16 * height)),
        (trim, (width + 0.3, 0.08, 0.11), (0, mirrors_m, 0.6 * height)),
    )
    return painted_boxes(rows)
