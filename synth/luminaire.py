"""Luminaire: what hangs from ceilings and shines.

Each maker answers its mesh and how far below the ceiling it shines.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.floor_plan import Room
from synth.mesh import Material, Mesh, merged
from synth.paint import CLOTH_COLOURS, LIGHT_COLOURS, Paint
from synth.shapes import blob, box, boxes, cylinder, tube

LuminaireMaker = Callable[[np.random.Generator, Paint, Room, tuple[float, float]], tuple[Mesh, float]]
GAP_M = 0.001
"""Between ceiling and fitting: surfaces in one plane would flicker."""


def _glow(paint: Paint) -> Material:
    return paint.of("plain", tint=(1.0, 0.95, 0.85), emission=float(paint.rng.uniform(0.5, 1.3)), variation=0.0)


def disc_rand(rng: np.random.Generator, paint: Paint, room: Room, at_m: tuple[float, float]) -> tuple[Mesh, float]:
    """A flat lamp under the ceiling."""
    top = room.headroom_m(at_m[0]) - GAP_M
    shape = cylinder(float(rng.uniform(0.1, 0.25)), 0.07, _glow(paint), sections=18)
    return shape.moved((*at_m, top - 0.07)), 0.07


def pendant_rand(rng: np.random.Generator, paint: Paint, room: Room, at_m: tuple[float, float]) -> tuple[Mesh, float]:
    """A ball or a shade on a cord."""
    top, drop = room.headroom_m(at_m[0]) - GAP_M, float(rng.uniform(0.2, 0.6))
    cord, size = paint.of("plain", tint=(0.1, 0.1, 0.1)), float(rng.uniform(0.2, 0.5))
    tint = paint.colour((*LIGHT_COLOURS, *CLOTH_COLOURS))
    shade = paint.of("fabric", "plain", "metal", tint=tint, tile_m=0.4, emission=float(rng.choice((0.0, 0.4))))
    if rng.random() < 0.4:
        body = blob((size, size, size), _glow(paint), at_m=(0, 0, -drop - size / 2))
    else:
        body = cylinder(
            size / 2, 0.6 * size, shade, at_m=(0, 0, -drop - 0.6 * size), top=float(rng.uniform(0.3, 1.0)), sections=20
        )
    return merged([box((0.012, 0.012, drop), cord, at_m=(0, 0, -drop)), body]).moved((*at_m, top)), drop + 0.3


def tubes_rand(rng: np.random.Generator, paint: Paint, room: Room, at_m: tuple[float, float]) -> tuple[Mesh, float]:
    """Long lamps in rows, as in offices; only those that have room."""
    glow, along_x = _glow(paint), bool(rng.random() < 0.5)
    long, wide = (1.2, 0.2) if rng.random() < 0.6 else (0.58, 0.58)
    size = (long, wide) if along_x else (wide, long)
    pitch = rng.uniform(1.7, 2.6)
    places = [
        (x, y, room.height_m - 0.06 - GAP_M)
        for x in np.arange(at_m[0] % pitch, room.width_m - 0.7, pitch)
        for y in np.arange(at_m[1] % pitch, room.depth_m - 0.7, pitch)
        if room.is_free(x, y, 0.65) and min(room.headroom_m(x - 0.65), room.headroom_m(x + 0.65)) == room.height_m
    ]
    if not places:
        return disc_rand(rng, paint, room, at_m)
    return boxes(np.tile((*size, 0.06), (len(places), 1)), np.array(places), glow), 0.1


def spots_rand(rng: np.random.Generator, paint: Paint, room: Room, at_m: tuple[float, float]) -> tuple[Mesh, float]:
    """A rail with small lamps that look down askew."""
    top, count = room.headroom_m(at_m[0]) - GAP_M, int(rng.integers(2, 5))
    metal, glow = paint.of("metal", "plain", tint=(0.5, 0.5, 0.5), spread=0.5, gloss=0.6), _glow(paint)
    parts = [box((0.04, 0.25 * count, 0.03), metal, at_m=(0, 0, -0.03))]
    for y in (np.arange(count) - (count - 1) / 2) * 0.24:
        tip = np.array((rng.normal(0, 0.06), y + rng.normal(0, 0.06), -0.17))
        start = np.array((0.0, y, -0.03))
        parts.append(tube(start, tip, 0.035, metal))
        parts.append(blob((0.06, 0.06, 0.03), glow, at_m=tip, subdivisions=1))
    return merged(parts).moved((*at_m, top)), 0.2


def fan_rand(rng: np.random.Generator, paint: Paint, room: Room, at_m: tuple[float, float]) -> tuple[Mesh, float]:
    """A fan with a lamp below."""
    top, count = room.headroom_m(at_m[0]) - GAP_M, int(rng.integers(3, 6))
    wood = paint.of("wood", "plain", tint=paint.colour(LIGHT_COLOURS), spread=0.4)
    angles = np.arange(count) * 2 * np.pi / count + rng.uniform(0, 1)
    reach = min(0.32, 0.45 * at_m[0], 0.45 * (room.width_m - at_m[0]))
    places = np.stack((reach * np.cos(angles), reach * np.sin(angles), np.full(count, -0.24)), axis=1)
    blades = boxes(np.tile((2 * reach - 0.1, 0.12, 0.012), (count, 1)), places, wood, yaw_rad=angles)
    parts = [blades, cylinder(0.09, 0.1, wood, at_m=(0, 0, -0.28)), cylinder(0.02, 0.2, wood, at_m=(0, 0, -0.2))]
    parts.append(cylinder(0.1, 0.08, _glow(paint), at_m=(0, 0, -0.37)))
    return merged(parts).moved((*at_m, top)), 0.4


def chandelier_rand(
    rng: np.random.Generator, paint: Paint, room: Room, at_m: tuple[float, float]
) -> tuple[Mesh, float]:
    """Arms with small shades around a rod."""
    top, count, drop = room.headroom_m(at_m[0]) - GAP_M, int(rng.integers(3, 7)), float(rng.uniform(0.25, 0.45))
    metal, glow = (
        paint.of("metal", "plain", tint=paint.colour(((0.6, 0.45, 0.2), (0.1, 0.1, 0.1), (0.7, 0.7, 0.7))), gloss=0.6),
        _glow(paint),
    )
    parts = [box((0.02, 0.02, drop), metal, at_m=(0, 0, -drop))]
    for angle in np.arange(count) * 2 * np.pi / count:
        tip = np.array((0.26 * np.cos(angle), 0.26 * np.sin(angle), -drop + 0.06))
        parts.append(tube((0.0, 0.0, -drop + 0.02), tip, 0.012, metal, sections=5))
        parts.append(cylinder(0.06, 0.1, glow, at_m=tip, top=0.6))
    return merged(parts).moved((*at_m, top)), drop


LUMINAIRES: tuple[LuminaireMaker, ...] = (
    disc_rand, disc_rand, pendant_rand, pendant_rand, tubes_rand, tubes_rand, spots_rand, fan_rand, chandelier_rand,
)  # fmt: skip
