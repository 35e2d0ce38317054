"""Furniture: what all pieces have in common, tables and desks.

Pieces have their back at y = 0, reach to +y into the room, are centred on x and stand on z = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from synth.mesh import Material, Mesh, merged
from synth.paint import CLOTH_COLOURS, WALL_COLOURS, Paint
from synth.shapes import box, boxes, cylinder


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of furniture and where things can be put on it."""

    mesh: Mesh
    size_m: tuple[float, float, float]
    """Width along the wall, depth into the room, height."""
    tops: tuple[tuple[float, float, float, float, float], ...] = ()
    """Free surfaces: x from, x to, y from, y to, z."""
    seats: tuple[tuple[float, float, float], ...] = ()
    """Where somebody can sit: x and y of the hips, height of the seat."""
    wants_chair: bool = False
    """Whether people sit before it."""


def fitted(piece: Piece) -> Piece:
    """The piece with its true size; what cushions and leaves add behind is brought before y = 0."""
    low, high = piece.mesh.bounds_m()
    back_m = max(float(-low[1]), 0.0)
    size_m = 2 * float(max(-low[0], high[0])), float(high[1]) + back_m, float(high[2])
    tops = tuple((x0, x1, y0 + back_m, y1 + back_m, z) for x0, x1, y0, y1, z in piece.tops)
    seats = tuple((x, y + back_m, z) for x, y, z in piece.seats)
    return Piece(piece.mesh.moved((0.0, back_m, 0.0)), size_m, tops, seats, piece.wants_chair)


PieceMaker = Callable[[np.random.Generator, Paint], Piece]
WOODS = ((0.9, 0.85, 0.8), (0.5, 0.4, 0.35), (0.25, 0.2, 0.17), (1.2, 1.15, 1.05), (0.8, 0.6, 0.45))


def wood_rand(paint: Paint) -> Material:
    """Wood, or something painted."""
    if paint.rng.random() < 0.3:
        return paint.of("plain", tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)), tile_m=1.0, gloss=0.35)
    return paint.of(
        "wood", tint=paint.colour(WOODS), tile_m=(0.7, 1.6), spread=0.25, gloss=float(paint.rng.uniform(0.1, 0.5))
    )


def cloth_rand(paint: Paint) -> Material:
    """Something woven or knotted."""
    families = ("fabric", "fabric", "carpet", "stripes", "checker", "dots", "plain")
    return paint.of(
        *families, tint=paint.colour((*CLOTH_COLOURS, *WALL_COLOURS)), tile_m=(0.35, 1.0), spread=0.35, gloss=0.05
    )


def settled(mesh: Mesh) -> Mesh:
    """The mesh with what would be below the floor laid flat upon it, as soft things do."""
    floor = np.array((-np.inf, -np.inf, 0.001), dtype=np.float32)
    return replace(mesh, positions_m=np.maximum(mesh.positions_m, floor))


def table_rand(rng: np.random.Generator, paint: Paint, *, low: bool = False) -> Piece:
    """A table with four legs, side panels or one foot."""
    width, depth = rng.uniform(0.7, 1.7), rng.uniform(0.5, 0.95)
    height = rng.uniform(0.35, 0.5) if low else rng.uniform(0.68, 0.78)
    wood, thick = wood_rand(paint), rng.uniform(0.02, 0.05)
    parts = [box((width, depth, thick), wood, at_m=(0, depth / 2, height - thick))]
    style, legs = rng.random(), (wood_rand(paint) if rng.random() < 0.3 else wood)
    if style < 0.65:
        girth = rng.uniform(0.03, 0.08)
        places = np.array(
            [(sx * (width / 2 - girth), depth / 2 + sy * (depth / 2 - girth), 0.0) for sx in (-1, 1) for sy in (-1, 1)]
        )
        parts.append(boxes(np.tile((girth, girth, height - thick), (4, 1)), places, legs))
        if rng.random() < 0.5:
            parts.append(
                box((width - 2 * girth, depth - 2 * girth, 0.08), legs, at_m=(0, depth / 2, height - thick - 0.08))
            )
    elif style < 0.85:
        for side in (-1, 1):
            parts.append(
                box((0.03, depth * 0.92, height - thick), legs, at_m=(side * (width / 2 - 0.04), depth / 2, 0))
            )
    else:
        parts.append(cylinder(0.05, height - thick, legs, at_m=(0, depth / 2, 0)))
        parts.append(cylinder(0.3, 0.04, legs, at_m=(0, depth / 2, 0)))
    top = (-width / 2 + 0.08, width / 2 - 0.08, 0.08, depth - 0.08, height)
    return Piece(merged(parts), (width, depth, height), (top,), wants_chair=not low)


def low_table_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A coffee table."""
    return table_rand(rng, paint, low=True)


def round_table_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A round table on one foot."""
    radius, height, wood = rng.uniform(0.35, 0.65), rng.uniform(0.6, 0.76), wood_rand(paint)
    parts = [
        cylinder(radius, 0.035, wood, at_m=(0, radius, height - 0.035), sections=28),
        cylinder(0.05, height - 0.035, wood, at_m=(0, radius, 0)),
        cylinder(radius * 0.6, 0.03, wood, at_m=(0, radius, 0), sections=20),
    ]
    reach = radius * 0.6
    return Piece(
        merged(parts), (2 * radius, 2 * radius, height), ((-reach, reach, radius - reach, radius + reach, height),)
    )
