"""Wet rooms: what else kitchens and bathrooms have.

Pieces have their back at y = 0, reach to +y into the room, are centred on x and stand on z = 0.
"""

from __future__ import annotations

import numpy as np

from synth.furniture import Piece, cloth_rand
from synth.mesh import merged
from synth.paint import WALL_COLOURS, Paint
from synth.shapes import box, boxes, cylinder, tube
from synth.storage import fronted_rand


def shower_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A shower: tray, tiled back, rod and head, and a curtain or posts of a cabin."""
    width, depth, height = rng.uniform(0.75, 1.1), rng.uniform(0.75, 0.95), rng.uniform(1.95, 2.1)
    enamel, steel = (
        paint.of("plain", tint=(0.9, 0.9, 0.88), gloss=0.6),
        paint.of("metal", tint=(0.75, 0.75, 0.75), gloss=0.8),
    )
    tiles = paint.of("tiles", "marble", "plain", tint=paint.colour(WALL_COLOURS), tile_m=0.6, gloss=0.5)
    parts = [
        box((width, depth, 0.12), enamel, at_m=(0, depth / 2, 0)),
        box((width, 0.02, height), tiles, at_m=(0, 0.01, 0)),
    ]
    parts.append(tube((0, 0.06, 0.9), (0, 0.06, height - 0.05), 0.012, steel, sections=6))
    parts.append(cylinder(0.09, 0.03, steel, at_m=(0, 0.2, height - 0.1)))
    parts.append(box((0.18, 0.08, 0.06), steel, at_m=(0, 0.06, 1.0)))
    posts = np.array([(s * (width / 2 - 0.015), depth - 0.015, 0.0) for s in (-1, 1)])
    parts.append(boxes(np.tile((0.03, 0.03, height), (2, 1)), posts, steel))
    parts.append(box((width, 0.03, 0.03), steel, at_m=(0, depth - 0.015, height - 0.03)))
    wide = width * rng.uniform(0.25, 0.9)
    if rng.random() < 0.6:
        folds = max(int(wide / 0.07), 1)
        x = -width / 2 + 0.04 + (np.arange(folds) + 0.5) * wide / folds
        wave = 0.02 * np.cos(np.arange(folds) * np.pi)
        places = np.stack((x, depth - 0.02 + wave, np.full(folds, 0.15)), axis=1)
        parts.append(boxes(np.tile((wide / folds * 1.25, 0.02, height - 0.2), (folds, 1)), places, cloth_rand(paint)))
    return Piece(merged(parts), (width, depth + 0.02, height))


def sink_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A basin on a column or a urinal-like wall basin."""
    width, depth, height = rng.uniform(0.45, 0.65), rng.uniform(0.38, 0.5), rng.uniform(0.8, 0.88)
    china, steel = (
        paint.of("plain", tint=(0.9, 0.9, 0.89), gloss=0.7),
        paint.of("metal", tint=(0.7, 0.7, 0.7), gloss=0.8),
    )
    inner = paint.of("plain", tint=(0.7, 0.7, 0.7), gloss=0.7)
    parts = [
        box((width, depth, 0.16), china, at_m=(0, depth / 2, height - 0.16)),
        box((width - 0.12, depth - 0.18, 0.006), inner, at_m=(0, depth / 2 + 0.04, height)),
    ]
    parts.append(cylinder(0.09, height - 0.15, china, at_m=(0, 0.12, 0), top=0.85))
    parts.append(tube((0, 0.06, height), (0, 0.06, height + 0.15), 0.014, steel))
    parts.append(tube((0, 0.06, height + 0.14), (0, 0.19, height + 0.11), 0.012, steel))
    if rng.random() < 0.6:
        cabinet = fronted_rand(rng, paint, (width, 0.14, 0.6), 1, int(rng.integers(1, 3)))
        parts.append(cabinet.mesh.moved((0, 0, height + 0.38)))
    return Piece(merged(parts), (width, depth, height + 0.1))


def island_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A kitchen block that stands free."""
    width, depth, height = rng.uniform(1.0, 2.2), rng.uniform(0.6, 1.0), rng.uniform(0.88, 0.95)
    base = fronted_rand(
        rng, paint, (width, depth - 0.1, height - 0.04), int(rng.choice((1, 2, 3))), max(round(width / 0.5), 1)
    )
    stone = paint.of("marble", "wood", "plain", "concrete", tint=paint.colour(WALL_COLOURS), tile_m=1.2, gloss=0.5)
    parts = [
        base.mesh.moved((0, 0.05, 0)),
        box((width + 0.06, depth + 0.06, 0.04), stone, at_m=(0, depth / 2, height - 0.03)),
    ]
    area = (-width / 2 + 0.08, width / 2 - 0.08, 0.08, depth - 0.08, height + 0.01)
    return Piece(merged(parts), (width + 0.06, depth + 0.06, height + 0.01), (area,))


def oven_tower_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A tall kitchen cupboard with an oven and a microwave in it."""
    width, depth, height = 0.6, rng.uniform(0.58, 0.64), rng.uniform(1.9, 2.2)
    body = fronted_rand(rng, paint, (width, depth, height), int(rng.choice((2, 3))), 1)
    black, steel = (
        paint.of("plain", tint=(0.02, 0.02, 0.022), gloss=0.8),
        paint.of("metal", tint=(0.6, 0.6, 0.6), gloss=0.7),
    )
    parts = [body.mesh]
    for low, high in ((0.7, 0.55), (1.3, 0.36)):
        parts.append(box((0.57, 0.02, high), black, at_m=(0, depth + 0.006, low)))
        parts.append(box((0.48, 0.05, 0.02), steel, at_m=(0, depth + 0.03, low + high - 0.1)))
    return Piece(merged(parts), (width + 0.03, depth + 0.06, height + 0.025))


def stove_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A stove that stands free, with pots' place on top and a hood above."""
    depth, height = 0.6, rng.uniform(0.86, 0.92)
    shell = paint.of(
        "plain",
        "metal",
        tint=paint.colour(((0.9, 0.9, 0.9), (0.5, 0.5, 0.5), (0.1, 0.1, 0.1), (0.8, 0.75, 0.6))),
        gloss=0.5,
    )
    black, steel = (
        paint.of("plain", tint=(0.02, 0.02, 0.02), gloss=0.7),
        paint.of("metal", tint=(0.65, 0.65, 0.65), gloss=0.6),
    )
    rings = [
        cylinder(0.09, 0.015, black, at_m=(x, y, height), sections=16) for x in (-0.14, 0.14) for y in (0.18, 0.43)
    ]
    parts = [box((0.6, depth, height), shell, at_m=(0, depth / 2, 0)), *rings]
    parts.append(box((0.52, 0.02, 0.4), black, at_m=(0, depth, 0.25)))
    parts.append(box((0.5, 0.04, 0.025), steel, at_m=(0, depth + 0.02, 0.68)))
    knobs = np.array([(x, depth + 0.01, height - 0.09) for x in np.linspace(-0.22, 0.22, 5)])
    parts.append(boxes(np.tile((0.035, 0.03, 0.035), (5, 1)), knobs, steel))
    if rng.random() < 0.7:
        parts.append(cylinder(0.36, 0.25, steel, at_m=(0, 0.3, 1.55), top=0.4, sections=4))
        parts.append(box((0.22, 0.22, 0.5), steel, at_m=(0, 0.2, 1.78)))
    return Piece(merged(parts), (0.62, depth + 0.05, height + 0.02), ((-0.2, 0.2, 0.1, 0.5, height + 0.015),))
