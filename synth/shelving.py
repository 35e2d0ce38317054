"""Shelving: open shelves of all sorts with what stands in them, from sideboards to shop aisles.

Pieces have their back at y = 0, reach to +y into the room, are centred on x and stand on z = 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.furniture import Piece, wood_rand
from synth.mesh import Material, Mesh, merged
from synth.paint import CLOTH_COLOURS, WALL_COLOURS, Paint
from synth.shapes import box, boxes
from synth.storage import books_rand

GOODS_COLOURS = (
    (0.8, 0.1, 0.08), (0.9, 0.6, 0.05), (0.1, 0.35, 0.7), (0.1, 0.5, 0.2), (0.9, 0.9, 0.9), (0.6, 0.1, 0.4),
    (0.05, 0.05, 0.06), (0.85, 0.75, 0.5),
)  # fmt: skip


def packets_rand(rng: np.random.Generator, paint: Paint, width_m: float, depth_m: float, room_m: float) -> Mesh:
    """A row of goods: runs of equal packets beside one another, some two deep or two high."""
    sizes, places, tints = [], [], []
    x = -width_m / 2
    while x < width_m / 2 - 0.06:
        wide, high = rng.uniform(0.05, 0.22), float(rng.uniform(0.35, 0.92)) * room_m
        deep, colour = rng.uniform(0.4, 0.95) * depth_m, np.array(GOODS_COLOURS[int(rng.integers(len(GOODS_COLOURS)))])
        for _ in range(int(rng.integers(1, 6))):
            if x + wide > width_m / 2 or rng.random() < 0.05:
                break
            sizes.append((wide * 0.95, deep, high))
            places.append((x + wide / 2, depth_m - deep / 2 - rng.uniform(0.0, 0.04), 0.0))
            tints.append(colour * rng.uniform(0.8, 1.2))
            x += wide
        x += rng.uniform(0.0, 0.05)
    face = paint.of("text", "picture", "plain", "stripes", tile_m=0.22, gloss=0.35)
    if not sizes:
        sizes, places, tints = [(0.05, 0.05, 0.05)], [(0.0, depth_m / 2, 0.0)], [np.ones(3)]
    return boxes(np.array(sizes), np.array(places), face, tints=np.array(tints))


def bins_rand(rng: np.random.Generator, paint: Paint, width_m: float, depth_m: float, room_m: float) -> Mesh:
    """Boxes and baskets of one kind beside one another."""
    count = max(int(width_m / rng.uniform(0.2, 0.45)), 1)
    keep = rng.random(count) < 0.85
    keep[0] = True
    x = ((np.arange(count) + 0.5) / count - 0.5)[keep] * width_m
    high = float(rng.uniform(0.4, 0.85)) * room_m
    sizes = np.tile((width_m / count * 0.92, depth_m * 0.9, high), (len(x), 1))
    material = paint.of(
        "plain", "fabric", "text", "wood", tint=paint.colour((*CLOTH_COLOURS, *WALL_COLOURS)), tile_m=0.5
    )
    tints = np.repeat(rng.uniform(0.75, 1.15, (len(x), 1)), 3, axis=1)
    return boxes(sizes, np.stack((x, np.full(len(x), depth_m / 2), np.zeros(len(x))), axis=1), material, tints=tints)


Filling = Callable[[np.random.Generator, Paint, float, float, float], Mesh]
FILLINGS: tuple[Filling, ...] = (books_rand, books_rand, packets_rand, bins_rand)


def shelves_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """Open shelves in a frame of posts, filled with anything."""
    width, depth, height = rng.uniform(0.6, 1.4), rng.uniform(0.28, 0.45), rng.uniform(0.9, 2.15)
    steel = paint.of("metal", "plain", "wood", tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)), gloss=0.4)
    levels = max(int(height / rng.uniform(0.32, 0.5)), 2)
    return _rack(rng, paint, (width, depth, height), levels, steel, FILLINGS)


def _rack(
    rng: np.random.Generator,
    paint: Paint,
    size_m: tuple[float, float, float],
    levels: int,
    frame: Material,
    fillings: tuple[Filling, ...],
) -> Piece:
    """Four posts, `levels` boards and their contents."""
    width, depth, height = size_m
    x, post = width / 2 - 0.02, 0.035
    posts = np.array([(sx * x, y, 0.0) for sx in (-1, 1) for y in (0.02, depth - 0.02)])
    parts = [boxes(np.tile((post, post, height), (4, 1)), posts, frame)]
    z = np.linspace(0.08, height - 0.03, levels + 1)
    boards = np.stack((0 * z, 0 * z + depth / 2, z), axis=1)
    parts.append(boxes(np.tile((width, depth, 0.025), (levels + 1, 1)), boards, frame))
    for low, high in zip(z[:-1], z[1:], strict=True):
        if rng.random() < 0.88:
            fill = fillings[int(rng.integers(len(fillings)))](rng, paint, width - 0.1, depth - 0.04, high - low - 0.03)
            parts.append(fill.moved((0.0, 0.02, low + 0.0255)))
    return Piece(merged(parts), size_m, ((-width / 2 + 0.1, width / 2 - 0.1, 0.05, depth - 0.05, height - 0.005),))


def pantry_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A cupboard without doors, with a back and cells."""
    width, depth, height, wood = rng.uniform(0.7, 1.8), rng.uniform(0.32, 0.42), rng.uniform(0.7, 2.0), wood_rand(paint)
    rows, columns = max(round(height / 0.38), 1), max(round(width / rng.uniform(0.35, 0.6)), 1)
    cell, rise, board = width / columns, height / rows, 0.022
    parts = [box((width, 0.012, height), wood, at_m=(0, 0.006, 0))]
    x = np.linspace(-width / 2 + board / 2, width / 2 - board / 2, columns + 1)
    parts.append(
        boxes(np.tile((board, depth, height), (columns + 1, 1)), np.stack((x, 0 * x + depth / 2, 0 * x), axis=1), wood)
    )
    z = np.linspace(0.0, height - board, rows + 1)
    parts.append(
        boxes(
            np.tile((width, depth - 0.004, board), (rows + 1, 1)), np.stack((0 * z, 0 * z + depth / 2, z), axis=1), wood
        )
    )
    for row in range(rows):
        for column in range(columns):
            if rng.random() < 0.75:
                fill = FILLINGS[int(rng.integers(len(FILLINGS)))](rng, paint, cell - 0.06, depth - 0.04, rise - 0.05)
                parts.append(fill.moved(((column + 0.5) * cell - width / 2, 0.015, row * rise + board)))
    return Piece(
        merged(parts), (width, depth, height), ((-width / 2 + 0.1, width / 2 - 0.1, 0.05, depth - 0.05, height),)
    )


def shop_shelf_rand(rng: np.random.Generator, paint: Paint, *, width_m: float | None = None) -> Piece:
    """One side of a shop's aisle: a back, boards with price strips, rows of goods."""
    width = float(rng.uniform(0.9, 2.4)) if width_m is None else width_m
    depth, height = rng.uniform(0.38, 0.5), rng.uniform(1.3, 2.05)
    steel = paint.of(
        "plain", "metal", tint=paint.colour(((0.85, 0.85, 0.82), (0.3, 0.3, 0.32), (0.7, 0.65, 0.55))), gloss=0.4
    )
    strip = paint.of("plain", "text", tint=paint.colour(GOODS_COLOURS), tile_m=0.3, gloss=0.3)
    parts = [
        box((width, 0.03, height), steel, at_m=(0, 0.015, 0)),
        box((width, depth, 0.14), steel, at_m=(0, depth / 2, 0)),
    ]
    z = np.linspace(0.14, height - 0.1, max(int(height / rng.uniform(0.32, 0.45)), 2) + 1)[:-1]
    for low, high in zip(z, [*z[1:], height + 0.1], strict=True):
        if low > 0.15:
            parts.append(box((width, depth - 0.03, 0.02), steel, at_m=(0, depth / 2, low - 0.02)))
            parts.append(box((width, 0.012, 0.045), strip, at_m=(0, depth, low - 0.045)))
        parts.append(packets_rand(rng, paint, width - 0.04, depth - 0.06, high - low - 0.06).moved((0, 0.03, low)))
    return Piece(merged(parts), (width, depth + 0.01, height))


def shop_island_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """Two shop shelves back to back."""
    width = float(rng.uniform(1.2, 2.8))
    sides = [shop_shelf_rand(rng, paint, width_m=width) for _ in range(2)]
    depth = sides[0].size_m[1]
    meshes = [sides[0].mesh.moved((0, depth, 0)), sides[1].mesh.moved((0, depth, 0), yaw_rad=np.pi)]
    low = float(meshes[1].bounds_m()[0][1])
    height = max(side.size_m[2] for side in sides)
    return Piece(merged(meshes).moved((0, -low, 0)), (width, depth - low + depth, height))


def clothes_rail_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """Clothes on hangers."""
    width, height = rng.uniform(0.8, 1.6), rng.uniform(1.3, 1.65)
    steel = paint.of("metal", "wood", tint=(0.6, 0.6, 0.6), gloss=0.7)
    parts = [box((width, 0.03, 0.03), steel, at_m=(0, 0.3, height))]
    for side in (-1, 1):
        parts.append(box((0.03, 0.03, height), steel, at_m=(side * width / 2, 0.3, 0)))
        parts.append(box((0.04, 0.5, 0.03), steel, at_m=(side * width / 2, 0.3, 0)))
    count = int(width / 0.07)
    x = (np.arange(count) + 0.5) * width / count - width / 2
    keep = rng.random(count) < 0.8
    keep[0] = True
    long = rng.uniform(0.55, 1.05, keep.sum())
    sizes = np.stack((np.full(keep.sum(), 0.045), rng.uniform(0.36, 0.5, keep.sum()), long), axis=1)
    places = np.stack((x[keep], np.full(keep.sum(), 0.3), height - 0.06 - long), axis=1)
    tints = np.array(CLOTH_COLOURS)[rng.integers(len(CLOTH_COLOURS), size=keep.sum())] * 1.4
    cloth = paint.of("fabric", "stripes", "plain", tile_m=0.4)
    parts.append(boxes(sizes, places, cloth, tints=tints, yaw_rad=rng.normal(0, 0.12, keep.sum())))
    return Piece(merged(parts), (width + 0.04, 0.58, height + 0.03))
