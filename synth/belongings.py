"""Belongings: bags, shoes, toys, laundry, cables, dishes, tools. Centred on x and y, standing on z = 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synth.furniture import cloth_rand, settled, wood_rand
from synth.mesh import Mesh, merged
from synth.paint import CLOTH_COLOURS, WALL_COLOURS, Paint
from synth.shapes import blob, blobs, box, boxes, cylinder, lathe, lumps_rand, tube

TOY_COLOURS = (
    (0.8, 0.08, 0.05),
    (0.9, 0.65, 0.05),
    (0.05, 0.3, 0.7),
    (0.1, 0.55, 0.15),
    (0.85, 0.4, 0.6),
    (0.9, 0.9, 0.9),
)


def bag_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A rucksack, a handbag, a paper bag or a suitcase."""
    style, cloth = (
        rng.random(),
        paint.of("fabric", "plain", "stripes", tint=paint.colour(CLOTH_COLOURS), tile_m=0.4, spread=0.4),
    )
    if style < 0.4:
        size = rng.uniform((0.28, 0.16, 0.34), (0.38, 0.26, 0.52))
        body = blob(size, cloth, at_m=(0, 0, size[2] / 2), squareness=0.5, lumps=lumps_rand(rng, 5, 0.12))
        pocket = blob((size[0] * 0.7, 0.1, size[2] * 0.4), cloth, at_m=(0, size[1] / 2, size[2] * 0.3), squareness=0.5)
        straps = [
            tube((s * 0.08, -size[1] / 2, 0.08), (s * 0.06, -size[1] * 0.45, size[2] * 0.9), 0.015, cloth, sections=5)
            for s in (-1, 1)
        ]
        return settled(merged([body, pocket, *straps]))
    if style < 0.7:
        size = rng.uniform((0.22, 0.1, 0.22), (0.4, 0.18, 0.4))
        card = paint.of("plain", "text", "picture", tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)), tile_m=0.4)
        loops = [
            tube(
                (s * size[0] * 0.2, t * size[1] / 2, size[2]),
                (0.0, t * size[1] / 2, size[2] + 0.1),
                0.006,
                card,
                sections=5,
            )
            for s in (-1, 1)
            for t in (-1, 1)
        ]
        return merged([box(size, card), *loops])
    size = rng.uniform((0.35, 0.2, 0.5), (0.5, 0.3, 0.72))
    shell = paint.of("plain", "fabric", tint=paint.colour(CLOTH_COLOURS), gloss=0.4)
    dark = paint.of("plain", tint=(0.05, 0.05, 0.05))
    wheels = [
        cylinder(0.03, 0.04, dark, at_m=(s * 0.4 * size[0], t * 0.35 * size[1], 0.0)) for s in (-1, 1) for t in (-1, 1)
    ]
    body = blob((size[0], size[1], size[2] - 0.04), shell, at_m=(0, 0, size[2] / 2 + 0.02), squareness=0.85)
    return merged([body, *wheels, box((size[0] * 0.5, 0.03, 0.04), dark, at_m=(0, -size[1] * 0.3, size[2]))])


def shoes_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """One or several pairs of shoes or boots."""
    parts = []
    for pair in range(int(rng.integers(1, 4))):
        skin = paint.of("plain", "fabric", tint=paint.colour((*CLOTH_COLOURS, *WALL_COLOURS)), gloss=0.3, tile_m=0.3)
        long, high = rng.uniform(0.22, 0.31), float(rng.choice((0.09, 0.1, 0.28), p=(0.5, 0.3, 0.2)))
        for side in (-1, 1):
            at = np.array((0.28 * pair + side * 0.06 - 0.2, rng.normal(0, 0.03), 0.0))
            parts.append(blob((0.1, long, 0.1), skin, at_m=at + (0, 0, 0.045), squareness=0.4))
            parts.append(blob((0.09, 0.11, high), skin, at_m=at + (0, -long * 0.28, high / 2), squareness=0.5))
    return settled(merged(parts))


def toys_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """Building blocks, scattered and piled."""
    count = int(rng.integers(4, 16))
    sizes = rng.uniform(0.03, 0.09, (count, 3))
    cells = rng.permutation(25)[:count]
    places = np.stack((cells % 5 * 0.13 - 0.26, cells // 5 * 0.13 - 0.26, np.zeros(count)), axis=1)
    piled = rng.random(count) < 0.3
    places[1:][piled[1:], :2] = places[:-1][piled[1:], :2]
    places[1:][piled[1:], 2] = sizes[:-1][piled[1:], 2] + places[:-1][piled[1:], 2]
    tints = np.array(TOY_COLOURS)[rng.integers(len(TOY_COLOURS), size=count)]
    return boxes(
        sizes, places, paint.of("plain", "wood", gloss=0.4), tints=tints, yaw_rad=rng.uniform(-0.6, 0.6, count)
    )


def toy_car_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A toy car or truck."""
    scale = rng.uniform(0.15, 0.45)
    body, dark = (
        paint.of("plain", tint=paint.colour(TOY_COLOURS), gloss=0.5),
        paint.of("plain", tint=(0.04, 0.04, 0.04)),
    )
    parts = [box((0.45 * scale, scale, 0.25 * scale), body, at_m=(0, 0, 0.12 * scale))]
    parts.append(
        box((0.4 * scale, scale * 0.5, 0.25 * scale), body, at_m=(0, rng.uniform(-0.2, 0.2) * scale, 0.37 * scale))
    )
    side = np.array(((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0)))
    wheel = cylinder(0.14 * scale, 0.1 * scale, dark, sections=12).turned(side)
    parts += [
        wheel.moved((s * 0.25 * scale - 0.05 * scale, t * 0.32 * scale, 0.14 * scale)) for s in (-1, 1) for t in (-1, 1)
    ]
    return merged(parts)


def soft_toy_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A sitting animal."""
    s = rng.uniform(0.5, 1.6)
    fur = paint.of(
        "carpet",
        "fabric",
        "plain",
        tint=paint.colour(((0.5, 0.33, 0.18), (0.85, 0.8, 0.7), (0.3, 0.3, 0.3), *TOY_COLOURS)),
        tile_m=0.2,
    )
    sizes = (
        np.array(
            (
                (0.2, 0.18, 0.22),
                (0.17, 0.16, 0.16),
                (0.07, 0.05, 0.07),
                (0.07, 0.05, 0.07),
                (0.08, 0.17, 0.08),
                (0.08, 0.17, 0.08),
                (0.06, 0.06, 0.16),
                (0.06, 0.06, 0.16),
            )
        )
        * s
    )
    places = (
        np.array(
            (
                (0, 0, 0.11),
                (0, 0.02, 0.27),
                (-0.07, 0.0, 0.35),
                (0.07, 0.0, 0.35),
                (-0.08, 0.12, 0.04),
                (0.08, 0.12, 0.04),
                (-0.11, 0.05, 0.13),
                (0.11, 0.05, 0.13),
            )
        )
        * s
    )
    return settled(blobs(sizes, places, fur, subdivisions=1))


def laundry_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A heap of clothes of several colours, in a basket at times."""
    count, reach = int(rng.integers(2, 6)), rng.uniform(0.1, 0.22)
    sizes = rng.uniform((0.2, 0.16, 0.07), (0.42, 0.36, 0.18), (count, 3))
    parts = []
    for number, size in enumerate(sizes):
        at = np.array((*rng.normal(0, reach / 2, 2), 0.04 + 0.07 * number))
        lump = blob(size, cloth_rand(paint), at_m=at, squareness=0.25, lumps=lumps_rand(rng, 8, 0.45))
        parts.append(lump)
    if rng.random() < 0.35:
        wall = paint.of("plain", "fabric", "wood", tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)), tile_m=0.3)
        profile = ((0.0, 0.0), (0.24, 0.0), (0.3, 0.32), (0.28, 0.32), (0.22, 0.03), (0.0, 0.03))
        small = [
            replace(part, positions_m=part.positions_m * np.float32(0.85)).moved((0, 0, 0.16)) for part in parts[:3]
        ]
        return merged([lathe(profile, wall, sections=16), *small])
    return settled(merged(parts))


def cable_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A cable that lies in bows, with a socket strip at times."""
    rubber = paint.of("plain", tint=paint.colour(((0.04, 0.04, 0.04), (0.85, 0.85, 0.85), (0.6, 0.3, 0.05))), gloss=0.3)
    angles = np.linspace(0.0, rng.uniform(3.0, 9.0), 16)
    radii = rng.uniform(0.1, 0.28) * (1.0 + 0.4 * np.sin(angles * rng.uniform(0.4, 1.2)))
    points = np.stack((radii * np.cos(angles), radii * np.sin(angles), np.full(16, 0.008)), axis=1)
    middles, edges = (points[1:] + points[:-1]) / 2, points[1:] - points[:-1]
    sizes = np.stack((np.linalg.norm(edges, axis=1) * 1.1, np.full(15, 0.011), np.full(15, 0.011)), axis=1)
    cable = boxes(sizes, middles * (1, 1, 0), rubber, yaw_rad=np.arctan2(edges[:, 1], edges[:, 0]))
    strip = box((0.3, 0.055, 0.04), paint.of("plain", tint=(0.85, 0.85, 0.85)), at_m=(0.05, 0.0, 0.0))
    return merged([cable, strip]) if rng.random() < 0.4 else cable


def dishes_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """Plates in a pile, with a bowl on top at times."""
    radius, count = rng.uniform(0.08, 0.14), int(rng.integers(1, 8))
    china = paint.of(
        "plain", "dots", "stripes", tint=paint.colour((*WALL_COLOURS, (0.95, 0.95, 0.95))), tile_m=0.3, gloss=0.5
    )
    profile = (
        (0.0, 0.0),
        (0.6 * radius, 0.0),
        (radius, 0.02),
        (0.98 * radius, 0.024),
        (0.6 * radius, 0.008),
        (0.0, 0.008),
    )
    parts = [lathe(profile, china, at_m=(*rng.normal(0, 0.004, 2), 0.01 * k), sections=18) for k in range(count)]
    if rng.random() < 0.4:
        bowl = ((0.0, 0.0), (0.04, 0.0), (0.08, 0.06), (0.075, 0.06), (0.03, 0.01), (0.0, 0.01))
        parts.append(lathe(bowl, china, at_m=(0, 0, 0.01 * count), sections=16))
    return merged(parts)


def fruit_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A bowl of fruit."""
    wood, radius = wood_rand(paint), rng.uniform(0.11, 0.17)
    profile = (
        (0.0, 0.0),
        (0.5 * radius, 0.0),
        (radius, 0.07),
        (0.95 * radius, 0.07),
        (0.4 * radius, 0.015),
        (0.0, 0.015),
    )
    skin = paint.of(
        "plain",
        tint=paint.colour(((0.7, 0.1, 0.05), (0.85, 0.45, 0.05), (0.4, 0.55, 0.1), (0.85, 0.75, 0.15))),
        gloss=0.4,
    )
    angles = np.arange(5) * 2 * np.pi / 5
    places = np.stack((0.55 * radius * np.cos(angles), 0.55 * radius * np.sin(angles), np.full(5, 0.075)), axis=1)
    places = np.concatenate((places, ((0.0, 0.0, 0.12),)))
    return merged([lathe(profile, wood, sections=18), blobs(np.full((6, 3), 0.075), places, skin, subdivisions=1)])


def jars_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """Tins, jars or tubes beside one another."""
    parts = []
    for number in range(int(rng.integers(2, 6))):
        skin = paint.of(
            "text", "picture", "plain", "metal", tint=paint.colour((*TOY_COLOURS, *WALL_COLOURS)), tile_m=0.2, gloss=0.5
        )
        radius, height = rng.uniform(0.025, 0.045), rng.uniform(0.07, 0.2)
        parts.append(cylinder(radius, height, skin, at_m=(0.1 * number - 0.2, rng.normal(0, 0.02), 0.0), sections=12))
    return merged(parts)


def frame_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A photograph in its frame, leaning back, or a small clock."""
    wide, high = rng.uniform(0.1, 0.3), rng.uniform(0.12, 0.3)
    rim, face = wood_rand(paint), paint.of("picture", tile_m=0.3, gloss=0.4)
    leaf = merged([box((wide, 0.012, high), rim), box((wide - 0.03, 0.004, high - 0.03), face, at_m=(0, 0.007, 0.015))])
    tilt = 0.2
    turn = np.array(((1, 0, 0), (0, np.cos(tilt), np.sin(tilt)), (0, -np.sin(tilt), np.cos(tilt))))
    return settled(leaf.turned(turn))


def speaker_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A loudspeaker or another black box that faces +y."""
    size = rng.uniform((0.12, 0.12, 0.18), (0.26, 0.26, 0.42))
    shell, dark = (
        paint.of("wood", "plain", tint=(0.08, 0.07, 0.06), spread=0.5),
        paint.of("plain", tint=(0.02, 0.02, 0.02), gloss=0.4),
    )
    face = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)))
    cones = [
        cylinder(min(size[0], size[2]) * r, 0.012, dark, sections=16).turned(face).moved((0, size[1] / 2, size[2] * z))
        for r, z in ((0.34, 0.36), (0.16, 0.8))
    ]
    return merged([box(size, shell), *cones])


def printer_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A printer, a game console, a microwave oven or a radio."""
    size = rng.uniform((0.28, 0.24, 0.1), (0.5, 0.4, 0.3))
    shell = paint.of(
        "plain",
        tint=paint.colour(((0.85, 0.85, 0.83), (0.06, 0.06, 0.06), (0.4, 0.4, 0.42), (0.7, 0.2, 0.1))),
        gloss=0.4,
    )
    dark = paint.of("plain", tint=(0.03, 0.03, 0.03), gloss=0.7)
    front = box((size[0] * 0.7, 0.008, size[2] * 0.6), dark, at_m=(-0.1 * size[0], size[1] / 2, size[2] * 0.2))
    return merged([box(size, shell), front, box((size[0] * 0.8, size[1] * 0.5, 0.02), shell, at_m=(0, -0.05, size[2]))])


def toolbox_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A tool box, or a power tool on its side."""
    size = rng.uniform((0.3, 0.16, 0.14), (0.5, 0.24, 0.24))
    shell = paint.of("plain", "metal", tint=paint.colour(TOY_COLOURS), spread=0.3, gloss=0.4)
    dark = paint.of("plain", tint=(0.05, 0.05, 0.05))
    return merged(
        [
            box(size, shell),
            box((size[0] * 1.02, size[1] * 1.02, 0.03), dark, at_m=(0, 0, size[2] * 0.6)),
            box((size[0] * 0.4, 0.03, 0.04), dark, at_m=(0, 0, size[2])),
        ]
    )


def paint_can_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A bucket or a tin with its handle."""
    radius, height = rng.uniform(0.08, 0.16), rng.uniform(0.14, 0.32)
    wall = paint.of("metal", "plain", tint=paint.colour((*TOY_COLOURS, (0.6, 0.6, 0.6))), gloss=0.5)
    profile = (
        (0.0, 0.0),
        (0.85 * radius, 0.0),
        (radius, height),
        (0.95 * radius, height),
        (0.8 * radius, 0.02),
        (0.0, 0.02),
    )
    return lathe(profile, wall, sections=18)


def pot_plant_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A small plant in a pot."""
    radius, height = rng.uniform(0.05, 0.11), rng.uniform(0.15, 0.4)
    pot = paint.of("plain", "plaster", "brick", tint=paint.colour((*WALL_COLOURS, (0.6, 0.3, 0.18))), tile_m=0.4)
    leaves = paint.of("leaves", tile_m=(0.25, 0.4), tint=(0.8, 0.9, 0.7), gloss=0.3, cut_out=True)
    profile = (
        (0.0, 0.0),
        (radius * 0.7, 0.0),
        (radius, 1.5 * radius),
        (radius * 0.9, 1.5 * radius),
        (0.0, 1.4 * radius),
    )
    sizes = rng.uniform(0.5, 1.1, (3, 3)) * (2.4 * radius, 2.4 * radius, height)
    places = rng.normal(0.0, 0.3 * radius, (3, 3)) + (0.0, 0.0, 1.5 * radius + height / 2)
    return merged(
        [lathe(profile, pot), blobs(sizes, places, leaves, lumps=lumps_rand(rng, (3, 5), 0.5), subdivisions=1)]
    )


def cushion_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A cushion or a folded blanket on the floor or a seat."""
    size = rng.uniform((0.35, 0.35, 0.1), (0.6, 0.55, 0.2))
    return settled(blob(size, cloth_rand(paint), at_m=(0, 0, size[2] / 2), squareness=0.6))
