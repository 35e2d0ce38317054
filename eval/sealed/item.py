"""Items of the sealed world: parts that make one thing, and the small things that stand on others.

An item stands on the floor of its own frame: x to its right, y to its front, z up, origin under the
middle of its footprint.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from eval.sealed.material import Material, any_rand, paint_rand
from eval.sealed.raycast import Shape


@dataclass(frozen=True, kw_only=True)
class Part:
    """One solid of an item."""

    shape: Shape
    centre_m: tuple[float, float, float]
    half_m: tuple[float, float, float]
    material: Material
    taper: float = 0.0
    yaw_rad: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Item:
    """A piece of furniture: its parts and the half extents of the floor that it takes."""

    name: str
    footprint_m: tuple[float, float]
    parts: tuple[Part, ...]
    height_m: float


def box_part(material: Material, centre: tuple[float, float, float], size: tuple[float, float, float]) -> Part:
    """A box of full `size` in metres."""
    x, y, z = size
    return Part(shape="box", centre_m=centre, half_m=(x / 2, y / 2, z / 2), material=material)


def legs(material: Material, width: float, depth: float, height: float, radius: float) -> list[Part]:
    """Four round legs under the corners of width x depth."""
    return [
        Part(
            shape="frustum",
            centre_m=(x * (width / 2 - radius), y * (depth / 2 - radius), height / 2),
            half_m=(radius, radius, height / 2),
            material=material,
        )
        for x in (-1, 1)
        for y in (-1, 1)
    ]


def standing(name: str, width: float, depth: float, height: float, parts: list[Part]) -> Item:
    """An item of full width, depth and height in metres."""
    return Item(name=name, footprint_m=(width / 2, depth / 2), parts=tuple(parts), height_m=height)


def moved(parts: list[Part], x: float, y: float, z: float) -> list[Part]:
    """The parts, shifted."""
    return [
        replace(part, centre_m=(part.centre_m[0] + x, part.centre_m[1] + y, part.centre_m[2] + z)) for part in parts
    ]


def small_thing_rand(rng: np.random.Generator) -> list[Part]:
    """What stands on tables: vase, bowl, ball, pile of books, box. Its foot is the origin."""
    kind = rng.integers(5)
    material = any_rand(rng)
    size = rng.uniform(0.05, 0.11)
    if kind == 0:
        body = Part(shape="ellipsoid", centre_m=(0, 0, 1.3 * size), half_m=(size, size, 1.3 * size), material=material)
        neck = Part(
            shape="frustum", centre_m=(0, 0, 2.8 * size), half_m=(0.4 * size, 0.4 * size, size * 0.6), material=material
        )
        return [body, neck]
    if kind == 1:
        half = (1.4 * size, 1.4 * size, 0.5 * size)
        return [Part(shape="frustum", centre_m=(0, 0, half[2]), half_m=half, material=material, taper=0.2)]
    if kind == 2:
        return [Part(shape="ellipsoid", centre_m=(0, 0, size), half_m=(size, size, size), material=material)]
    if kind == 3:
        thickness = rng.uniform(0.02, 0.05, 3)
        return [
            replace(
                box_part(paint_rand(rng), (0, 0, thickness[:n].sum() + t / 2), (0.24, 0.17, t)),
                yaw_rad=rng.uniform(-0.5, 0.5),
            )
            for n, t in enumerate(thickness)
        ]
    height = rng.uniform(0.1, 0.35)
    return [box_part(material, (0, 0, height / 2), (rng.uniform(0.1, 0.3), rng.uniform(0.08, 0.2), height))]


def things_on_rand(rng: np.random.Generator, width: float, depth: float, height: float, num: int) -> list[Part]:
    """`num` small things in a row on a surface of width x depth at `height`."""
    parts: list[Part] = []
    for slot in np.linspace(-0.36, 0.36, max(num, 2))[:num]:
        x = (slot + rng.uniform(-0.05, 0.05)) * width
        parts += moved(small_thing_rand(rng), x, rng.uniform(-0.15, 0.15) * depth, height)
    return parts
