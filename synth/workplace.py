"""Workplace: what stands in offices, schools, laundries and workshops.

Pieces have their back at y = 0, reach to +y into the room, are centred on x and stand on z = 0.
"""

from __future__ import annotations

import numpy as np

from synth.furniture import Piece, cloth_rand, wood_rand
from synth.mesh import Material, Mesh, merged
from synth.paint import CLOTH_COLOURS, WALL_COLOURS, Paint
from synth.shapes import box, boxes, cylinder, lathe, tube
from synth.shelving import bins_rand

GREYS = ((0.85, 0.85, 0.84), (0.6, 0.61, 0.62), (0.25, 0.26, 0.28), (0.75, 0.7, 0.6))
MACHINE_COLOURS = ((0.1, 0.3, 0.15), (0.1, 0.2, 0.45), (0.5, 0.5, 0.5), (0.6, 0.1, 0.05), (0.7, 0.5, 0.05))


def school_desk_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A pupil's desk on tubes."""
    width, depth, height = float(rng.choice((0.65, 1.25))), rng.uniform(0.5, 0.6), rng.uniform(0.7, 0.76)
    wood, steel = wood_rand(paint), paint.of("metal", tint=paint.colour(GREYS), gloss=0.6)
    parts = [box((width, depth, 0.03), wood, at_m=(0, depth / 2, height - 0.03))]
    if rng.random() < 0.5:
        parts.append(box((width - 0.1, 0.02, 0.3), wood, at_m=(0, 0.03, height - 0.36)))
    for side in (-1, 1):
        x = side * (width / 2 - 0.05)
        for y in (0.06, depth - 0.06):
            parts.append(box((0.03, 0.03, height - 0.03), steel, at_m=(x, y, 0)))
        parts.append(box((0.03, depth - 0.1, 0.03), steel, at_m=(x, depth / 2, 0.1)))
    area = (-width / 2 + 0.08, width / 2 - 0.08, 0.06, depth - 0.06, height)
    return Piece(merged(parts), (width, depth, height), (area,), wants_chair=True)


def booth_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A desk between screens, as offices have them in rows."""
    width, depth, height = rng.uniform(1.2, 1.7), rng.uniform(0.65, 0.8), 0.73
    top, cloth, rise = wood_rand(paint), cloth_rand(paint), rng.uniform(1.1, 1.5)
    parts = [box((width, depth, 0.03), top, at_m=(0, depth / 2 + 0.03, height - 0.03))]
    parts.append(box((width, 0.04, rise), cloth, at_m=(0, 0.02, 0)))
    for side in (-1, 1) if rng.random() < 0.6 else (1,):
        parts.append(box((0.04, depth + 0.03, rise), cloth, at_m=(side * (width / 2 - 0.02), depth / 2, 0)))
    for side in (-1, 1):
        parts.append(
            box((0.04, depth * 0.8, height - 0.03), top, at_m=(side * (width / 2 - 0.07), depth / 2 + 0.03, 0))
        )
    area = (-width / 2 + 0.12, width / 2 - 0.12, 0.12, depth - 0.04, height)
    return Piece(merged(parts), (width, depth + 0.04, rise), (area,), wants_chair=True)


def lockers_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """Lockers or filing cabinets: equal metal fronts beside one another."""
    is_tall = rng.random() < 0.5
    cell, depth, height = (
        rng.uniform(0.3, 0.48),
        rng.uniform(0.42, 0.6),
        rng.uniform(1.7, 1.95) if is_tall else rng.uniform(0.7, 1.4),
    )
    columns, rows = int(rng.integers(1, 5)), int(rng.integers(1, 3)) if is_tall else max(round(height / 0.33), 2)
    steel = paint.of("plain", "metal", tint=paint.colour((*GREYS, *MACHINE_COLOURS)), spread=0.2, gloss=0.4)
    width = columns * cell
    x, z = np.meshgrid((np.arange(columns) + 0.5) * cell - width / 2, 0.04 + np.arange(rows) * (height - 0.06) / rows)
    at = np.stack((x.ravel(), np.full(x.size, depth - 0.005), z.ravel()), axis=1)
    front = (cell - 0.015, 0.02, (height - 0.06) / rows - 0.015)
    dark = paint.of("metal", tint=(0.2, 0.2, 0.2), gloss=0.6)
    parts = [
        box((width, depth - 0.01, height), steel, at_m=(0, depth / 2 - 0.005, 0)),
        boxes(np.tile(front, (len(at), 1)), at, steel),
    ]
    handle = at + (0.0 if not is_tall else 0.3 * cell, 0.016, front[2] * 0.6)
    parts.append(
        boxes(np.tile((0.03 if is_tall else 0.12, 0.02, 0.09 if is_tall else 0.02), (len(at), 1)), handle, dark)
    )
    area = (-width / 2 + 0.05, width / 2 - 0.05, 0.05, depth - 0.05, height)
    return Piece(merged(parts), (width, depth + 0.03, height), (area,))


def copier_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A copying machine with its trays."""
    width, depth, height = rng.uniform(0.55, 0.75), rng.uniform(0.55, 0.65), rng.uniform(0.85, 1.15)
    shell, dark = (
        paint.of("plain", tint=(0.85, 0.85, 0.83), gloss=0.4),
        paint.of("plain", tint=(0.1, 0.1, 0.11), gloss=0.5),
    )
    z = np.arange(3) * 0.17 + 0.1
    trays = np.stack((0 * z, 0 * z + depth, z), axis=1)
    parts = [
        box((width, depth, height * 0.78), shell, at_m=(0, depth / 2, 0)),
        boxes(np.tile((width * 0.9, 0.02, 0.15), (3, 1)), trays, shell),
    ]
    parts.append(box((width * 0.8, depth * 0.8, height * 0.1), dark, at_m=(0, depth / 2, height * 0.78)))
    parts.append(box((width, depth * 0.95, height * 0.12), shell, at_m=(0, depth / 2, height * 0.88)))
    parts.append(box((0.35, depth * 0.6, 0.03), shell, at_m=(width / 2 + 0.15, depth / 2, height * 0.6)))
    return Piece(merged(parts), (width + 0.65, depth + 0.02, height), ((-0.2, 0.2, 0.1, depth - 0.1, height),))


def easel_board_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A white board on wheels."""
    width, height = rng.uniform(0.7, 1.8), rng.uniform(1.7, 1.95)
    steel, face = (
        paint.of("metal", tint=(0.6, 0.6, 0.62), gloss=0.6),
        paint.of("plain", "text", tint=(0.95, 0.95, 0.95), tile_m=1.6, gloss=0.4),
    )
    parts = [
        box((width, 0.03, 1.0), face, at_m=(0, 0.3, height - 1.0)),
        box((width, 0.08, 0.03), steel, at_m=(0, 0.33, height - 1.02)),
    ]
    for side in (-1, 1):
        parts.append(box((0.04, 0.03, height), steel, at_m=(side * (width / 2 + 0.02), 0.3, 0.04)))
        parts.append(box((0.05, 0.6, 0.05), steel, at_m=(side * (width / 2 + 0.02), 0.3, 0.0)))
    return Piece(merged(parts), (width + 0.1, 0.6, height))


def washer_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A washing machine or dryer, two over one another at times."""
    shell = paint.of(
        "plain", "metal", tint=paint.colour(((0.9, 0.9, 0.9), (0.9, 0.9, 0.9), (0.5, 0.5, 0.52))), gloss=0.5
    )
    ring, glass = (
        paint.of("metal", tint=(0.6, 0.6, 0.6), gloss=0.7),
        paint.of("plain", tint=(0.04, 0.04, 0.05), gloss=0.9),
    )
    face = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)))
    parts, count = [], int(rng.choice((1, 2), p=(0.75, 0.25)))
    for number in range(count):
        z = 0.86 * number
        parts.append(box((0.6, 0.58, 0.85), shell, at_m=(0, 0.29, z)))
        parts.append(cylinder(0.2, 0.04, ring, sections=20).turned(face).moved((0, 0.575, z + 0.4)))
        parts.append(cylinder(0.15, 0.06, glass, sections=18).turned(face).moved((0, 0.575, z + 0.4)))
        parts.append(box((0.56, 0.01, 0.1), ring, at_m=(0, 0.582, z + 0.72)))
    return Piece(merged(parts), (0.62, 0.65, 0.86 * count), ((-0.25, 0.25, 0.08, 0.5, 0.86 * count - 0.01),))


def drying_rack_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A rack of rods with laundry over it."""
    width, depth, height = rng.uniform(0.9, 1.4), 0.6, rng.uniform(0.85, 1.05)
    steel = paint.of("metal", "plain", tint=(0.8, 0.8, 0.8), gloss=0.5)
    parts = []
    for side in (-1, 1):
        x = side * width / 2
        parts.append(tube((x, 0.0, 0.0), (x, depth, height), 0.012, steel, sections=5))
        parts.append(tube((x, depth, 0.0), (x, 0.0, height), 0.012, steel, sections=5))
    y = np.linspace(0.03, depth - 0.03, 7)
    parts.append(boxes(np.tile((width, 0.01, 0.01), (7, 1)), np.stack((0 * y, y, 0 * y + height), axis=1), steel))
    for rod in y[::2]:
        if rng.random() < 0.8:
            wide, drop = rng.uniform(0.3, 0.9) * width, rng.uniform(0.25, 0.7)
            x = float(rng.uniform(-0.5, 0.5)) * (width - wide)
            parts.append(box((wide, 0.03, drop), cloth_rand(paint), at_m=(x, rod, height + 0.015 - drop)))
    return Piece(merged(parts), (width + 0.03, depth + 0.02, height + 0.02))


def ironing_board_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """An ironing board with or without its iron."""
    height, width = rng.uniform(0.75, 0.92), 1.25
    steel = paint.of("metal", tint=(0.75, 0.75, 0.75), gloss=0.6)
    parts = [box((width, 0.36, 0.04), cloth_rand(paint), at_m=(0, 0.19, height - 0.04))]
    for y in (0.08, 0.3):
        parts.append(tube((-0.45, y, 0.0), (0.35, y, height - 0.04), 0.014, steel, sections=5))
        parts.append(tube((0.45, y, 0.0), (-0.35, y, height - 0.04), 0.014, steel, sections=5))
    return Piece(merged(parts), (width, 0.38, height), ((-0.5, 0.5, 0.05, 0.33, height),))


def workbench_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A bench with a vice, drawers or shelves below, and a wall of tools at its back."""
    width, depth, height = rng.uniform(1.2, 2.2), rng.uniform(0.55, 0.75), rng.uniform(0.84, 0.95)
    wood, steel = (
        paint.of("wood", tint=(0.7, 0.55, 0.4), spread=0.3, tile_m=1.0),
        paint.of("metal", tint=paint.colour(MACHINE_COLOURS), gloss=0.5),
    )
    parts = [box((width, depth, 0.06), wood, at_m=(0, depth / 2, height - 0.06))]
    posts = np.array([(s * (width / 2 - 0.06), y, 0.0) for s in (-1, 1) for y in (0.06, depth - 0.06)])
    parts.append(boxes(np.tile((0.08, 0.08, height - 0.06), (4, 1)), posts, wood))
    parts.append(box((width - 0.1, depth - 0.1, 0.03), wood, at_m=(0, depth / 2, 0.18)))
    parts.append(bins_rand(rng, paint, width - 0.3, depth - 0.2, 0.5).moved((0, 0.08, 0.21)))
    parts.append(box((0.14, 0.2, 0.16), steel, at_m=(-0.35 * width, depth - 0.06, height)))
    if rng.random() < 0.75:
        parts.append(_tool_wall_rand(rng, paint, width, height + 0.25))
    area = (-0.2 * width, width / 2 - 0.1, 0.1, depth - 0.1, height)
    return Piece(merged(parts), (width, depth + 0.04, height), (area,))


def _tool_wall_rand(rng: np.random.Generator, paint: Paint, width_m: float, low_m: float) -> Mesh:
    """A board with hanging tools: handles with heads."""
    board = box((width_m, 0.02, 0.8), paint.of("wood", "plain", tint=(0.7, 0.6, 0.45)), at_m=(0, 0.01, low_m))
    count = int(rng.integers(6, 18))
    x, z = rng.uniform(-0.46, 0.46, count) * width_m, low_m + rng.uniform(0.2, 0.6, count)
    long, wide = rng.uniform(0.12, 0.35, count), rng.uniform(0.015, 0.035, count)
    handles = np.stack((wide, np.full(count, 0.03), long), axis=1)
    heads = np.stack(
        (wide * rng.uniform(1.5, 5.0, count), np.full(count, 0.035), rng.uniform(0.03, 0.12, count)), axis=1
    )
    grip = paint.of("plain", "wood", tint=paint.colour((*MACHINE_COLOURS, (0.5, 0.3, 0.15))))
    tints = rng.uniform(0.4, 1.6, (count, 3))
    at = np.stack((x, np.full(count, 0.04), np.maximum(z - long, low_m)), axis=1)
    tips = np.stack((x, np.full(count, 0.04), at[:, 2] + long), axis=1)
    return merged([board, boxes(handles, at, grip, tints=tints), boxes(heads, tips, paint.of("metal", gloss=0.6))])


def machine_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A machine tool: a base, a column, a head with a motor, a table."""
    steel, dark = (
        paint.of("metal", "plain", tint=paint.colour(MACHINE_COLOURS), gloss=0.4),
        paint.of("metal", tint=(0.3, 0.3, 0.3), gloss=0.6),
    )
    width, depth, height = rng.uniform(0.45, 0.9), rng.uniform(0.5, 0.8), rng.uniform(1.3, 1.8)
    parts = [box((width, depth, 0.5 * height), steel, at_m=(0, depth / 2, 0))]
    parts.append(box((0.22, 0.22, height * 0.5), steel, at_m=(0, 0.15, 0.5 * height)))
    parts.append(box((0.3, 0.55, 0.28), steel, at_m=(0, 0.33, height - 0.28)))
    parts.append(cylinder(0.03, height * 0.22, dark, at_m=(0, 0.48, height * 0.6)))
    parts.append(box((width * 0.8, depth * 0.6, 0.05), dark, at_m=(0, depth / 2 + 0.05, 0.5 * height)))
    parts.append(tube((0.15, 0.5, height - 0.15), (0.38, 0.55, height - 0.05), 0.012, dark, sections=5))
    return Piece(merged(parts), (width, depth, height))


def ladder_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A step ladder."""
    height, wide, deep = rng.uniform(1.0, 1.9), rng.uniform(0.4, 0.55), rng.uniform(0.5, 0.9)
    metal = paint.of(
        "metal", "wood", "plain", tint=paint.colour(((0.7, 0.7, 0.7), (0.7, 0.5, 0.1), (0.6, 0.45, 0.3))), gloss=0.4
    )
    parts = []
    for side in (-1, 1):
        x = side * wide / 2
        parts.append(tube((x, deep, 0.0), (x * 0.8, deep * 0.35, height), 0.022, metal, sections=6))
        parts.append(tube((x, 0.02, 0.0), (x * 0.8, deep * 0.3, height), 0.018, metal, sections=6))
    for z in np.arange(0.25, height, 0.27):
        y = deep + (deep * 0.35 - deep) * z / height
        parts.append(box((wide * (1 - 0.2 * z / height), 0.09, 0.025), metal, at_m=(0, y, z)))
    return Piece(merged(parts), (wide + 0.05, deep + 0.03, height))


def tyres_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """Tyres, drums or tins in a pile."""
    radius = rng.uniform(0.26, 0.33)
    if rng.random() < 0.5:
        rubber = paint.of("plain", tint=(0.025, 0.025, 0.025), gloss=0.2)
        profile = ((0.17, 0.02), (radius, 0.02), (radius + 0.02, 0.1), (radius, 0.18), (0.17, 0.18), (0.17, 0.02))
        count = int(rng.integers(1, 5))
        parts = [
            lathe(profile, rubber, at_m=(rng.normal(0, 0.015), radius + 0.03, 0.2 * k - 0.02), sections=18)
            for k in range(count)
        ]
        return Piece(merged(parts), (2 * radius + 0.08, 2 * radius + 0.08, 0.2 * count))
    height = rng.uniform(0.7, 0.9)
    drum = paint.of("metal", "plain", tint=paint.colour(MACHINE_COLOURS), gloss=0.4)
    parts = [cylinder(radius, height, drum, at_m=(0, radius + 0.02, 0), sections=20)]
    parts += [
        cylinder(radius + 0.012, 0.03, drum, at_m=(0, radius + 0.02, z), sections=20)
        for z in (0.0, height / 3, height / 1.5)
    ]
    return Piece(
        merged(parts),
        (2 * radius + 0.04, 2 * radius + 0.04, height),
        ((-0.15, 0.15, radius - 0.15, radius + 0.15, height),),
    )


def lectern_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A lectern or a counter for one."""
    width, depth, height, wood = (
        rng.uniform(0.5, 1.2),
        rng.uniform(0.45, 0.6),
        rng.uniform(0.95, 1.15),
        wood_rand(paint),
    )
    parts = [
        box((width * 0.9, depth * 0.8, height - 0.03), wood, at_m=(0, depth / 2, 0)),
        box((width, depth, 0.03), wood, at_m=(0, depth / 2, height - 0.03)),
    ]
    return Piece(
        merged(parts), (width, depth, height), ((-width / 2 + 0.05, width / 2 - 0.05, 0.05, depth - 0.05, height),)
    )


def trolley_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A trolley on wheels with two or three boards."""
    width, depth, height = rng.uniform(0.5, 0.9), rng.uniform(0.38, 0.5), rng.uniform(0.7, 0.95)
    steel: Material = paint.of(
        "metal", "plain", "wood", tint=paint.colour((*GREYS, *CLOTH_COLOURS, *WALL_COLOURS)), gloss=0.5
    )
    posts = np.array([(s * (width / 2 - 0.02), y, 0.06) for s in (-1, 1) for y in (0.03, depth - 0.03)])
    z = np.linspace(0.12, height - 0.04, int(rng.integers(2, 4)))
    parts = [boxes(np.tile((0.03, 0.03, height - 0.06), (4, 1)), posts, steel)]
    parts.append(
        boxes(np.tile((0.04, 0.04, 0.07), (4, 1)), posts * (1, 1, 0), paint.of("plain", tint=(0.05, 0.05, 0.05)))
    )
    parts.append(
        boxes(np.tile((width, depth, 0.02), (len(z), 1)), np.stack((0 * z, 0 * z + depth / 2, z), axis=1), steel)
    )
    parts.append(bins_rand(rng, paint, width - 0.12, depth - 0.1, 0.25).moved((0, 0.05, z[0] + 0.021)))
    return Piece(
        merged(parts),
        (width, depth, height),
        ((-width / 2 + 0.08, width / 2 - 0.08, 0.06, depth - 0.06, float(z[-1]) + 0.02),),
    )
