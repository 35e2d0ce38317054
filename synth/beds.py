"""Beds: for one or two, bunk beds and cots, with the head at the wall.

Pieces have their back at y = 0, reach to +y into the room, are centred on x and stand on z = 0.
"""

from __future__ import annotations

import numpy as np

from synth.furniture import Piece, cloth_rand, wood_rand
from synth.mesh import Material, Mesh, merged
from synth.paint import Paint
from synth.shapes import blob, box, boxes, lumps_rand


def bed_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A bed: frame or box, head board, sheet, blanket, pillows; now and then a bunk bed or a cot."""
    style = rng.random()
    if style < 0.12:
        return bunk_bed_rand(rng, paint)
    if style < 0.18:
        return cot_rand(rng, paint)
    width, length, frame = float(rng.choice((0.95, 1.25, 1.5, 1.8))), rng.uniform(1.95, 2.1), wood_rand(paint)
    base, thick = rng.uniform(0.18, 0.4), rng.uniform(0.16, 0.3)
    top = base + thick
    parts = _base_rand(rng, paint, frame, width, length, base)
    sheet = cloth_rand(paint)
    parts.append(
        blob((width, length - 0.04, thick + 0.06), sheet, at_m=(0, length / 2, base + thick / 2), squareness=0.85)
    )
    if rng.random() < 0.8:
        head = frame if rng.random() < 0.6 else cloth_rand(paint)
        parts.append(box((width + 0.08, 0.06, rng.uniform(0.8, 1.3)), head, at_m=(0, 0.03, 0)))
    parts.append(_blanket_rand(rng, paint, width, length, top, thick))
    parts += _pillows_rand(rng, paint, width, top)
    area = (-0.35 * width, 0.35 * width, 0.8, length - 0.3, top + 0.09)
    return Piece(merged(parts), (width + 0.08, length, top + 0.1), (area,), ((0.25 * width, length - 0.35, top),))


def _base_rand(
    rng: np.random.Generator, paint: Paint, frame: Material, width: float, length: float, base: float
) -> list[Mesh]:
    """A closed box, or a frame on legs."""
    if rng.random() < 0.55:
        return [box((width + 0.04, length, base), frame, at_m=(0, length / 2, 0))]
    x, y = width / 2 - 0.04, np.array((0.06, length - 0.06))
    places = np.array([(s * x, v, 0.0) for s in (-1, 1) for v in y])
    rails = box((width + 0.04, length, 0.14), frame, at_m=(0, length / 2, base - 0.14))
    return [rails, boxes(np.tile((0.07, 0.07, base - 0.1), (4, 1)), places, frame)]


def _blanket_rand(
    rng: np.random.Generator, paint: Paint, width: float, length: float, top: float, thick: float
) -> Mesh:
    """Laid out, pushed to the foot, or a heap."""
    cover, drop = rng.uniform(0.35, 0.8) * length, rng.uniform(0.08, 0.25)
    is_heap = rng.random() < 0.25
    lumps = lumps_rand(rng, 12, 0.35 if is_heap else 0.1)
    size = (width * rng.uniform(0.6, 0.95), cover, thick * 0.9) if is_heap else (width + 0.1, cover, thick + drop)
    lift = top + 0.04 if is_heap else top - (thick + drop) / 2 + 0.06
    place = (0.0, length - cover / 2 + 0.03, lift)
    return blob(size, cloth_rand(paint), at_m=place, squareness=0.4 if is_heap else 0.82, subdivisions=3, lumps=lumps)


def _pillows_rand(rng: np.random.Generator, paint: Paint, width: float, top: float) -> list[Mesh]:
    cloth, parts = cloth_rand(paint), []
    for x in (0.0,) if width < 1.3 else (-width / 4, width / 4):
        for row in range(int(rng.integers(1, 3))):
            size = (min(0.65, width * 0.46), 0.4, 0.17)
            pillow = blob(size, cloth if rng.random() < 0.6 else cloth_rand(paint), squareness=0.5)
            place = (x + rng.normal(0, 0.02), 0.3 + 0.06 * row, top + 0.09 + 0.13 * row)
            parts.append(pillow.moved(place, yaw_rad=float(rng.normal(0, 0.1))))
    return parts


def bunk_bed_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """Two beds over one another with a ladder."""
    width, length, wood = 0.98, rng.uniform(1.95, 2.08), wood_rand(paint)
    high = rng.uniform(1.15, 1.4)
    posts = np.array([(sx * (width / 2), y, 0.0) for sx in (-1, 1) for y in (0.04, length - 0.04)])
    parts = [boxes(np.tile((0.07, 0.07, high + 0.45), (4, 1)), posts, wood)]
    for level in (0.28, high):
        parts.append(box((width, length, 0.1), wood, at_m=(0, length / 2, level)))
        parts.append(
            blob(
                (width - 0.08, length - 0.1, 0.2), cloth_rand(paint), at_m=(0, length / 2, level + 0.16), squareness=0.8
            )
        )
        parts.append(blob((0.5, 0.35, 0.14), cloth_rand(paint), at_m=(0, 0.28, level + 0.3), squareness=0.5))
    for side in (-1, 1):
        parts.append(box((0.03, length, 0.12), wood, at_m=(side * width / 2, length / 2, high + 0.28)))
    rungs = np.array([(0.0, length + 0.02, z) for z in np.arange(0.2, high, 0.25)])
    parts.append(boxes(np.tile((0.4, 0.03, 0.03), (len(rungs), 1)), rungs, wood))
    parts += [box((0.03, 0.04, high + 0.3), wood, at_m=(s * 0.2, length + 0.02, 0)) for s in (-1, 1)]
    return Piece(merged(parts), (width + 0.07, length + 0.04, high + 0.45), ((-0.3, 0.3, 0.7, length - 0.3, 0.56),))


def cot_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A child's bed with bars."""
    width, length, wood, rail = 0.66, 1.26, wood_rand(paint), rng.uniform(0.75, 0.95)
    parts = [box((width, length, 0.06), wood, at_m=(0, length / 2, 0.25))]
    parts.append(
        blob((width - 0.05, length - 0.05, 0.16), cloth_rand(paint), at_m=(0, length / 2, 0.37), squareness=0.8)
    )
    y = np.arange(0.03, length, 0.09)
    for side in (-1, 1):
        x = side * (width / 2 - 0.01)
        bars = np.stack((np.full(len(y), x), y, np.zeros(len(y))), axis=1)
        parts.append(boxes(np.tile((0.02, 0.02, rail), (len(y), 1)), bars, wood))
        parts.append(box((0.03, length, 0.04), wood, at_m=(x, length / 2, rail)))
        parts.append(box((width, 0.03, rail + 0.05), wood, at_m=(0, 0.02 if side < 0 else length - 0.02, 0)))
    return Piece(merged(parts), (width + 0.02, length, rail + 0.05), ((-0.2, 0.2, 0.3, length - 0.3, 0.45),))
