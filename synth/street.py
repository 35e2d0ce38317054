"""Street furniture: lamps, poles, fences and what else stands beside a road, on z = 0."""

from __future__ import annotations

import numpy as np

from synth.mesh import Mesh, merged
from synth.paint import WALL_COLOURS, Paint
from synth.people import bicycle
from synth.shapes import box, boxes, cylinder, tube


def lamp_post(_: np.random.Generator, paint: Paint, *, height_m: float, reach_m: float, is_lit: bool) -> Mesh:
    """A street lamp whose arm points along +x; see `lamp_head_m` for the place of its light."""
    steel = paint.of("metal", "plain", tint=(0.4, 0.42, 0.42), spread=0.5, gloss=0.4)
    glow = paint.of("plain", tint=(1.0, 0.85, 0.6), emission=3.0 if is_lit else 0.0, spread=0.05)
    x, _y, z = lamp_head_m(height_m, reach_m)
    parts = [cylinder(0.09, height_m, steel, top=0.6, sections=8), cylinder(0.14, 0.9, steel, sections=8)]
    parts.append(tube((0, 0, height_m), (x - 0.1, 0, z + 0.05), 0.045, steel, sections=6))
    parts.append(box((0.6, 0.25, 0.14), steel, at_m=(x, 0, z)))
    return merged([*parts, box((0.5, 0.2, 0.06), glow, at_m=(x, 0, z - 0.05))])


def lamp_head_m(height_m: float, reach_m: float) -> tuple[float, float, float]:
    """Where the lamp of a post is."""
    return reach_m + 0.3, 0.0, height_m + 0.15 * reach_m


def pole_rand(rng: np.random.Generator, paint: Paint, *, height_m: float) -> Mesh:
    """A wooden or concrete pole with a crossbar."""
    parts = [cylinder(rng.uniform(0.09, 0.16), height_m, paint.of("bark", "concrete", tile_m=1.5), top=0.8, sections=8)]
    parts.append(box((1.6, 0.1, 0.1), paint.of("wood"), at_m=(0, 0, height_m - 0.5)))
    return merged(parts)


def wire_rand(rng: np.random.Generator, paint: Paint, *, span_m: np.ndarray, height_m: float, across_m: float) -> Mesh:
    """Wires that sag between two poles: from the origin to `span_m` (3,), `height_m` above both feet."""
    rubber = paint.of("plain", tint=(0.03, 0.03, 0.03))
    side = np.array((span_m[1], -span_m[0], 0.0)) / np.hypot(span_m[0], span_m[1])
    sag_m = float(rng.uniform(0.2, 0.7))
    parts = []
    for offset_m in np.linspace(-across_m, across_m, int(rng.integers(1, 4))):
        shares = np.linspace(0.0, 1.0, 6)
        points = shares[:, None] * span_m + offset_m * side + (0.0, 0.0, height_m)
        points[:, 2] -= sag_m * 4.0 * shares * (1.0 - shares)
        parts += [tube(a, b, 0.02, rubber, sections=3) for a, b in zip(points[:-1], points[1:], strict=True)]
    return merged(parts)


def bus_stop_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A shelter that is open towards -x, with a bench and a sign."""
    length, depth, height = float(rng.uniform(2.6, 4.2)), float(rng.uniform(1.1, 1.5)), 2.4
    steel = paint.of("metal", "plain", tint=(0.3, 0.32, 0.33), gloss=0.4)
    pane = paint.of("plain", "picture", "text", "concrete", tint=(0.6, 0.65, 0.68), gloss=0.8, tile_m=1.6)
    seat = paint.of("wood", "metal", tile_m=0.8)
    corners = np.array([(x * depth / 2, y * length / 2, 0.0) for x in (-1, 1) for y in (-1, 1)])
    return merged(
        [
            boxes(np.tile((0.07, 0.07, height), (4, 1)), corners, steel),
            box((depth + 0.3, length + 0.3, 0.12), steel, at_m=(0, 0, height)),
            box((0.04, length - 0.1, 1.8), pane, at_m=(depth / 2, 0, 0.3)),
            box((depth - 0.1, 0.04, 1.8), pane, at_m=(0, length / 2, 0.3)),
            box((0.35, 0.7 * length, 0.06), seat, at_m=(0.25 * depth, 0, 0.45)),
            box((0.3, 0.06, 0.45), seat, at_m=(0.25 * depth, 0, 0.0)),
            cylinder(0.04, 3.0, steel, at_m=(-depth / 2, -length / 2 - 0.7, 0), sections=8),
            box((0.05, 0.5, 0.5), paint.of("text", tile_m=0.5), at_m=(-depth / 2 - 0.03, -length / 2 - 0.7, 2.4)),
        ]
    )


def billboard_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A poster wall or an advertising column."""
    poster = paint.of("picture", "text", tile_m=(1.2, 2.6), gloss=0.3)
    frame = paint.of("metal", "plain", tint=(0.35, 0.36, 0.36))
    if rng.random() < 0.3:
        cap = cylinder(0.75, 0.3, frame, at_m=(0, 0, 2.7), top=0.6)
        return merged([cylinder(0.6, 2.7, poster), cylinder(0.7, 0.25, frame), cap])
    width, height, foot = float(rng.uniform(1.3, 3.6)), float(rng.uniform(1.7, 2.6)), float(rng.uniform(0.4, 1.6))
    legs = [box((0.12, 0.12, foot + 0.1), frame, at_m=(side * 0.4 * width, 0, 0)) for side in (-1, 1)]
    back = box((width + 0.2, 0.14, height + 0.2), frame, at_m=(0, 0.06, foot))
    return merged([*legs, back, box((width, 0.06, height), poster, at_m=(0, -0.04, foot + 0.1))])


def bicycle_stand_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """Parked bicycles side by side along y, each across it."""
    count = int(rng.integers(1, 6))
    row = [bicycle(paint).moved((0, 0, 0), yaw_rad=float(np.pi / 2 + rng.normal(0.0, 0.08))) for _ in range(count)]
    return merged([one.moved((0, 0.6 * (k - (count - 1) / 2), 0)) for k, one in enumerate(row)])


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
            "brick", "stones", "plaster", "concrete", "cladding", "corrugated", tile_m=(1.2, 2.4),
            tint=paint.colour(WALL_COLOURS), spread=0.2,
        )  # fmt: skip
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


def noise_wall(rng: np.random.Generator, paint: Paint, length_m: float, height_m: float) -> Mesh:
    """A noise barrier along y: panels between posts."""
    panel = paint.of("panels", "concrete", "wood", "corrugated", tile_m=2.0, spread=0.2)
    steel = paint.of("metal", "concrete", tint=(0.5, 0.5, 0.5))
    post = box((0.3, 0.25, height_m + 0.1), steel, at_m=(0, -length_m / 2, 0))
    return merged([box((0.15, length_m, height_m), panel), post])


def parapet_rand(rng: np.random.Generator, paint: Paint, length_m: float) -> Mesh:
    """The solid edge of a bridge, with a rail, along y."""
    stone = paint.of("concrete", "stones", tile_m=2.0)
    steel = paint.of("metal", tint=(0.5, 0.52, 0.53))
    height = float(rng.uniform(0.5, 0.9))
    count = max(int(length_m / 2.0), 2)
    places = np.zeros((count, 3))
    places[:, 1], places[:, 2] = np.linspace(-length_m / 2, length_m / 2, count, endpoint=False), height
    posts = boxes(np.tile((0.06, 0.06, 0.5), (count, 1)), places, steel)
    wall = box((0.3, length_m + 0.02, height + 0.6), stone, at_m=(0, 0, -0.6))  # it reaches down over the edge
    return merged([wall, posts, box((0.08, length_m, 0.07), steel, at_m=(0, 0, height + 0.48))])


def guard_rail(_: np.random.Generator, paint: Paint, length_m: float) -> Mesh:
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
