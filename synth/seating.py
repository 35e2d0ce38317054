"""Seating: chairs, stools, benches and sofas.

Pieces have their back at y = 0, reach to +y into the room, are centred on x and stand on z = 0.
"""

from __future__ import annotations

import numpy as np

from synth.furniture import Piece, cloth_rand, settled, wood_rand
from synth.mesh import Material, Mesh, merged
from synth.paint import CLOTH_COLOURS, WALL_COLOURS, Paint
from synth.shapes import blob, box, boxes, cylinder, lumps_rand, tube


def chair_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A chair: legs of one kind, a seat, a back of one kind, arms at times."""
    if rng.random() < 0.22:
        return office_chair_rand(rng, paint)
    width, depth, seat = rng.uniform(0.4, 0.52), rng.uniform(0.4, 0.5), rng.uniform(0.42, 0.48)
    height, frame = seat + rng.uniform(0.3, 0.58), wood_rand(paint)
    if rng.random() < 0.25:
        frame = paint.of("metal", "plain", tint=paint.colour(((0.6, 0.6, 0.6), (0.05, 0.05, 0.05))), gloss=0.6)
    cover = cloth_rand(paint) if rng.random() < 0.55 else wood_rand(paint)
    leg = rng.uniform(0.02, 0.045)
    parts = _legs_rand(rng, frame, width, depth, seat, height, leg)
    parts.append(box((width, depth, 0.035), frame, at_m=(0, depth / 2, seat - 0.035)))
    if rng.random() < 0.5:
        parts.append(blob((width * 0.98, depth * 0.98, 0.09), cover, at_m=(0, depth / 2, seat), squareness=0.65))
    parts += _back_rand(rng, frame, cover, width, seat, height, leg)
    if rng.random() < 0.2:
        for side in (-1, 1):
            x = side * (width / 2 - 0.015)
            parts.append(box((0.035, depth * 0.85, 0.03), frame, at_m=(x, depth * 0.43, seat + 0.2)))
            parts.append(box((0.03, 0.03, 0.2), frame, at_m=(x, depth * 0.8, seat)))
    top = (-width / 2 + 0.06, width / 2 - 0.06, 0.08, depth - 0.06, seat + 0.02)
    tops = (top,) if rng.random() < 0.25 else ()
    return Piece(merged(parts), (width, depth, height), tops, ((0.0, depth * 0.45, seat),))


def _legs_rand(
    rng: np.random.Generator, frame: Material, width: float, depth: float, seat: float, height: float, leg: float
) -> list[Mesh]:
    """Four posts, four splayed rods, or two runners."""
    style = rng.random()
    if style < 0.5:
        sizes = [(leg, leg, height)] * 2 + [(leg, leg, seat)] * 2
        x, near, far = (width - leg) / 2, leg / 2, depth - leg / 2
        places = [(-x, near, 0.0), (x, near, 0.0), (-x, far, 0.0), (x, far, 0.0)]
        return [boxes(np.array(sizes), np.array(places), frame)]
    posts = [box((leg, leg, height - seat), frame, at_m=(s * (width - leg) / 2, leg / 2, seat)) for s in (-1, 1)]
    if style < 0.8:
        for sx in (-1, 1):
            for y, out in ((0.06, 0.0), (depth - 0.06, 0.04)):
                posts.append(
                    tube((sx * width / 2, y + out, 0.0), (sx * (width / 2 - 0.06), y, seat), leg / 2, frame, sections=6)
                )
        return posts
    for side in (-1, 1):
        x = side * (width / 2 - leg / 2)
        posts.append(box((leg, depth, leg), frame, at_m=(x, depth / 2, 0)))
        posts.append(box((leg, leg, seat), frame, at_m=(x, depth - leg / 2, 0)))
        posts.append(box((leg, leg, seat), frame, at_m=(x, leg / 2, 0)))
    return posts


def _back_rand(
    rng: np.random.Generator, frame: Material, cover: Material, width: float, seat: float, height: float, leg: float
) -> list[Mesh]:
    """A panel, level slats, upright bars, or a cushion."""
    style, rise = rng.random(), height - seat
    if style < 0.3:
        low = rng.uniform(0.15, 0.5)
        return [box((width - leg, 0.025, rise * (1 - low)), cover, at_m=(0, leg / 2, seat + rise * low))]
    if style < 0.5:
        count = int(rng.integers(2, 5))
        z = seat + rise * (0.25 + 0.75 * (np.arange(count) + 0.5) / count) - 0.03
        places = np.stack((np.zeros(count), np.full(count, leg / 2), z), axis=1)
        return [boxes(np.tile((width, 0.02, 0.05), (count, 1)), places, frame)]
    if style < 0.7:
        return [blob((width, 0.09, rise * 0.8), cover, at_m=(0, 0.05, seat + rise * 0.62), squareness=0.6)]
    count = int(rng.integers(2, 7))
    x = np.linspace(-0.5, 0.5, count + 2)[1:-1] * (width - leg)
    places = np.stack((x, np.full(count, leg / 2), np.full(count, seat)), axis=1)
    bars = boxes(np.tile((0.025, 0.02, rise - 0.03), (count, 1)), places, frame)
    return [bars, box((width, leg, 0.06), frame, at_m=(0, leg / 2, height - 0.06))]


def office_chair_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A chair on castors."""
    width, depth, seat = rng.uniform(0.44, 0.54), rng.uniform(0.44, 0.52), rng.uniform(0.43, 0.52)
    height, cover = seat + rng.uniform(0.4, 0.75), cloth_rand(paint)
    dark = paint.of("plain", "metal", tint=paint.colour(((0.05, 0.05, 0.05), (0.5, 0.5, 0.5))), gloss=0.3)
    y = 0.12 + depth / 2
    parts = [cylinder(0.03, seat - 0.08, dark, at_m=(0, y, 0.05))]
    for angle in np.arange(5) * 2 * np.pi / 5 + rng.uniform(0, 1):
        tip = (0.27 * np.cos(angle), y + 0.27 * np.sin(angle), 0.05)
        parts.append(tube((0, y, 0.09), tip, 0.022, dark, sections=6))
        parts.append(blob((0.05, 0.05, 0.06), dark, at_m=(tip[0], tip[1], 0.03), subdivisions=1))
    parts.append(blob((width, depth, 0.12), cover, at_m=(0, y, seat - 0.04), squareness=0.6))
    back = (width * rng.uniform(0.8, 1.0), 0.1, (height - seat) * 0.9)
    parts.append(blob(back, cover, at_m=(0, 0.1, (height + seat) / 2 + 0.06), squareness=0.6))
    parts.append(box((0.05, 0.03, 0.3), dark, at_m=(0, 0.06, seat - 0.1)))
    if rng.random() < 0.6:
        for side in (-1, 1):
            parts.append(box((0.05, 0.26, 0.03), dark, at_m=(side * width / 2, y, seat + 0.18)))
            parts.append(box((0.03, 0.03, 0.24), dark, at_m=(side * width / 2, y, seat - 0.05)))
    return Piece(merged(parts), (0.56, 0.12 + depth + 0.05, height), (), ((0.0, y - 0.03, seat),))


def stool_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A stool, a bar stool or a pouf."""
    radius, seat = rng.uniform(0.15, 0.24), float(rng.choice((rng.uniform(0.4, 0.5), rng.uniform(0.62, 0.8))))
    if rng.random() < 0.3:
        low = rng.uniform(0.32, 0.45)
        cushion = blob(
            (2.4 * radius, 2.4 * radius, low), cloth_rand(paint), at_m=(0, 1.2 * radius, low / 2), squareness=0.7
        )
        return Piece(cushion, (2.4 * radius, 2.4 * radius, low), (), ((0.0, 1.2 * radius, low),))
    frame, top = wood_rand(paint), (cloth_rand(paint) if rng.random() < 0.4 else wood_rand(paint))
    parts = [cylinder(radius, 0.05, top, at_m=(0, radius + 0.03, seat - 0.05), sections=18)]
    for angle in np.arange(4) * np.pi / 2 + np.pi / 4:
        out = np.array((np.cos(angle), np.sin(angle)))
        foot, head = out * (radius + 0.02), out * radius * 0.7
        y = radius + 0.03
        parts.append(tube((foot[0], foot[1] + y, 0.0), (head[0], head[1] + y, seat - 0.04), 0.016, frame, sections=6))
    return Piece(merged(parts), (2 * radius + 0.06, 2 * radius + 0.06, seat), (), ((0.0, radius, seat),))


def bench_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A bench, padded at times."""
    width, depth, seat, wood = rng.uniform(0.8, 1.8), rng.uniform(0.3, 0.45), rng.uniform(0.4, 0.48), wood_rand(paint)
    parts = [box((width, depth, 0.05), wood, at_m=(0, depth / 2, seat - 0.05))]
    for side in (-1, 1):
        parts.append(box((0.05, depth * 0.9, seat - 0.05), wood, at_m=(side * (width / 2 - 0.12), depth / 2, 0)))
    if rng.random() < 0.4:
        parts.append(blob((width, depth, 0.1), cloth_rand(paint), at_m=(0, depth / 2, seat - 0.01), squareness=0.75))
        seat += 0.04
    top = (-width / 2 + 0.1, width / 2 - 0.1, 0.05, depth - 0.05, seat)
    return Piece(merged(parts), (width, depth, seat), (top,), ((-0.2 * width, depth * 0.5, seat),))


def armchair_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A round armchair, a bean bag, or a sofa for one."""
    style = rng.random()
    if style < 0.5:
        return sofa_rand(rng, paint, seats=1)
    cover = cloth_rand(paint)
    if style < 0.65:
        size = rng.uniform((0.7, 0.7, 0.5), (0.95, 0.95, 0.75))
        bag = blob(size, cover, at_m=(0, size[1] / 2, size[2] * 0.46), squareness=0.3, lumps=lumps_rand(rng, 7, 0.2))
        bag = settled(bag)
        return Piece(bag, (float(size[0]), float(size[1]), float(size[2])))
    width, depth, seat, height = (
        rng.uniform(0.65, 0.85),
        rng.uniform(0.65, 0.8),
        rng.uniform(0.38, 0.44),
        rng.uniform(0.7, 1.05),
    )
    parts = [blob((width, depth, 0.22), cover, at_m=(0, depth / 2, seat - 0.1), squareness=0.6)]
    parts.append(blob((width, 0.2, height - 0.25), cover, at_m=(0, 0.1, (height + 0.25) / 2), squareness=0.5))
    for side in (-1, 1):
        parts.append(
            blob(
                (0.12, depth * 0.85, 0.36),
                cover,
                at_m=(side * (width / 2 - 0.05), depth * 0.45, seat + 0.05),
                squareness=0.5,
            )
        )
    foot = wood_rand(paint)
    for sx in (-1, 1):
        for y in (0.1, depth - 0.1):
            parts.append(
                tube(
                    (sx * (width / 2 - 0.06), y, 0.0), (sx * (width / 2 - 0.1), y, seat - 0.12), 0.02, foot, sections=6
                )
            )
    return Piece(merged(parts), (width, depth, height), (), ((0.0, depth * 0.55, seat),))


def sofa_rand(rng: np.random.Generator, paint: Paint, *, seats: int | None = None) -> Piece:
    """A sofa with cushions, at times with a long seat at one end."""
    seats = int(rng.integers(2, 5)) if seats is None else seats
    seat_width, depth = rng.uniform(0.5, 0.7), rng.uniform(0.78, 1.0)
    arm, seat, height = rng.uniform(0.08, 0.24), rng.uniform(0.38, 0.46), rng.uniform(0.7, 0.98)
    width, cover = seats * seat_width + 2 * arm, cloth_rand(paint)
    back, lift = rng.uniform(0.16, 0.28), float(rng.choice((0.04, 0.13)))
    parts = [box((width, depth, seat - 0.14 - lift + 0.04), cover, at_m=(0, depth / 2, lift))]
    if lift > 0.1:
        feet = wood_rand(paint)
        x, y = width / 2 - 0.1, (0.1, depth - 0.1)
        places = np.array([(s * x, v, 0.0) for s in (-1, 1) for v in y])
        parts.append(boxes(np.tile((0.05, 0.05, lift), (4, 1)), places, feet))
    parts.append(blob((width, back, height - 0.1), cover, at_m=(0, back / 2, 0.06 + height / 2), squareness=0.75))
    arm_height = rng.uniform(0.5, 0.64)
    for side in (-1, 1):
        place = (side * (width - arm) / 2, depth / 2, lift + arm_height / 2)
        parts.append(blob((arm, depth, arm_height - lift + 0.06), cover, at_m=place, squareness=0.8))
    hips: list[tuple[float, float, float]] = []
    for number in range(seats):
        x = (number + 0.5) * seat_width - seats * seat_width / 2
        hips.append((x, back + 0.28, seat))
        parts += _seat_rand(rng, paint, cover, x, seat_width, depth, back, seat)
    top = (-0.3 * width, 0.3 * width, back + 0.25, depth - 0.1, seat + 0.02)
    if seats > 1 and rng.random() < 0.3:
        parts.append(_long_seat(cover, rng, hips, seat_width, depth, seat))
    return Piece(merged(parts), (width, depth, height), (top,), tuple(hips))


def _seat_rand(
    rng: np.random.Generator,
    paint: Paint,
    cover: Material,
    x: float,
    wide: float,
    depth: float,
    back: float,
    seat: float,
) -> list[Mesh]:
    """One seat cushion, one back cushion, and perhaps a pillow."""
    middle = back + (depth - back) / 2
    parts = [blob((wide * 0.99, depth - back, 0.2), cover, at_m=(x, middle, seat - 0.08), squareness=0.7)]
    parts.append(blob((wide * 0.97, 0.24, 0.5), cover, at_m=(x, back + 0.06, seat + 0.22), squareness=0.6))
    if rng.random() < 0.4:
        place = (x + rng.normal(0, 0.08), back + 0.24, seat + 0.2)
        pillow = blob((0.42, 0.16, 0.4), cloth_rand(paint), squareness=0.5)
        parts.append(pillow.moved(place, yaw_rad=rng.normal(0, 0.3)))
    return parts


def _long_seat(
    cover: Material,
    rng: np.random.Generator,
    places: list[tuple[float, float, float]],
    wide: float,
    depth: float,
    seat: float,
) -> Mesh:
    """The part of a corner sofa that reaches into the room."""
    x = places[0][0] if rng.random() < 0.5 else places[-1][0]
    reach = rng.uniform(0.5, 0.75)
    body = box((wide, reach, seat - 0.14), cover, at_m=(x, depth + reach / 2 - 0.02, 0.04))
    cushion = blob((wide, reach, 0.2), cover, at_m=(x, depth + reach / 2 - 0.02, seat - 0.08), squareness=0.75)
    return merged([body, cushion])


def school_chair_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A plastic or plywood shell on tubes."""
    seat, width, depth = rng.uniform(0.4, 0.46), 0.42, 0.42
    shell = paint.of("plain", "wood", tint=paint.colour((*CLOTH_COLOURS, *WALL_COLOURS)), spread=0.2, gloss=0.4)
    steel = paint.of("metal", tint=(0.6, 0.6, 0.62), gloss=0.7)
    parts = [blob((width, depth, 0.05), shell, at_m=(0, depth / 2 + 0.03, seat), squareness=0.6)]
    parts.append(blob((width, 0.05, 0.3), shell, at_m=(0, 0.03, seat + 0.27), squareness=0.6))
    for side in (-1, 1):
        x = side * 0.17
        parts.append(tube((x, 0.03, seat + 0.3), (x, 0.08, seat - 0.02), 0.012, steel, sections=5))
        for y, foot in ((0.08, 0.02), (0.36, 0.42)):
            parts.append(tube((x, y, seat - 0.01), (side * 0.2, foot, 0.0), 0.012, steel, sections=5))
    return Piece(merged(parts), (width, depth + 0.04, seat + 0.42), (), ((0.0, 0.22, seat),))
