"""Furniture of the sealed world; every maker is a sampler.

Sizes are those of real furniture, with the small spread of real furniture, since a picture shows
scale only through things of known size. The back of an item is at negative y.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from eval.sealed.item import Item, Part, box_part, legs, standing, things_on_rand
from eval.sealed.material import Material, any_rand, colour_rand, fabric_rand, paint_rand, stone_rand


def chair_rand(rng: np.random.Generator, material: Material | None = None) -> Item:
    """Seat at 0.43 to 0.47 m, back to about 0.9 m."""
    frame = material or any_rand(rng)
    seat, back, width = rng.uniform(0.43, 0.47), rng.uniform(0.82, 0.98), rng.uniform(0.40, 0.46)
    parts = legs(frame, width, width, seat, 0.022)
    parts.append(box_part(frame if rng.random() < 0.5 else fabric_rand(rng), (0, 0, seat), (width, width, 0.05)))
    low = seat + rng.uniform(0.02, 0.2)
    parts.append(box_part(frame, (0, -width / 2 + 0.02, (low + back) / 2), (width, 0.035, back - low)))
    return standing("chair", width, width, back, parts)


def table_rand(rng: np.random.Generator) -> Item:
    """A dining table with its things, round or rectangular, and none to four chairs."""
    top, height = any_rand(rng), rng.uniform(0.71, 0.77)
    if rng.random() < 0.35:
        radius = rng.uniform(0.42, 0.65)
        width = depth = 2 * radius
        disc = Part(shape="frustum", centre_m=(0, 0, height - 0.02), half_m=(radius, radius, 0.02), material=top)
        foot = Part(shape="frustum", centre_m=(0, 0, 0.02), half_m=(0.26, 0.26, 0.02), material=top)
        pole = Part(shape="frustum", centre_m=(0, 0, height / 2), half_m=(0.05, 0.05, height / 2 - 0.04), material=top)
        parts = [disc, foot, pole]
    else:
        width, depth = rng.uniform(1.1, 1.8), rng.uniform(0.7, 0.95)
        parts = legs(top, width, depth, height - 0.04, rng.uniform(0.025, 0.04))
        parts.append(box_part(top, (0, 0, height - 0.02), (width, depth, 0.04)))
    parts += things_on_rand(rng, width, depth, height, int(rng.integers(0, 4)))
    chair, reach = chair_rand(rng), 0.25
    places = rng.permutation(4)[: rng.integers(0, 5)]
    for place in places:
        parts += _seated(chair, float(place) * np.pi / 2, width, depth, rng.uniform(0.05, reach))
    margin = 0.6 if len(places) else 0.0
    return standing("table", width + margin, depth + margin, height, parts)


def _seated(chair: Item, yaw: float, width: float, depth: float, gap: float) -> list[Part]:
    """A chair's parts at one side of a table, facing it (yaw a multiple of a right angle)."""
    cosine, sine = round(np.cos(yaw)), round(np.sin(yaw))
    out = (depth if cosine else width) / 2 + gap
    return [
        replace(
            part,
            centre_m=(
                cosine * part.centre_m[0] - sine * (part.centre_m[1] - out),
                sine * part.centre_m[0] + cosine * (part.centre_m[1] - out),
                part.centre_m[2],
            ),
            yaw_rad=part.yaw_rad + yaw,
        )
        for part in chair.parts
    ]


def sofa_rand(rng: np.random.Generator) -> Item:
    """Base, back, arms, cushions; also an armchair."""
    cloth, pillow = fabric_rand(rng), fabric_rand(rng)
    width, depth = (rng.uniform(1.5, 2.2) if rng.random() < 0.7 else rng.uniform(0.8, 0.95)), rng.uniform(0.8, 0.95)
    seat, back, arm = rng.uniform(0.38, 0.46), rng.uniform(0.75, 0.9), rng.uniform(0.12, 0.2)
    parts = [
        box_part(cloth, (0, 0, seat / 2 + 0.03), (width, depth, seat - 0.06)),
        box_part(cloth, (0, -depth / 2 + 0.11, back / 2 + 0.03), (width, 0.22, back - 0.06)),
        box_part(cloth, (-width / 2 + arm / 2, 0, 0.31), (arm, depth, 0.56)),
        box_part(cloth, (width / 2 - arm / 2, 0, 0.31), (arm, depth, 0.56)),
    ]
    for _ in range(rng.integers(0, 3)):
        x = rng.uniform(-0.5, 0.5) * (width - 2 * arm - 0.3)
        parts.append(
            Part(
                shape="ellipsoid", centre_m=(x, -depth / 2 + 0.3, seat + 0.18), half_m=(0.22, 0.1, 0.2), material=pillow
            )
        )
    return standing("sofa", width, depth, back, parts)


def bed_rand(rng: np.random.Generator) -> Item:
    """Frame, mattress, headboard at the wall, pillows, a folded blanket."""
    width, depth, height = rng.uniform(0.95, 1.8), rng.uniform(1.95, 2.1), rng.uniform(0.45, 0.58)
    wood, sheet = any_rand(rng), fabric_rand(rng)
    blanket, head = fabric_rand(rng), rng.uniform(0.85, 1.1)
    parts = [
        box_part(wood, (0, 0, 0.15), (width, depth, 0.3)),
        box_part(sheet, (0, 0, (0.3 + height) / 2), (width - 0.06, depth - 0.06, height - 0.3)),
        box_part(wood, (0, -depth / 2 + 0.03, head / 2), (width, 0.06, head)),
        box_part(blanket, (0, depth * 0.15, height + 0.02), (width, depth * 0.6, 0.06)),
    ]
    linen = paint_rand(rng)
    for x in (-0.25, 0.25) if width > 1.3 else (0.0,):
        half = (0.3, 0.2, 0.09)
        parts.append(
            Part(
                shape="ellipsoid",
                centre_m=(x * width, -depth / 2 + 0.33, height + 0.07),
                half_m=half,
                material=linen,
            )
        )
    return standing("bed", width, depth, height, parts)


def cabinet_rand(rng: np.random.Generator) -> Item:
    """Low cabinet or dresser: body, fronts with gaps, knobs, things on top."""
    body, front = any_rand(rng), any_rand(rng)
    width, depth, height = rng.uniform(0.8, 1.7), rng.uniform(0.38, 0.5), rng.uniform(0.65, 0.95)
    num = max(2, round(width / 0.5))
    each = width / num
    parts = [box_part(body, (0, 0, height / 2), (width, depth, height))]
    for n in range(num):
        x = -width / 2 + (n + 0.5) * each
        parts.append(box_part(front, (x, depth / 2, height / 2), (each - 0.04, 0.03, height - 0.1)))
        parts.append(
            Part(
                shape="ellipsoid",
                centre_m=(x + each * 0.3, depth / 2 + 0.03, height * 0.6),
                half_m=(0.02, 0.02, 0.02),
                material=body,
            )
        )
    parts += things_on_rand(rng, width, depth, height, int(rng.integers(0, 4)))
    return standing("cabinet", width, depth, height, parts)


def wardrobe_rand(rng: np.random.Generator) -> Item:
    """Tall body with two or three doors."""
    body = any_rand(rng)
    width, depth, height = rng.uniform(0.9, 1.6), rng.uniform(0.55, 0.65), rng.uniform(1.85, 2.15)
    num = 2 if width < 1.2 else 3
    each = width / num
    parts = [box_part(body, (0, 0, height / 2), (width, depth, height))]
    door = any_rand(rng) if rng.random() < 0.5 else body
    for n in range(num):
        x = -width / 2 + (n + 0.5) * each
        parts.append(box_part(door, (x, depth / 2, height / 2 + 0.03), (each - 0.03, 0.04, height - 0.12)))
    return standing("wardrobe", width, depth, height, parts)


def shelf_rand(rng: np.random.Generator) -> Item:
    """Sides, boards and a block of books on each board."""
    wood = any_rand(rng)
    width, depth, num = rng.uniform(0.6, 1.1), rng.uniform(0.28, 0.36), int(rng.integers(3, 6))
    height = 0.36 * num + 0.04
    parts = [box_part(wood, (x * (width / 2 - 0.0125), 0, height / 2), (0.025, depth, height)) for x in (-1, 1)]
    parts.append(box_part(wood, (0, -depth / 2 + 0.01, height / 2), (width, 0.02, height)))
    for level in range(num + 1):
        parts.append(box_part(wood, (0, 0, 0.02 + level * 0.36), (width, depth, 0.025)))
    for level in range(num):
        left = -width / 2 + 0.04
        while left < width / 2 - 0.2 and rng.random() < 0.75:
            long, tall = rng.uniform(0.1, 0.3), rng.uniform(0.18, 0.3)
            books = replace(
                paint_rand(rng), pattern="stripes", second=colour_rand(rng), scale_m=rng.uniform(0.03, 0.09)
            )
            long = min(long, width / 2 - 0.03 - left)
            parts.append(
                box_part(books, (left + long / 2, -0.03, 0.034 + level * 0.36 + tall / 2), (long, depth - 0.1, tall))
            )
            left += long + rng.uniform(0.0, 0.15)
    return standing("shelf", width, depth, height, parts)


def lamp_rand(rng: np.random.Generator) -> Item:
    """Standing lamp with a glowing shade."""
    metal, height = paint_rand(rng), rng.uniform(1.35, 1.7)
    warm = colour_rand(rng, saturation=(0.05, 0.35), value=(0.8, 1.0))
    shade = Material(pattern="plain", first=warm, second=warm, emission=rng.uniform(0.2, 1.6))
    parts = [
        Part(shape="frustum", centre_m=(0, 0, 0.015), half_m=(0.15, 0.15, 0.015), material=metal),
        Part(shape="frustum", centre_m=(0, 0, height / 2), half_m=(0.015, 0.015, height / 2), material=metal),
        Part(
            shape="frustum",
            centre_m=(0, 0, height),
            half_m=(0.2, 0.2, 0.14),
            material=shade,
            taper=rng.uniform(0.2, 0.6),
        ),
    ]
    return standing("lamp", 0.4, 0.4, height + 0.14, parts)


def plant_rand(rng: np.random.Generator) -> Item:
    """A pot and a bunch of leaves."""
    leaf = replace(
        paint_rand(rng),
        pattern="speckle",
        first=(0.03, rng.uniform(0.12, 0.35), 0.04),
        second=(rng.uniform(0.1, 0.3), rng.uniform(0.3, 0.6), 0.08),
        scale_m=rng.uniform(0.04, 0.09),
    )
    pot, size = stone_rand(rng), rng.uniform(0.13, 0.2)
    parts = [Part(shape="frustum", centre_m=(0, 0, size), half_m=(size, size, size), material=pot, taper=-0.25)]
    for _ in range(rng.integers(3, 7)):
        x, y = rng.normal(0.0, 0.6 * size, 2)
        half = rng.uniform(0.5, 1.3, 3) * size
        z = 2 * size + rng.uniform(0.5, 2.6) * size
        parts.append(
            Part(
                shape="ellipsoid",
                centre_m=(x, y, z),
                half_m=(half[0], half[1], half[2]),
                material=leaf,
                yaw_rad=rng.uniform(0, np.pi),
            )
        )
    return standing("plant", 4 * size, 4 * size, 4.5 * size, parts)


def stool_rand(rng: np.random.Generator) -> Item:
    """A pouf, a stool or a bin: one tapered cylinder."""
    radius, height = rng.uniform(0.15, 0.27), rng.uniform(0.3, 0.5)
    body = Part(
        shape="frustum",
        centre_m=(0, 0, height / 2),
        half_m=(radius, radius, height / 2),
        material=any_rand(rng),
        taper=rng.uniform(-0.2, 0.4),
    )
    return standing("stool", 2.4 * radius, 2.4 * radius, height, [body])


def crate_rand(rng: np.random.Generator) -> Item:
    """One to three cardboard boxes, piled."""
    parts, base = [], 0.0
    for _ in range(rng.integers(1, 4)):
        x, y, z = rng.uniform(0.3, 0.5), rng.uniform(0.3, 0.45), rng.uniform(0.2, 0.38)
        parts.append(replace(box_part(any_rand(rng), (0, 0, base + z / 2), (x, y, z)), yaw_rad=rng.uniform(-0.3, 0.3)))
        base += z
    return standing("crate", 0.6, 0.6, base, parts)


def ball_rand(rng: np.random.Generator) -> Item:
    """A ball on the floor, from a football to one for gymnastics."""
    radius = rng.uniform(0.11, 0.33)
    ball = Part(shape="ellipsoid", centre_m=(0, 0, radius), half_m=(radius,) * 3, material=any_rand(rng))
    return standing("ball", 2 * radius, 2 * radius, 2 * radius, [ball])


def rug_rand(rng: np.random.Generator) -> Item:
    """A round or rectangular rug with a border, 1 cm thick."""
    cloth, border = fabric_rand(rng), fabric_rand(rng)
    if rng.random() < 0.3:
        radius = rng.uniform(0.6, 1.1)
        discs = [(radius, 0.008, border), (0.8 * radius, 0.01, cloth)]
        parts = [
            Part(shape="frustum", centre_m=(0, 0, z / 2), half_m=(r, r, z / 2), material=material)
            for r, z, material in discs
        ]
        return standing("rug", 2 * radius, 2 * radius, 0.01, parts)
    width, depth = rng.uniform(1.4, 2.6), rng.uniform(1.0, 1.7)
    parts = [
        box_part(border, (0, 0, 0.004), (width, depth, 0.008)),
        box_part(cloth, (0, 0, 0.005), (width - 0.3, depth - 0.3, 0.01)),
    ]
    return standing("rug", width, depth, 0.01, parts)


AT_WALL: dict[Callable[[np.random.Generator], Item], float] = {
    sofa_rand: 3.0,
    bed_rand: 1.5,
    cabinet_rand: 3.0,
    wardrobe_rand: 1.5,
    shelf_rand: 2.0,
}
"""Items that stand with their back to a wall, and how often."""
IN_THE_ROOM: dict[Callable[[np.random.Generator], Item], float] = {
    table_rand: 3.0,
    chair_rand: 2.0,
    lamp_rand: 1.5,
    plant_rand: 1.5,
    stool_rand: 1.0,
    crate_rand: 1.0,
    ball_rand: 0.7,
}
"""Items that stand anywhere, turned as they like, and how often."""
