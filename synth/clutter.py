"""Clutter: small things that lie on furniture and floors, centred on x and y, standing on z = 0."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.belongings import (
    bag_rand,
    cable_rand,
    cushion_rand,
    dishes_rand,
    frame_rand,
    fruit_rand,
    jars_rand,
    laundry_rand,
    paint_can_rand,
    pot_plant_rand,
    printer_rand,
    shoes_rand,
    soft_toy_rand,
    speaker_rand,
    toolbox_rand,
    toy_car_rand,
    toys_rand,
)
from synth.fittings import screen_rand
from synth.furniture import settled
from synth.mesh import Mesh, merged
from synth.paint import CLOTH_COLOURS, WALL_COLOURS, Paint
from synth.shapes import blob, box, boxes, cylinder, lathe, lumps_rand, tube

ClutterMaker = Callable[[np.random.Generator, Paint], Mesh]


def book_pile_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A few books on top of one another."""
    count = int(rng.integers(1, 6))
    sizes = np.stack(
        (rng.uniform(0.12, 0.26, count), rng.uniform(0.16, 0.3, count), rng.uniform(0.01, 0.045, count)), axis=1
    )
    lifts = np.concatenate(((0.0,), np.cumsum(sizes[:-1, 2] + 0.0005)))
    places = np.concatenate((rng.normal(0, 0.008, (count, 2)), lifts[:, None]), axis=1)
    tints = np.array(CLOTH_COLOURS)[rng.integers(len(CLOTH_COLOURS), size=count)] * 1.6
    return boxes(
        sizes,
        places,
        paint.of("text", "picture", "plain", tile_m=0.3, gloss=0.3),
        tints=tints,
        yaw_rad=rng.normal(0, 0.2, count),
    )


def carton_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A packet or a small box."""
    size = rng.uniform((0.05, 0.04, 0.04), (0.28, 0.2, 0.3))
    return box(
        size,
        paint.of(
            "text",
            "picture",
            "plain",
            "stripes",
            tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)),
            tile_m=0.25,
            spread=0.3,
            gloss=0.3,
        ),
    )


def bottle_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A bottle."""
    radius, height = rng.uniform(0.025, 0.05), rng.uniform(0.14, 0.34)
    glass = paint.of(
        "plain",
        tint=paint.colour(((0.05, 0.15, 0.05), (0.3, 0.3, 0.32), (0.2, 0.08, 0.02), (0.7, 0.7, 0.7), (0.5, 0.1, 0.1))),
        gloss=0.85,
        variation=0.0,
    )
    label = paint.of("text", "picture", tile_m=0.2)
    profile = (
        (0.0, 0.0),
        (radius, 0.0),
        (radius, 0.6 * height),
        (0.35 * radius, 0.8 * height),
        (0.35 * radius, height),
        (0.0, height),
    )
    return merged(
        [
            lathe(profile, glass, sections=12),
            cylinder(radius * 1.02, 0.3 * height, label, at_m=(0, 0, 0.15 * height), sections=12),
        ]
    )


def cup_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A cup, mug, bowl or plate."""
    radius = rng.uniform(0.035, 0.14)
    height = radius * (rng.uniform(1.6, 2.4) if radius < 0.06 else rng.uniform(0.15, 0.9))
    china = paint.of(
        "plain", "dots", "stripes", tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)), tile_m=0.2, gloss=0.6
    )
    profile = (
        (0.0, 0.0),
        (0.6 * radius, 0.0),
        (radius, height),
        (0.92 * radius, height),
        (0.5 * radius, 0.1 * height),
        (0.0, 0.1 * height),
    )
    return lathe(profile, china, sections=16)


def vase_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A vase, with twigs at times."""
    height, radii = rng.uniform(0.12, 0.4), rng.uniform(0.03, 0.11, 4)
    china = paint.of(
        "plain", "marble", "stripes", "metal", tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)), tile_m=0.3, gloss=0.6
    )
    profile = [(0.0, 0.0), *zip(radii, np.linspace(0, height, 4), strict=True), (0.0, height - 0.01)]
    parts = [lathe(profile, china)]
    if rng.random() < 0.4:
        leaves = paint.of("leaves", tile_m=0.35, cut_out=True, gloss=0.2)
        parts.append(
            blob(rng.uniform(0.15, 0.35, 3), leaves, at_m=(0, 0, height + 0.12), lumps=lumps_rand(rng, 6, 0.5))
        )
    return merged(parts)


def desk_lamp_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A table lamp with a shade."""
    height, radius = rng.uniform(0.3, 0.55), rng.uniform(0.08, 0.17)
    foot = paint.of("plain", "metal", "wood", tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)), tile_m=0.4, gloss=0.5)
    shade = paint.of("fabric", "plain", tint=(0.95, 0.88, 0.7), tile_m=0.4, emission=float(rng.choice((0.0, 0.5))))
    profile = (
        (0.0, 0.0),
        (0.07, 0.0),
        (0.06, 0.03),
        (0.02, 0.06),
        (rng.uniform(0.02, 0.07), 0.5 * height),
        (0.015, 0.7 * height),
        (0.0, 0.7 * height),
    )
    return merged(
        [
            lathe(profile, foot),
            cylinder(radius, 0.45 * height, shade, at_m=(0, 0, 0.55 * height), top=rng.uniform(0.4, 1.0), sections=18),
        ]
    )


def laptop_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """An open laptop that faces +y."""
    shell = paint.of(
        "metal", "plain", tint=paint.colour(((0.6, 0.6, 0.6), (0.05, 0.05, 0.05), (0.3, 0.3, 0.32))), gloss=0.5
    )
    face = paint.of(
        "picture", "text", "plain", tile_m=0.34, tint=(0.7, 0.7, 0.75), emission=float(rng.choice((0.0, 0.4)))
    )
    keys = paint.of("text", tint=(0.3, 0.3, 0.3), tile_m=0.3)
    lid = merged([box((0.34, 0.008, 0.23), shell), box((0.32, 0.002, 0.21), face, at_m=(0, 0.005, 0.01))])
    tilt = rng.uniform(0.05, 0.5)
    turn = np.array(((1, 0, 0), (0, np.cos(tilt), -np.sin(tilt)), (0, np.sin(tilt), np.cos(tilt))))
    return merged(
        [
            box((0.34, 0.24, 0.018), shell),
            box((0.3, 0.12, 0.004), keys, at_m=(0, -0.04, 0.018)),
            lid.turned(turn).moved((0, -0.118, 0.018)),
        ]
    )


def monitor_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A computer screen."""
    return screen_rand(rng, paint)


def paper_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """Sheets or a magazine."""
    sheet = paint.of("text", "text", "picture", tile_m=0.3, tint=(1.1, 1.1, 1.1))
    return box((0.21, 0.29, rng.uniform(0.002, 0.012)), sheet)


def cloth_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A heap of clothes, a bag or a soft toy."""
    cloth = paint.of("fabric", "carpet", "stripes", "plain", tint=paint.colour(CLOTH_COLOURS), tile_m=0.5, spread=0.4)
    size = rng.uniform((0.2, 0.15, 0.08), (0.5, 0.4, 0.3))
    heap = blob(size, cloth, at_m=(0, 0, size[2] * 0.42), squareness=0.3, lumps=lumps_rand(rng, 10, 0.35))
    return settled(heap)


def ball_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A ball or a fruit."""
    radius = rng.uniform(0.035, 0.13)
    skin = paint.of(
        "plain",
        "checker",
        "stripes",
        tint=paint.colour(((0.7, 0.1, 0.05), (0.8, 0.6, 0.1), (0.2, 0.5, 0.1), (0.1, 0.2, 0.6), (0.9, 0.9, 0.9))),
        tile_m=0.3,
        gloss=0.5,
    )
    return blob((2 * radius,) * 3, skin, at_m=(0, 0, radius))


def basket_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A bin or a basket."""
    radius, height = rng.uniform(0.1, 0.2), rng.uniform(0.2, 0.4)
    wall = paint.of("fabric", "plain", "wood", "metal", tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)), tile_m=0.4)
    profile = (
        (0.0, 0.0),
        (0.8 * radius, 0.0),
        (radius, height),
        (0.95 * radius, height),
        (0.76 * radius, 0.02),
        (0.0, 0.02),
    )
    return lathe(profile, wall, sections=16)


def kettle_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A pot, a kettle or a toaster."""
    metal = paint.of(
        "metal",
        "plain",
        tint=paint.colour(((0.6, 0.6, 0.6), (0.05, 0.05, 0.05), (0.6, 0.1, 0.05), (0.85, 0.8, 0.7))),
        gloss=0.8,
    )
    radius, height = rng.uniform(0.07, 0.13), rng.uniform(0.1, 0.24)
    if rng.random() < 0.35:
        return box((0.28, 0.17, 0.19), metal)
    parts = [
        cylinder(radius, height, metal, top=rng.uniform(0.8, 1.0), sections=18),
        cylinder(0.02, 0.03, metal, at_m=(0, 0, height)),
    ]
    parts.append(tube((radius * 0.9, 0, 0.7 * height), (radius + 0.12, 0, 0.8 * height), 0.012, metal, sections=6))
    return merged(parts)


TABLE_TOP = (
    book_pile_rand, carton_rand, bottle_rand, cup_rand, cup_rand, vase_rand, laptop_rand, paper_rand, ball_rand,
    desk_lamp_rand, frame_rand, pot_plant_rand, jars_rand, dishes_rand, speaker_rand, bag_rand, fruit_rand,
)  # fmt: skip
DESK_TOP = (
    monitor_rand, monitor_rand, monitor_rand, laptop_rand, paper_rand, paper_rand, book_pile_rand, cup_rand,
    desk_lamp_rand, carton_rand, jars_rand, printer_rand, frame_rand, pot_plant_rand, cable_rand, speaker_rand,
)  # fmt: skip
KITCHEN_TOP = (
    bottle_rand, bottle_rand, cup_rand, cup_rand, kettle_rand, kettle_rand, carton_rand, vase_rand, fruit_rand,
    dishes_rand, dishes_rand, jars_rand, jars_rand, printer_rand, paper_rand, bag_rand,
)  # fmt: skip
BATH_TOP = (bottle_rand, bottle_rand, jars_rand, cup_rand, cloth_rand, carton_rand, pot_plant_rand)
BED_TOP = (cloth_rand, cloth_rand, book_pile_rand, laptop_rand, soft_toy_rand, bag_rand, cushion_rand, paper_rand)
SEAT_TOP = (cloth_rand, cushion_rand, bag_rand, book_pile_rand, laundry_rand)
WORK_TOP = (
    toolbox_rand,
    toolbox_rand,
    paint_can_rand,
    jars_rand,
    carton_rand,
    cable_rand,
    bottle_rand,
    paper_rand,
    cup_rand,
)
SHOP_TOP = (carton_rand, carton_rand, jars_rand, bottle_rand, fruit_rand, bag_rand, book_pile_rand)
BY_PIECE: dict[str, tuple[ClutterMaker, ...]] = {
    "bed_rand": BED_TOP, "sofa_rand": SEAT_TOP, "chair_rand": SEAT_TOP, "bench_rand": SEAT_TOP,
    "desk_rand": DESK_TOP, "booth_rand": DESK_TOP, "workbench_rand": WORK_TOP, "washer_rand": BATH_TOP,
}  # fmt: skip
"""What lies on pieces whose use does not depend on the room."""

FLOOR = (
    cloth_rand, ball_rand, book_pile_rand, basket_rand, basket_rand, carton_rand, carton_rand, paper_rand, bag_rand,
    bag_rand, shoes_rand, shoes_rand, toys_rand, toy_car_rand, soft_toy_rand, laundry_rand, cable_rand, cushion_rand,
    pot_plant_rand, speaker_rand,
)  # fmt: skip
WORK_FLOOR = (
    basket_rand,
    carton_rand,
    carton_rand,
    bag_rand,
    bag_rand,
    paper_rand,
    cable_rand,
    cable_rand,
    book_pile_rand,
)
WORKSHOP_FLOOR = (
    toolbox_rand,
    paint_can_rand,
    paint_can_rand,
    carton_rand,
    carton_rand,
    cable_rand,
    basket_rand,
    bag_rand,
)
WET_FLOOR = (basket_rand, paint_can_rand, cloth_rand, shoes_rand, laundry_rand, carton_rand)
