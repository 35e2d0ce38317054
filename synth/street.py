"""Street furniture: poles, signs, fences and what else stands beside a road, on z = 0."""

from __future__ import annotations

import numpy as np

from synth.mesh import Mesh, merged
from synth.paint import WALL_COLOURS, Paint
from synth.shapes import box, boxes, cylinder, tube


def lamp_post_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A street lamp whose arm points along +x."""
    height, reach = rng.uniform(4.5, 9.0), rng.uniform(0.0, 2.2)
    steel = paint.of("metal", "plain", tint=(0.4, 0.42, 0.42), spread=0.5, gloss=0.4)
    parts = [cylinder(0.09, height, steel, top=0.6, sections=8), cylinder(0.14, 0.9, steel, sections=8)]
    parts.append(tube((0, 0, height), (reach + 0.2, 0, height + 0.15 * reach + 0.05), 0.045, steel, sections=6))
    parts.append(box((0.6, 0.25, 0.14), steel, at_m=(reach + 0.3, 0, height + 0.15 * reach)))
    return merged(parts)


def pole_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A wooden or concrete pole."""
    height = rng.uniform(5.0, 9.0)
    parts = [cylinder(rng.uniform(0.09, 0.16), height, paint.of("bark", "concrete", tile_m=1.5), top=0.8, sections=8)]
    if rng.random() < 0.5:
        parts.append(box((1.6, 0.1, 0.1), paint.of("wood"), at_m=(0, 0, height - 0.5)))
    return merged(parts)


def sign_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A traffic sign or a traffic light that faces -y."""
    steel = paint.of("metal", tint=(0.55, 0.55, 0.55), gloss=0.4)
    height = rng.uniform(2.2, 3.0)
    parts = [cylinder(0.035, height, steel, sections=8)]
    facing = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)))
    kind = rng.random()
    if kind < 0.25:
        shell = paint.of("plain", tint=(0.05, 0.05, 0.05), gloss=0.3)
        parts.append(box((0.32, 0.25, 0.9), shell, at_m=(0, -0.1, height - 0.1)))
        lit = int(rng.integers(3))
        for number, colour in enumerate(((0.9, 0.05, 0.02), (0.9, 0.5, 0.02), (0.05, 0.8, 0.2))):
            lamp = paint.of("plain", tint=colour, emission=0.8 if number == lit else 0.0, spread=0.1)
            parts.append(
                cylinder(0.09, 0.06, lamp, sections=10).turned(facing).moved((0, -0.22, height + 0.63 - 0.27 * number))
            )
    elif kind < 0.6:
        rim = paint.of("plain", tint=paint.colour(((0.7, 0.03, 0.03), (0.05, 0.15, 0.6), (0.8, 0.8, 0.8))), gloss=0.4)
        sections = int(rng.choice((3, 8, 20)))
        parts.append(cylinder(0.35, 0.03, rim, sections=sections).turned(facing).moved((0, -0.05, height - 0.3)))
        face = paint.of("plain", "text", tint=(0.9, 0.9, 0.9), tile_m=0.8)
        parts.append(cylinder(0.26, 0.05, face, sections=sections).turned(facing).moved((0, -0.06, height - 0.3)))
    else:
        plate = paint.of(
            "text",
            "plain",
            tint=paint.colour(((0.9, 0.9, 0.9), (0.1, 0.2, 0.7), (0.9, 0.75, 0.1), (0.05, 0.35, 0.15))),
            tile_m=1.0,
        )
        parts.append(box((rng.uniform(0.4, 1.4), 0.04, rng.uniform(0.3, 0.8)), plate, at_m=(0, -0.05, height - 0.6)))
    return merged(parts)


def bollard_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A bollard, a bin, a cabinet or a letter box."""
    kind = rng.random()
    if kind < 0.45:
        return cylinder(
            rng.uniform(0.06, 0.14),
            rng.uniform(0.6, 1.1),
            paint.of("metal", "concrete", "plain", tint=(0.5, 0.5, 0.5), spread=0.6),
        )
    colours = ((0.05, 0.06, 0.06), (0.1, 0.25, 0.1), (0.5, 0.45, 0.05), (0.15, 0.2, 0.4), (0.5, 0.5, 0.48))
    plastic = paint.of("plain", "panels", tint=paint.colour(colours), tile_m=1.3)
    if kind < 0.75:
        body = box((0.58, 0.7, 1.0), plastic, at_m=(0, 0, 0.08))
        return merged([body, box((0.62, 0.76, 0.08), plastic, at_m=(0, 0, 1.08)), box((0.5, 0.6, 0.08), plastic)])
    return box((rng.uniform(0.4, 0.9), rng.uniform(0.6, 1.6), rng.uniform(0.9, 1.5)), plastic)


def fence_rand(rng: np.random.Generator, paint: Paint, length_m: float) -> Mesh:
    """A fence or a wall along y."""
    kind = rng.random()
    if kind < 0.35:
        material = paint.of(
            "brick", "stones", "plaster", "concrete", tile_m=(1.2, 2.4), tint=paint.colour(WALL_COLOURS), spread=0.2
        )
        height = rng.uniform(0.6, 2.2)
        cap = paint.of("concrete", tile_m=1.5)
        return merged([box((0.25, length_m, height), material), box((0.34, length_m, 0.08), cap, at_m=(0, 0, height))])
    material = paint.of("wood", "plain", "metal", tint=paint.colour(WALL_COLOURS), tile_m=1.0, spread=0.4)
    height = rng.uniform(0.7, 1.8)
    pitch = float(rng.choice((0.14, 0.22, 1.8)))
    count = max(int(length_m / pitch), 2)
    places = np.zeros((count, 3))
    places[:, 1] = np.linspace(-length_m / 2, length_m / 2, count)
    posts = boxes(np.tile((0.05, min(0.1, pitch * 0.55), height), (count, 1)), places, material)
    rails = [box((0.04, length_m, 0.08), material, at_m=(0.05, 0, share * height)) for share in (0.25, 0.55, 0.85)]
    return merged([posts, *rails])


def guard_rail(paint: Paint, length_m: float) -> Mesh:
    """A crash barrier along y."""
    steel = paint.of("metal", tint=(0.6, 0.62, 0.63), tile_m=2.0, gloss=0.4)
    count = max(int(length_m / 2.0), 2)
    places = np.zeros((count, 3))
    places[:, 1] = np.linspace(-length_m / 2, length_m / 2, count)
    posts = boxes(np.tile((0.1, 0.12, 0.7), (count, 1)), places, steel)
    return merged(
        [
            posts,
            box((0.06, length_m, 0.12), steel, at_m=(0.08, 0, 0.48)),
            box((0.06, length_m, 0.12), steel, at_m=(0.08, 0, 0.64)),
            box((0.03, length_m, 0.1), steel, at_m=(0.08, 0, 0.57)),
        ]
    )
