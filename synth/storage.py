"""Storage: cabinets, shelves, kitchen units.

Pieces have their back at y = 0, reach to +y into the room, are centred on x and stand on z = 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.furniture import WOODS, Piece, table_rand, wood_rand
from synth.mesh import Mesh, merged
from synth.paint import CLOTH_COLOURS, WALL_COLOURS, Paint
from synth.shapes import box, boxes, tube


def cabinet_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A chest, dresser or wardrobe with fronts, gaps and handles."""
    width, depth = rng.uniform(0.4, 1.5), rng.uniform(0.35, 0.6)
    height = float(
        rng.choice((rng.uniform(0.45, 0.7), rng.uniform(0.75, 1.2), rng.uniform(1.7, 2.1)), p=(0.3, 0.45, 0.25))
    )
    rows, columns = max(1, round(height / rng.uniform(0.22, 0.5))), max(1, round(width / rng.uniform(0.4, 0.6)))
    if height > 1.5:
        rows = 1
    return fronted_rand(rng, paint, (width, depth, height), rows, columns)


def fronted_rand(rng: np.random.Generator, paint: Paint, size_m: Sequence[float], rows: int, columns: int) -> Piece:
    """A body with rows and columns of doors or drawers, their gaps and handles."""
    width, depth, height = size_m
    body = wood_rand(paint)
    front = (
        body
        if rng.random() < 0.6
        else paint.of(
            "panels", "wood", "plain", tint=paint.colour((*WALL_COLOURS, *WOODS)), tile_m=width / columns, gloss=0.35
        )
    )
    metal = paint.of(
        "metal", "plain", tint=paint.colour(((0.7, 0.7, 0.7), (0.6, 0.45, 0.2), (0.05, 0.05, 0.05))), gloss=0.7
    )
    parts = [box((width, depth - 0.02, height), body, at_m=(0, (depth - 0.02) / 2, 0))]
    w, h, gap, foot = width / columns, (height - 0.1) / rows, rng.uniform(0.006, 0.02), 0.07
    x, z = np.meshgrid((np.arange(columns) + 0.5) * w - width / 2, np.arange(rows) * h + foot)
    places = np.stack((x.ravel(), np.full(x.size, depth - 0.012), z.ravel() + gap / 2), axis=1)
    parts.append(boxes(np.tile((w - gap, 0.024, h - gap), (len(places), 1)), places, front))
    handle = (0.12, 0.03, 0.015) if rng.random() < 0.6 else (0.03, 0.04, 0.03)
    lift = np.array((0.0, 0.02, h * (0.7 if rows > 1 else 0.5)))
    parts.append(boxes(np.tile(handle, (len(places), 1)), places + lift, metal))
    parts.append(box((width + 0.03, depth + 0.02, 0.025), body, at_m=(0, depth / 2, height)))
    top = (-width / 2 + 0.05, width / 2 - 0.05, 0.05, depth - 0.05, height + 0.025)
    return Piece(merged(parts), (width + 0.03, depth + 0.01, height + 0.025), (top,))


def bookshelf_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """Shelves, most of them with books."""
    width, depth, height = rng.uniform(0.6, 1.6), rng.uniform(0.24, 0.36), rng.uniform(0.8, 2.2)
    wood, board = wood_rand(paint), 0.022
    parts = [box((width, 0.015, height), wood, at_m=(0, 0.008, 0))]
    for side in (-1, 1):
        parts.append(box((board, depth, height), wood, at_m=(side * (width - board) / 2, depth / 2, 0)))
    levels = np.linspace(0.05, height - board, max(2, int(height / rng.uniform(0.28, 0.42))) + 1)
    for z in levels:
        parts.append(box((width - 2 * board, depth - 0.01, board), wood, at_m=(0, depth / 2, z)))
    for z, above in zip(levels[:-1], levels[1:], strict=True):
        if rng.random() < 0.85:
            parts.append(
                books_rand(rng, paint, width - 2 * board - 0.02, depth - 0.05, above - z - board).moved(
                    (0, 0.02, z + board)
                )
            )
    return Piece(
        merged(parts), (width, depth, height), ((-width / 2 + 0.1, width / 2 - 0.1, 0.05, depth - 0.05, height),)
    )


def books_rand(rng: np.random.Generator, paint: Paint, width_m: float, depth_m: float, room_m: float) -> Mesh:
    """A row of books, backs to the front, with gaps."""
    thick = rng.uniform(0.012, 0.055, 64)
    x = np.cumsum(thick) - thick / 2
    used = x + thick / 2 < width_m * rng.uniform(0.5, 1.0)
    used[0] = True
    thick, x = thick[used], x[used]
    sizes = np.stack(
        (thick * 0.96, rng.uniform(0.6, 0.95, len(x)) * depth_m, rng.uniform(0.6, 0.94, len(x)) * room_m), axis=1
    )
    places = np.stack((x - width_m / 2, sizes[:, 1] / 2, np.zeros(len(x))), axis=1)
    tints = np.array(CLOTH_COLOURS)[rng.integers(len(CLOTH_COLOURS), size=len(x))] * np.exp(
        rng.normal(0, 0.4, (len(x), 1))
    )
    cover = paint.of("text", "plain", "fabric", tile_m=0.3, spread=0.1, gloss=0.3)
    return boxes(sizes, places, cover, tints=np.minimum(tints * 1.6, 1.2))


def counter_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """Kitchen units: fronts below, a worktop, a splash back and cupboards above, with a sink or a stove."""
    width, depth, height = rng.uniform(1.4, 3.2), rng.uniform(0.58, 0.64), rng.uniform(0.86, 0.94)
    columns = max(2, round(width / 0.55))
    base = fronted_rand(rng, paint, (width, depth, height - 0.03), int(rng.choice((1, 1, 2))), columns)
    stone = paint.of("marble", "wood", "plain", "concrete", tile_m=1.2, tint=paint.colour(WALL_COLOURS), gloss=0.6)
    parts = [base.mesh, box((width + 0.02, depth + 0.04, 0.04), stone, at_m=(0, depth / 2 + 0.01, height))]
    steel = paint.of("metal", tint=(0.7, 0.7, 0.7), gloss=0.8, tile_m=0.5)
    x = rng.uniform(-0.3, 0.3) * width
    if rng.random() < 0.6:
        parts.append(box((0.6, 0.42, 0.012), steel, at_m=(x, depth / 2, height + 0.04)))
        dark = paint.of("metal", tint=(0.25, 0.25, 0.25), gloss=0.7)
        parts.append(box((0.5, 0.34, 0.006), dark, at_m=(x, depth / 2, height + 0.052)))
        parts.append(tube((x, 0.1, height + 0.05), (x, 0.1, height + 0.3), 0.015, steel))
        parts.append(tube((x, 0.1, height + 0.3), (x, 0.28, height + 0.27), 0.013, steel))
    if rng.random() < 0.6:
        black = paint.of("plain", tint=(0.02, 0.02, 0.02), gloss=0.8)
        parts.append(box((0.58, 0.5, 0.012), black, at_m=(-x + 0.05, depth / 2, height + 0.04)))
        parts.append(box((0.56, 0.02, 0.5), black, at_m=(-x + 0.05, depth + 0.02, 0.25)))
    if rng.random() < 0.75:
        low, high, reach = 1.4, rng.uniform(1.9, 2.25), rng.uniform(0.3, 0.38)
        upper = fronted_rand(rng, paint, (width, reach, high - low), 1, columns)
        parts.append(upper.mesh.moved((0, 0, low)))
        if rng.random() < 0.7:
            parts.append(
                box(
                    (width, 0.012, low - height),
                    paint.of("tiles", "plain", "marble", tile_m=(0.3, 0.9), gloss=0.6),
                    at_m=(0, 0.006, height),
                )
            )
    return Piece(
        merged(parts),
        (width + 0.02, depth + 0.05, height + 0.04),
        ((-width / 2 + 0.1, width / 2 - 0.1, 0.08, depth - 0.08, height + 0.053),),
    )


def fridge_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A fridge, an oven tower or a washing machine."""
    width, depth, height = rng.uniform(0.55, 0.85), rng.uniform(0.58, 0.72), float(rng.choice((0.85, 1.45, 1.75, 1.9)))
    shell = paint.of(
        "plain",
        "metal",
        tint=paint.colour(((0.9, 0.9, 0.9), (0.7, 0.7, 0.7), (0.06, 0.06, 0.06), (0.85, 0.8, 0.7))),
        gloss=0.6,
    )
    parts = [box((width, depth - 0.04, height), shell, at_m=(0, (depth - 0.04) / 2, 0))]
    split = rng.uniform(0.3, 0.7) * height
    parts.append(box((width - 0.01, 0.05, split - 0.03), shell, at_m=(0, depth - 0.02, 0.02)))
    parts.append(box((width - 0.01, 0.05, height - split - 0.01), shell, at_m=(0, depth - 0.02, split)))
    handle = paint.of("metal", tint=(0.5, 0.5, 0.5), gloss=0.7)
    for z in (split - 0.45, split + 0.05):
        parts.append(box((0.03, 0.04, 0.38), handle, at_m=(0.4 * width, depth + 0.02, max(z, 0.1))))
    return Piece(
        merged(parts), (width, depth + 0.04, height), ((-width / 2 + 0.1, width / 2 - 0.1, 0.1, depth - 0.1, height),)
    )


def desk_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A desk with drawers, and a screen on it as a rule."""
    table = table_rand(rng, paint)
    width, depth, height = table.size_m
    parts = [table.mesh]
    if width > 1.0 and rng.random() < 0.6:
        drawers = fronted_rand(rng, paint, (0.38, depth - 0.1, height - 0.12), int(rng.integers(2, 4)), 1)
        parts.append(drawers.mesh.moved((0.5 * width - 0.26, 0.03, 0)))
    x0, x1, y0, y1, z = table.tops[0]
    return Piece(merged(parts), table.size_m, ((x0, x1, y0, y1, z),), wants_chair=True)
