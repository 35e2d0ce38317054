"""Window: frame, what is seen outside, blinds and curtains."""

from __future__ import annotations

import numpy as np

from synth.builder import Builder
from synth.floor_plan import Room, Slope
from synth.mesh import Material, Mesh, merged
from synth.opening import Opening
from synth.paint import CLOTH_COLOURS, LIGHT_COLOURS, WALL_COLOURS, Paint
from synth.shapes import box, boxes, rectangle

OUTSIDE = ("plain", "plain", "plain", "grass", "facade", "plaster", "shingles", "leaves")


def add_window(builder: Builder, room: Room, opening: Opening) -> None:
    """Fill a hole with a window and dress it."""
    rng, paint = builder.streams()
    place, turn = opening.wall.at(opening.along_m)
    rim = paint.of("plain", "wood", tint=paint.colour(LIGHT_COLOURS), tile_m=1.0, gloss=0.35)
    builder.add("frame", merged([surround(opening, rim), _bars_rand(rng, opening, rim)]).moved(place, yaw_rad=turn))
    glow = float(rng.uniform(0.15, 1.0))
    pane = paint.of(*OUTSIDE, tint=(1.0, 1.02, 1.05), tile_m=(1.5, 5.0), spread=0.3, emission=glow, variation=0.5)
    size = (opening.width_m + 0.3, opening.high_m - opening.low_m + 0.3)
    glass = rectangle((size[0] / 2, -0.12, opening.low_m - 0.15), (-size[0], 0, 0), (0, 0, size[1]), pane)
    builder.add("window", glass.moved(place, yaw_rad=turn), casts_shadow=False)
    style = rng.random()
    if style < 0.35 or style > 0.9:
        builder.add("blind", DRESSINGS[int(rng.integers(3))](rng, paint, opening).moved(place, yaw_rad=turn))
    if 0.35 < style < 0.68 or style > 0.9:
        curtain = _curtains_rand(rng, paint, opening, room.height_m)
        builder.add("curtain", curtain.moved(place, yaw_rad=turn))


def add_skylight(builder: Builder, room: Room, slope: Slope) -> None:
    """A window in a roof slope, where the slope is long enough."""
    rng, paint = builder.streams()
    length = float(np.hypot(slope.run_m, room.height_m - slope.knee_m))
    if length < 1.2 or rng.random() < 0.35:
        return
    tilt = np.arctan2(room.height_m - slope.knee_m, slope.run_m)
    wide, long = min(rng.uniform(0.6, 1.2), 0.5 * room.depth_m), rng.uniform(0.6, 0.7 * length)
    pane = paint.of("plain", "plaster", tint=(1.0, 1.02, 1.05), emission=float(rng.uniform(0.4, 1.0)), variation=0.4)
    rim = paint.of("plain", "wood", tint=paint.colour(LIGHT_COLOURS), gloss=0.3)
    # Built lying on its back around the origin, face down, then tilted into the slope.
    parts = [
        box((long + 0.1, wide + 0.1, 0.03), rim, at_m=(0, 0, -0.025)),
        box((long, wide, 0.02), pane, at_m=(0, 0, -0.035)),
    ]
    parts.append(box((0.05, wide, 0.015), rim, at_m=(0.0, 0, -0.045)))
    cos, sin = np.cos(tilt), np.sin(tilt) * (1.0 if slope.is_left else -1.0)
    turn = np.array(((cos, 0.0, -sin), (0.0, 1.0, 0.0), (sin, 0.0, cos)))
    x = slope.run_m * 0.5
    place = (
        x if slope.is_left else room.width_m - x,
        room.depth_m * rng.uniform(0.3, 0.7),
        room.headroom_m(x if slope.is_left else room.width_m - x),
    )
    builder.add("window", merged(parts).turned(turn).moved(place), casts_shadow=False)


def surround(opening: Opening, material: Material) -> Mesh:
    """The frame around a hole, with a sill below a window and a threshold below a door."""
    rim, reach = 0.07, 0.14
    half, low, high = opening.width_m / 2, opening.low_m, opening.high_m
    sizes = [(rim, reach, high - low), (rim, reach, high - low), (opening.width_m + 2 * rim, reach, rim)]
    places = [
        (-half - rim / 2, -reach / 2 + 0.02, low),
        (half + rim / 2, -reach / 2 + 0.02, low),
        (0.0, -reach / 2 + 0.02, high),
    ]
    if low > 0.0:
        sizes.append((opening.width_m + 3 * rim, reach + 0.06, 0.04))
        places.append((0.0, -reach / 2 + 0.05, low - 0.04))
    else:  # a threshold, so that no light falls between floor and door
        sizes.append((opening.width_m + rim, reach + 0.03, 0.012))
        places.append((0.0, -reach / 2 + 0.01, -0.006))
    return boxes(np.array(sizes), np.array(places), material)


def _bars_rand(rng: np.random.Generator, opening: Opening, material: Material) -> Mesh:
    """Upright and level bars; wide windows have more of them."""
    height, width, low = opening.high_m - opening.low_m, opening.width_m, opening.low_m
    upright = int(rng.integers(0, 1 + max(round(width / 0.6), 1)))
    level = int(rng.choice((0, 1, 2), p=(0.35, 0.45, 0.2)))
    x = (np.arange(upright) + 1) * width / (upright + 1) - width / 2
    z = low + (np.arange(level) + 1) * height / (level + 1)
    sizes = [(0.05, 0.05, height)] * upright + [(width, 0.04, 0.05)] * level + [(width, 0.05, 0.05)]
    places = [(v, -0.07, low) for v in x] + [(0.0, -0.07, v - 0.025) for v in z] + [(0.0, -0.07, low)]
    return boxes(np.array(sizes), np.array(places), material)


def _slats_rand(rng: np.random.Generator, paint: Paint, opening: Opening) -> Mesh:
    """A blind of level slats, drawn up in part."""
    height = opening.high_m - opening.low_m
    count = max(int(height * rng.uniform(0.3, 1.0) / 0.05), 2)
    z = opening.high_m - 0.05 * (np.arange(count) + 1)
    places = np.stack((np.zeros(count), np.full(count, -0.01), z), axis=1)
    material = paint.of("plain", "wood", tint=paint.colour(LIGHT_COLOURS), tile_m=0.5)
    return boxes(np.tile((opening.width_m - 0.02, 0.035, 0.006), (count, 1)), places, material)


def _upright_slats_rand(rng: np.random.Generator, paint: Paint, opening: Opening) -> Mesh:
    """A blind of hanging slats, turned and pushed aside in part."""
    count = max(int(opening.width_m * rng.uniform(0.4, 1.0) / 0.11), 2)
    x = -opening.width_m / 2 + 0.06 + 0.11 * np.arange(count)
    places = np.stack((x, np.full(count, 0.06), np.full(count, opening.low_m - 0.05)), axis=1)
    cloth = paint.of("plain", "fabric", tint=paint.colour(LIGHT_COLOURS), tile_m=0.4)
    sizes = np.tile((0.09, 0.006, opening.high_m - opening.low_m + 0.08), (count, 1))
    rail = box((opening.width_m + 0.06, 0.05, 0.04), cloth, at_m=(0, 0.06, opening.high_m + 0.03))
    return merged([boxes(sizes, places, cloth, yaw_rad=float(rng.uniform(-1.2, 1.2))), rail])


def _roller_rand(rng: np.random.Generator, paint: Paint, opening: Opening) -> Mesh:
    """A cloth on a roller, drawn down in part."""
    drop = (opening.high_m - opening.low_m) * rng.uniform(0.2, 0.9)
    cloth = paint.of(
        "fabric", "plain", "stripes", "dots", tint=paint.colour((*LIGHT_COLOURS, *WALL_COLOURS)), tile_m=0.6
    )
    top, wide = opening.high_m - 0.05, opening.width_m - 0.03
    return merged(
        [
            box((wide, 0.05, 0.05), cloth, at_m=(0, -0.02, top)),
            box((wide, 0.008, drop), cloth, at_m=(0, 0.0, top - drop)),
        ]
    )


DRESSINGS = (_slats_rand, _upright_slats_rand, _roller_rand)


def _curtains_rand(rng: np.random.Generator, paint: Paint, opening: Opening, height_m: float) -> Mesh:
    """Folded cloth on one or both sides, with its rod."""
    families = ("fabric", "stripes", "dots", "plain", "plain")
    cloth = paint.of(*families, tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)), tile_m=0.6, spread=0.3)
    low = 0.02 if rng.random() < 0.55 else max(opening.low_m - 0.15, 0.02)
    half, top = opening.width_m / 2, min(opening.high_m + rng.uniform(0.08, 0.2), height_m - 0.02)
    parts = [box((opening.width_m + 0.5, 0.025, 0.025), paint.of("metal", "wood", gloss=0.5), at_m=(0, 0.09, top))]
    for side in (-1, 1) if rng.random() < 0.8 else (1,):
        width = float(rng.uniform(0.2, 0.95)) * half + 0.15
        folds = int(width / 0.07) + 1
        x = side * (half + 0.15) - side * (np.arange(folds) + 0.5) * width / folds
        wave = np.cos(np.arange(folds) * np.pi)
        places = np.stack((x, 0.09 + 0.02 * wave, np.full(folds, low)), axis=1)
        sizes = np.tile((width / folds * 1.3, 0.03, top - low), (folds, 1))
        parts.append(boxes(sizes, places, cloth, yaw_rad=0.6 * wave))
    return merged(parts)
