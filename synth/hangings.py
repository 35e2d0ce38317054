"""Hangings: what hangs on walls. Back at y = 0, centred on x, z is the height above the floor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.furniture import cloth_rand, wood_rand
from synth.mesh import Mesh, merged
from synth.paint import CLOTH_COLOURS, WALL_COLOURS, Paint
from synth.shapes import blob, box, boxes, cylinder
from synth.storage import books_rand

Hanging = Callable[[np.random.Generator, Paint], Mesh]
RIMS = ((0.9, 0.9, 0.9), (0.05, 0.05, 0.05), (0.6, 0.4, 0.2))
LYING = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)))
"""Turns what stands on z = 0 so that it stands on a wall."""


def picture_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A picture, poster or board; some hang in a group."""
    count = int(rng.choice((1, 2, 3), p=(0.75, 0.15, 0.1)))
    width, height = rng.uniform(0.2, 1.1 / count**0.5), rng.uniform(0.2, 0.9)
    low = rng.uniform(1.05, 1.6)
    parts = []
    for number in range(count):
        x = (number - (count - 1) / 2) * (width + 0.08)
        rim = paint.of("wood", "plain", tint=paint.colour(RIMS), gloss=0.4)
        face = paint.of("picture", "picture", "text", "plain", "marble", tile_m=max(width, height), gloss=0.4)
        parts += [
            box((width, 0.02, height), rim, at_m=(x, 0.01, low)),
            box((width - 0.05, 0.012, height - 0.05), face, at_m=(x, 0.02, low + 0.025)),
        ]
    return merged(parts)


def shelf_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """Shelves with books and boxes."""
    width, depth, low, wood = rng.uniform(0.4, 1.3), rng.uniform(0.15, 0.28), rng.uniform(1.0, 1.55), wood_rand(paint)
    parts = []
    for level in range(int(rng.integers(1, 4))):
        z = low + 0.36 * level
        parts.append(box((width, depth, 0.025), wood, at_m=(0, depth / 2, z)))
        if rng.random() < 0.8:
            parts.append(books_rand(rng, paint, width * 0.9, depth - 0.03, 0.28).moved((0, 0.02, z + 0.025)))
    return merged(parts)


def clock_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A round clock or plate."""
    radius = rng.uniform(0.11, 0.22)
    rim = cylinder(radius, 0.035, paint.of("plain", "wood", "metal", tint=paint.colour(RIMS), gloss=0.5), sections=24)
    face = cylinder(radius * 0.88, 0.04, paint.of("plain", "text", tint=(0.95, 0.95, 0.92), tile_m=0.4), sections=24)
    return merged([rim, face]).turned(LYING).moved((0, 0.0, rng.uniform(1.6, 2.1)))


def radiator_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A radiator on its feet, close to the wall."""
    count, height = int(rng.integers(8, 24)), rng.uniform(0.4, 0.75)
    white = paint.of("plain", tint=paint.colour(((0.9, 0.9, 0.88), (0.9, 0.9, 0.88), (0.3, 0.3, 0.32))), gloss=0.4)
    x = (np.arange(count) - (count - 1) / 2) * 0.06
    fins = boxes(np.tile((0.045, 0.09, height), (count, 1)), np.stack((x, 0 * x + 0.07, 0 * x + 0.12), axis=1), white)
    back = box((count * 0.06, 0.03, height - 0.1), white, at_m=(0, 0.07, 0.17))
    feet = boxes(np.tile((0.03, 0.05, 0.13), (2, 1)), np.array(((x[0], 0.07, 0.0), (x[-1], 0.07, 0.0))), white)
    return merged([fins, back, feet])


def coat_hooks_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A rail with coats and bags."""
    width, low = rng.uniform(0.4, 1.2), rng.uniform(1.5, 1.75)
    parts = [box((width, 0.025, 0.1), wood_rand(paint), at_m=(0, 0.012, low))]
    for x in np.arange(-width / 2 + 0.12, width / 2 - 0.1, 0.24):
        if rng.random() < 0.7:
            long = float(rng.uniform(0.5, 1.1))
            size, place = (rng.uniform(0.22, 0.36), 0.16, long), (float(x), 0.11, low + 0.05 - long / 2)
            parts.append(blob(size, cloth_rand(paint), at_m=place, squareness=0.4))
    return merged(parts)


def board_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A white, black or cork board with notes."""
    width, height, low = rng.uniform(0.7, 2.4), rng.uniform(0.6, 1.2), rng.uniform(0.85, 1.05)
    tints = ((0.95, 0.95, 0.95), (0.95, 0.95, 0.95), (0.03, 0.08, 0.05), (0.55, 0.38, 0.2))
    rim = paint.of("metal", "wood", gloss=0.4)
    face = paint.of("plain", "plaster", tint=paint.colour(tints), gloss=0.3)
    parts = [box((width, 0.025, height), rim, at_m=(0, 0.012, low))]
    parts.append(box((width - 0.05, 0.03, height - 0.05), face, at_m=(0, 0.016, low + 0.025)))
    count = int(rng.integers(0, 9))
    if count:
        x, z = rng.uniform(-0.42, 0.42, count) * width, low + rng.uniform(0.1, 0.65, count) * height
        sizes = np.tile((0.15, 0.004, 0.2), (count, 1)) * rng.uniform(0.6, 1.2, (count, 1))
        notes = paint.of("text", "picture", tile_m=0.25)
        parts.append(boxes(sizes, np.stack((x, 0.032 + 0.002 * np.arange(count), z), axis=1), notes))
    return merged(parts)


def towels_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """Towels or cloths on a rail."""
    count, low = int(rng.integers(1, 4)), rng.uniform(0.6, 1.1)
    parts = [box((0.5 * count, 0.02, 0.02), paint.of("metal", gloss=0.8), at_m=(0, 0.07, low + 0.6))]
    for number in range(count):
        long = float(rng.uniform(0.35, 0.75))
        place = ((number - (count - 1) / 2) * 0.48, 0.07, low + 0.62 - long)
        parts.append(box((rng.uniform(0.25, 0.42), 0.035, long), cloth_rand(paint), at_m=place))
    return merged(parts)


def appliance_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """An air conditioner, a fuse box or a boiler."""
    size, low = [((0.85, 0.2, 0.28), 2.0), ((0.35, 0.1, 0.5), 1.3), ((0.45, 0.35, 0.75), 1.2)][int(rng.integers(3))]
    shell = paint.of("plain", "metal", tint=(0.88, 0.88, 0.86), spread=0.2, gloss=0.4)
    slot = paint.of("plain", tint=(0.1, 0.1, 0.1))
    front = (size[0] * 0.8, 0.01, size[2] * 0.15)
    return merged([box(size, shell, at_m=(0, size[1] / 2, low)), box(front, slot, at_m=(0, size[1], low + 0.05))])


def flat_television_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A flat screen on the wall."""
    width, low = rng.uniform(0.8, 1.5), rng.uniform(0.9, 1.5)
    is_on = rng.random() < 0.35
    shell, dark = (
        paint.of("plain", tint=(0.03, 0.03, 0.03), gloss=0.5),
        paint.of("plain", tint=(0.02, 0.02, 0.022), gloss=0.9),
    )
    face = paint.of("picture", tile_m=width, emission=0.4) if is_on else dark
    height = width * 0.57
    return merged(
        [
            box((width, 0.06, height), shell, at_m=(0, 0.05, low)),
            box((width - 0.04, 0.01, height - 0.04), face, at_m=(0, 0.082, low + 0.02)),
        ]
    )


def wall_lamp_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A small lamp on the wall."""
    low, radius = rng.uniform(1.4, 1.9), rng.uniform(0.06, 0.12)
    shade = paint.of("fabric", "plain", tint=(0.95, 0.88, 0.7), emission=float(rng.choice((0.0, 0.5))))
    arm = paint.of("metal", tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)), gloss=0.6)
    parts = [box((0.03, 0.14, 0.02), arm, at_m=(0, 0.07, low))]
    parts.append(cylinder(radius, 0.18, shade, at_m=(0, 0.14, low), top=rng.uniform(0.6, 1.0)))
    return merged(parts)


HANGINGS: tuple[Hanging, ...] = (
    picture_rand, picture_rand, picture_rand, picture_rand, shelf_rand, shelf_rand, clock_rand, radiator_rand,
    radiator_rand, coat_hooks_rand, board_rand, towels_rand, appliance_rand, flat_television_rand, wall_lamp_rand,
)  # fmt: skip
