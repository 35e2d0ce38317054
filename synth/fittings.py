"""Fittings: screens, bathroom pieces, plants in pots, lamps on stands, boxes.

Pieces have their back at y = 0, reach to +y into the room, are centred on x and stand on z = 0.
"""

from __future__ import annotations

import numpy as np

from synth.furniture import Piece, cloth_rand
from synth.mesh import Mesh, merged
from synth.paint import CLOTH_COLOURS, WALL_COLOURS, Paint
from synth.shapes import blobs, box, cylinder, lathe, lumps_rand, tube
from synth.storage import fronted_rand


def screen_rand(rng: np.random.Generator, paint: Paint, *, width_m: float | None = None) -> Mesh:
    """A monitor or television on its foot; it faces +y."""
    width = float(rng.uniform(0.4, 0.62)) if width_m is None else width_m
    shell = paint.of("plain", tint=(0.03, 0.03, 0.03), gloss=0.5)
    is_on = rng.random() < 0.4
    face = (
        paint.of("picture", "text", tile_m=width, emission=0.35)
        if is_on
        else paint.of("plain", tint=(0.015, 0.015, 0.02), gloss=0.9)
    )
    height, lift = width * rng.uniform(0.56, 0.65), rng.uniform(0.06, 0.14)
    return merged(
        [
            box((0.24, 0.16, 0.015), shell),
            box((0.05, 0.03, lift + 0.1), shell, at_m=(0, -0.02, 0)),
            box((width, 0.04, height), shell, at_m=(0, 0, lift)),
            box((width - 0.04, 0.01, height - 0.04), face, at_m=(0, 0.021, lift + 0.02)),
        ]
    )


def television_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A low stand with a television."""
    width, depth, height = rng.uniform(1.0, 1.8), rng.uniform(0.38, 0.5), rng.uniform(0.4, 0.6)
    stand = fronted_rand(rng, paint, (width, depth, height), 1, int(rng.integers(2, 4)))
    screen = screen_rand(rng, paint, width_m=float(rng.uniform(0.7, min(1.4, width))))
    return Piece(
        merged([stand.mesh, screen.moved((0, depth / 2, height + 0.025))]),
        stand.size_m,
        ((-width / 2, -0.3 * width, 0.1, depth - 0.1, height + 0.025),),
    )


def bath_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A bathtub with its long side at the wall."""
    width, depth, height = rng.uniform(1.5, 1.8), rng.uniform(0.7, 0.8), rng.uniform(0.5, 0.6)
    enamel = paint.of("plain", tint=(0.9, 0.9, 0.88), gloss=0.7, variation=0.1)
    rim = 0.08
    parts = [box((width, depth, 0.18), enamel, at_m=(0, depth / 2, 0))]
    for side in (-1, 1):
        parts.append(box((rim, depth, height - 0.18), enamel, at_m=(side * (width - rim) / 2, depth / 2, 0.18)))
        parts.append(
            box((width - 2 * rim, rim, height - 0.18), enamel, at_m=(0, depth / 2 + side * (depth - rim) / 2, 0.18))
        )
    if rng.random() < 0.5:  # shower curtain
        parts.append(box((width * rng.uniform(0.3, 0.9), 0.03, 1.7), cloth_rand(paint), at_m=(0, depth + 0.02, 0.25)))
    return Piece(merged(parts), (width, depth + 0.04, height))


def toilet_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A toilet with its tank."""
    china = paint.of("plain", tint=(0.9, 0.9, 0.9), gloss=0.75, variation=0.1)
    bowl = lathe(
        ((0.0, 0.0), (0.12, 0.0), (0.11, 0.15), (0.19, 0.36), (0.2, 0.4), (0.0, 0.42)), china, at_m=(0, 0.45, 0)
    )
    parts = [bowl, box((0.42, 0.2, 0.38), china, at_m=(0, 0.11, 0.4)), box((0.2, 0.4, 0.35), china, at_m=(0, 0.25, 0))]
    return Piece(merged(parts), (0.44, 0.68, 0.8), ((-0.15, 0.15, 0.04, 0.18, 0.78),))


def washstand_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A washbasin on a cupboard, with a cabinet above; a mirror would show a depth that is not there."""
    width, depth, height = rng.uniform(0.5, 1.1), rng.uniform(0.42, 0.55), rng.uniform(0.78, 0.88)
    base = fronted_rand(rng, paint, (width, depth, height), 1, max(1, round(width / 0.4)))
    china = paint.of("plain", tint=(0.9, 0.9, 0.9), gloss=0.75, variation=0.1)
    steel = paint.of("metal", tint=(0.7, 0.7, 0.7), gloss=0.9)
    basin = lathe(
        ((0.0, 0.0), (0.12, 0.0), (0.22, 0.13), (0.2, 0.13), (0.1, 0.02), (0.0, 0.02)),
        china,
        at_m=(0, depth / 2, height + 0.02),
        sections=20,
    )
    parts = [
        base.mesh,
        basin,
        tube((0, 0.06, height), (0, 0.06, height + 0.26), 0.015, steel),
        tube((0, 0.06, height + 0.25), (0, 0.2, height + 0.22), 0.012, steel),
    ]
    if rng.random() < 0.6:
        cabinet = fronted_rand(rng, paint, (width * 0.85, 0.15, 0.62), 1, max(1, round(width / 0.4)))
        parts.append(cabinet.mesh.moved((0, 0, height + 0.42)))
    return Piece(
        merged(parts),
        base.size_m,
        ((-width / 2 + 0.05, -0.24, 0.05, depth - 0.05, height + 0.025),) if width > 0.75 else (),
    )


def plant_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A pot with a plant."""
    radius, height = rng.uniform(0.12, 0.22), rng.uniform(0.5, 1.6)
    pot_height = radius * rng.uniform(1.3, 2.0)
    pot = paint.of(
        "plain", "plaster", "concrete", "brick", tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)), tile_m=0.8
    )
    leaves = paint.of("leaves", tile_m=(0.35, 0.6), tint=(0.8, 0.9, 0.7), gloss=0.3, cut_out=True)
    profile = (
        (0.0, 0.0),
        (radius * 0.7, 0.0),
        (radius, pot_height),
        (radius * 0.9, pot_height),
        (0.0, pot_height - 0.03),
    )
    parts = [lathe(profile, pot, at_m=(0, radius, 0))]
    count = int(rng.integers(4, 9))
    sizes = rng.uniform(0.3, 0.8, (count, 3)) * (2 * radius, 2 * radius, 0.6 * height)
    places = rng.normal(0.0, 0.5 * radius, (count, 3)) + (0.0, radius, 0.0)
    places[:, 2] = pot_height + rng.uniform(0.15, 0.85, count) * (height - pot_height)
    parts.append(blobs(sizes, places, leaves, lumps=lumps_rand(rng, (count, 6), 0.5)))
    parts.append(tube((0, radius, pot_height * 0.5), (0, radius, 0.6 * height), 0.015, paint.of("bark", tile_m=0.3)))
    return Piece(merged(parts), (2 * radius, 2 * radius, height))


def floor_lamp_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A lamp on a stand."""
    height, radius = rng.uniform(1.3, 1.75), rng.uniform(0.15, 0.24)
    metal = paint.of(
        "metal", "plain", tint=paint.colour(((0.6, 0.6, 0.6), (0.05, 0.05, 0.05), (0.5, 0.4, 0.2))), gloss=0.6
    )
    shade = paint.of("fabric", "plain", tint=(0.95, 0.9, 0.75), tile_m=0.5, emission=float(rng.choice((0.0, 0.4))))
    parts = [
        cylinder(0.14, 0.03, metal, at_m=(0, radius, 0)),
        cylinder(0.015, height - 0.1, metal, at_m=(0, radius, 0)),
    ]
    parts.append(cylinder(radius, 0.28, shade, at_m=(0, radius, height - 0.28), top=rng.uniform(0.5, 1.0), sections=20))
    return Piece(merged(parts), (2 * radius, 2 * radius, height))


def crates_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A pile of cardboard boxes."""
    parts, z = [], 0.0
    for _ in range(int(rng.integers(1, 5))):
        size = rng.uniform((0.25, 0.25, 0.15), (0.55, 0.45, 0.4))
        card = paint.of(
            "plain",
            "text",
            "plaster",
            tint=paint.colour(((0.55, 0.4, 0.25), (0.6, 0.47, 0.32), (0.8, 0.8, 0.78), (0.2, 0.3, 0.45))),
            tile_m=0.5,
        )
        parts.append(box(size, card).moved((rng.normal(0, 0.02), 0.28, z), yaw_rad=rng.normal(0, 0.12)))
        z += size[2] + 0.001
    return Piece(merged(parts), (0.6, 0.56, z))
