"""Seating: chairs, sofas and beds.

Pieces have their back at y = 0, reach to +y into the room, are centred on x and stand on z = 0.
"""

from __future__ import annotations

import numpy as np

from synth.furniture import Piece, cloth_rand, wood_rand
from synth.mesh import merged
from synth.paint import Paint
from synth.shapes import blob, box, boxes, cylinder, lumps_rand, tube


def chair_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A chair whose back is at y = 0; wooden, upholstered or with castors."""
    width, depth, seat = rng.uniform(0.4, 0.5), rng.uniform(0.4, 0.5), rng.uniform(0.42, 0.48)
    height, frame = seat + rng.uniform(0.35, 0.55), wood_rand(paint)
    cover = cloth_rand(paint) if rng.random() < 0.6 else frame
    parts = []
    if rng.random() < 0.3:  # office chair
        dark = paint.of("plain", tint=(0.05, 0.05, 0.05), gloss=0.3)
        parts.append(cylinder(0.03, seat - 0.08, dark, at_m=(0, depth / 2, 0.05)))
        for angle in np.arange(5) * 2 * np.pi / 5:
            tip = (0.22 * np.cos(angle), depth / 2 + 0.22 * np.sin(angle), 0.05)
            parts.append(tube((0, depth / 2, 0.09), tip, 0.022, dark, sections=6))
        parts.append(blob((width, depth, 0.12), cover, at_m=(0, depth / 2, seat - 0.05), squareness=0.6))
        parts.append(
            blob((width, 0.1, height - seat), cover, at_m=(0, 0.05, (height + seat) / 2 + 0.06), squareness=0.6)
        )
        parts.append(box((0.05, 0.03, 0.3), dark, at_m=(0, 0.02, seat - 0.1)))
        if rng.random() < 0.6:
            for side in (-1, 1):
                parts.append(box((0.05, 0.26, 0.03), dark, at_m=(side * width / 2, depth / 2, seat + 0.18)))
                parts.append(box((0.03, 0.03, 0.2), dark, at_m=(side * width / 2, depth / 2, seat - 0.02)))
        return Piece(merged(parts), (width, depth, height))
    leg = rng.uniform(0.025, 0.045)
    for side in (-1, 1):
        parts.append(box((leg, leg, height), frame, at_m=(side * (width - leg) / 2, leg / 2, 0)))
        parts.append(box((leg, leg, seat), frame, at_m=(side * (width - leg) / 2, depth - leg / 2, 0)))
    parts.append(box((width, depth, 0.035), frame, at_m=(0, depth / 2, seat - 0.035)))
    if cover is not frame:
        parts.append(blob((width * 0.98, depth * 0.98, 0.09), cover, at_m=(0, depth / 2, seat), squareness=0.65))
    if rng.random() < 0.5:
        parts.append(
            box((width - leg, 0.025, (height - seat) * 0.7), cover, at_m=(0, leg / 2, seat + (height - seat) * 0.3))
        )
    else:
        count = int(rng.integers(2, 6))
        x = np.linspace(-0.5, 0.5, count + 2)[1:-1] * (width - leg)
        places = np.stack((x, np.full(count, leg / 2), np.full(count, seat)), axis=1)
        parts.append(boxes(np.tile((0.025, 0.02, height - seat - 0.03), (count, 1)), places, frame))
        parts.append(box((width, leg, 0.06), frame, at_m=(0, leg / 2, height - 0.06)))
    return Piece(merged(parts), (width, depth, height))


def sofa_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """An armchair or a sofa with cushions."""
    seats = int(rng.integers(1, 4))
    seat_width, depth = rng.uniform(0.55, 0.7), rng.uniform(0.8, 1.0)
    arm, seat, height = rng.uniform(0.1, 0.24), rng.uniform(0.38, 0.46), rng.uniform(0.72, 0.95)
    width, cover = seats * seat_width + 2 * arm, cloth_rand(paint)
    back = rng.uniform(0.18, 0.28)
    parts = [box((width, depth, seat - 0.14), cover, at_m=(0, depth / 2, 0.04))]
    parts.append(blob((width, back, height - 0.1), cover, at_m=(0, back / 2, 0.05 + height / 2), squareness=0.75))
    for side in (-1, 1):
        place = (side * (width - arm) / 2, depth / 2, 0.32)
        parts.append(blob((arm, depth, 0.6), cover, at_m=place, squareness=0.75))
    for number in range(seats):
        x = (number + 0.5) * seat_width - seats * seat_width / 2
        parts.append(
            blob(
                (seat_width * 0.99, depth - back, 0.2),
                cover,
                at_m=(x, back + (depth - back) / 2, seat - 0.08),
                squareness=0.7,
            )
        )
        parts.append(blob((seat_width * 0.97, 0.24, 0.5), cover, at_m=(x, back + 0.06, seat + 0.22), squareness=0.6))
        if rng.random() < 0.45:
            pillow = blob((0.42, 0.16, 0.4), cloth_rand(paint), squareness=0.5).moved(
                (x + rng.normal(0, 0.08), back + 0.24, seat + 0.2), yaw_rad=rng.normal(0, 0.3)
            )
            parts.append(pillow)
    return Piece(
        merged(parts), (width, depth, height), ((-0.3 * width, 0.3 * width, back + 0.25, depth - 0.1, seat + 0.02),)
    )


def bed_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A bed with its head at the wall."""
    width, length, frame = rng.choice((0.95, 1.25, 1.5, 1.8)), rng.uniform(1.95, 2.1), wood_rand(paint)
    base, thick = rng.uniform(0.2, 0.4), rng.uniform(0.18, 0.3)
    top = base + thick
    parts = [box((width + 0.04, length, base), frame, at_m=(0, length / 2, 0))]
    sheet, blanket = cloth_rand(paint), cloth_rand(paint)
    parts.append(
        blob((width, length - 0.04, thick + 0.06), sheet, at_m=(0, length / 2, base + thick / 2), squareness=0.85)
    )
    if rng.random() < 0.8:
        parts.append(box((width + 0.08, 0.06, rng.uniform(0.8, 1.25)), frame, at_m=(0, 0.03, 0)))
    cover = rng.uniform(0.5, 0.8) * length
    drop = rng.uniform(0.1, 0.3)
    lumps = lumps_rand(rng, 9, 0.1)
    parts.append(
        blob(
            (width + 0.1, cover, thick + drop),
            blanket,
            at_m=(0, length - cover / 2 + 0.03, top - (thick + drop) / 2 + 0.06),
            squareness=0.82,
            subdivisions=3,
            lumps=lumps,
        )
    )
    for x in (0.0,) if width < 1.3 else (-width / 4, width / 4):
        parts.append(
            blob((min(0.65, width * 0.46), 0.4, 0.17), cloth_rand(paint), at_m=(x, 0.3, top + 0.09), squareness=0.5)
        )
    return Piece(
        merged(parts),
        (width + 0.08, length, top + 0.1),
        ((-0.35 * width, 0.35 * width, 0.8, length - 0.3, top + 0.09),),
    )
