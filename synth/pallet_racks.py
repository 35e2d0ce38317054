"""Pallet racks: what fills a warehouse. Racks, pallets with goods, fork-lift trucks, cages, barriers.

Pieces have their back at y = 0, reach to +y, are centred on x and stand on z = 0.
"""

from __future__ import annotations

import numpy as np

from synth.furniture import Piece
from synth.mesh import Material, Mesh, merged
from synth.paint import Paint
from synth.shapes import blob, box, boxes, cylinder, tube

PALLET_M = (1.2, 0.8, 0.144)
BAY_M, RACK_DEPTH_M = 2.8, 1.1
"""Width and depth of a bay: two pallets side by side."""
CARDS = ((0.55, 0.4, 0.25), (0.6, 0.47, 0.32), (0.5, 0.36, 0.22), (0.8, 0.78, 0.74), (0.3, 0.35, 0.45))
RACK_COLOURS = ((0.05, 0.15, 0.4), (0.1, 0.3, 0.15), (0.5, 0.5, 0.52), (0.55, 0.08, 0.04))
BEAM_COLOURS = ((0.85, 0.3, 0.03), (0.85, 0.6, 0.05), (0.6, 0.6, 0.6))
TRUCK_COLOURS = ((0.85, 0.5, 0.03), (0.8, 0.1, 0.05), (0.15, 0.4, 0.2), (0.3, 0.32, 0.35))
QUARTER = np.array(((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0)))
"""Lays an upright cylinder along x."""


def pallet_load_rand(rng: np.random.Generator, paint: Paint, room_m: float) -> Mesh:
    """A pallet with what stands on it, at most `room_m` high, its middle over the origin."""
    wood = paint.of("wood", tint=(0.75, 0.6, 0.42), tile_m=0.8, spread=0.25)
    wide, deep, high = PALLET_M
    slats = np.array([(x, 0.0, high - 0.03) for x in np.linspace(-0.53, 0.53, 5)])
    feet = np.array([(0.0, y, 0.0) for y in (-0.34, 0.0, 0.34)])
    parts = [
        boxes(np.tile((0.16, deep, 0.03), (5, 1)), slats, wood),
        boxes(np.tile((wide, 0.1, high - 0.03), (3, 1)), feet, wood),
    ]
    load_m = room_m - high
    if load_m > 0.15:
        parts.append(LOADS[int(rng.integers(len(LOADS)))](rng, paint, load_m).moved((0, 0, high)))
    return merged(parts)


def _cartons_rand(rng: np.random.Generator, paint: Paint, room_m: float) -> Mesh:
    """Layers of equal boxes; the top layer is not full."""
    columns, rows = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    high = float(rng.uniform(0.18, 0.4))
    layers = max(int(room_m * rng.uniform(0.4, 1.0) / high), 1)
    high = min(high, room_m)
    card = paint.of("plain", "text", "plaster", tint=paint.colour(CARDS), tile_m=0.6, spread=0.2)
    x, y, z = np.meshgrid(np.arange(columns), np.arange(rows), np.arange(layers), indexing="ij")
    keep = (z < layers - 1) | (rng.random(z.shape) < 0.7) | (layers == 1)
    size = np.array((1.16 / columns, 0.78 / rows, high))
    places = np.stack((x - (columns - 1) / 2, y - (rows - 1) / 2, z), axis=-1)[keep] * size
    places[:, :2] += rng.normal(0.0, 0.006, (len(places), 2))
    tints = np.repeat(rng.uniform(0.85, 1.12, (len(places), 1)), 3, axis=1)
    return boxes(np.tile(size * 0.985, (len(places), 1)), places, card, tints=tints)


def _wrapped_rand(rng: np.random.Generator, paint: Paint, room_m: float) -> Mesh:
    """A block in stretch film."""
    film = paint.of("plain", "plaster", "marble", tint=(0.75, 0.77, 0.8), spread=0.3, tile_m=0.8, gloss=0.6)
    if rng.random() < 0.25:
        film = paint.of("plain", tint=(0.03, 0.03, 0.035), gloss=0.7)
    high = room_m * rng.uniform(0.5, 0.98)
    return blob((1.16, 0.78, high), film, at_m=(0, 0, high / 2), squareness=0.88)


def _sacks_rand(rng: np.random.Generator, paint: Paint, room_m: float) -> Mesh:
    """Sacks in layers."""
    cloth = paint.of("fabric", "plain", "text", tint=paint.colour((*CARDS, (0.85, 0.85, 0.8))), tile_m=0.5, spread=0.2)
    layers = max(int(room_m * rng.uniform(0.4, 0.95) / 0.15), 1)
    parts = [
        blob((0.6, 0.42, 0.17), cloth, at_m=(x, y, 0.075 + 0.15 * level), squareness=0.5, subdivisions=1)
        for level in range(min(layers, 6))
        for x in (-0.29, 0.29)
        for y in (-0.19, 0.19)
    ]
    return merged(parts)


def _drums_rand(rng: np.random.Generator, paint: Paint, room_m: float) -> Mesh:
    """Drums side by side."""
    steel = paint.of("metal", "plain", tint=paint.colour((*RACK_COLOURS, *TRUCK_COLOURS)), gloss=0.5)
    high = min(0.85, room_m * 0.95)
    return merged(
        [cylinder(0.19, high, steel, at_m=(x, y, 0), sections=14) for x in (-0.39, 0.0, 0.39) for y in (-0.2, 0.2)]
    )


def _crates_rand(rng: np.random.Generator, paint: Paint, room_m: float) -> Mesh:
    """Plastic crates in towers of unequal height."""
    skin = paint.of("plain", "panels", tint=paint.colour((*RACK_COLOURS, *TRUCK_COLOURS)), tile_m=0.4, gloss=0.35)
    places = [
        (x, y, 0.23 * level)
        for x in (-0.4, 0.0, 0.4)
        for y in (-0.2, 0.2)
        for level in range(max(int(room_m * rng.uniform(0.3, 0.98) / 0.23), 1))
    ]
    sizes = np.tile((0.38, 0.38, min(0.215, room_m)), (len(places), 1))
    return boxes(sizes, np.array(places), skin)


LOADS = (
    _cartons_rand,
    _cartons_rand,
    _cartons_rand,
    _wrapped_rand,
    _wrapped_rand,
    _sacks_rand,
    _drums_rand,
    _crates_rand,
)


def rack_bay_rand(
    rng: np.random.Generator, paint: Paint, *, levels_m: np.ndarray, style: tuple[Material, Material], is_near: bool
) -> Mesh:
    """One bay of a rack, centred on x, from y = 0 to y = 1.1; `style` paints posts and beams.

    Far bays get one box per pallet: nobody sees more of them, and a hall has hundreds.
    """
    posts, beams = style
    top = float(levels_m[-1]) + 1.2
    feet = np.array([(s * BAY_M / 2, y, 0.0) for s in (-1, 1) for y in (0.06, RACK_DEPTH_M - 0.06)])
    parts = [boxes(np.tile((0.1, 0.09, top), (4, 1)), feet, posts)]
    if is_near:  # braces between front and back post
        heights = np.arange(0.5, top - 0.5, 1.2)
        places = np.array([(s * BAY_M / 2, RACK_DEPTH_M / 2, z) for s in (-1, 1) for z in heights])
        parts.append(boxes(np.tile((0.04, RACK_DEPTH_M - 0.1, 0.04), (len(places), 1)), places, posts))
    rails = np.array([(0.0, y, z - 0.11) for z in levels_m[1:] for y in (0.05, RACK_DEPTH_M - 0.05)])
    parts.append(boxes(np.tile((BAY_M - 0.1, 0.05, 0.11), (len(rails), 1)), rails, beams))
    rooms_m = np.diff(np.append(levels_m, levels_m[-1] + 1.7)) - 0.25
    places = np.array([(shift, RACK_DEPTH_M / 2, z + 0.001) for z in levels_m for shift in (-0.67, 0.67)])
    places[:, :2] += rng.normal(0.0, 0.03, (len(places), 2))
    full = rng.random(len(places)) < 0.82
    full[0] = True
    rooms_m = np.repeat(rooms_m, 2)
    if is_near:
        parts += [
            pallet_load_rand(rng, paint, float(room)).moved(place)
            for place, room in zip(places[full], rooms_m[full], strict=True)
        ]
    else:
        parts.append(_far_loads_rand(rng, paint, places[full], rooms_m[full]))
    return merged(parts)


def _far_loads_rand(rng: np.random.Generator, paint: Paint, places_m: np.ndarray, rooms_m: np.ndarray) -> Mesh:
    """A box for every pallet with what stands on it."""
    count = len(places_m)
    sizes = np.stack((np.full(count, 1.16), np.full(count, 0.78), rooms_m * rng.uniform(0.5, 0.98, count)), axis=1)
    tints = np.array((*CARDS, (0.75, 0.77, 0.8), *TRUCK_COLOURS))[rng.integers(len(CARDS) + 5, size=count)]
    return boxes(sizes, places_m, paint.of("plain", "text", "plaster", tile_m=0.7, spread=0.2), tints=tints)


def pallet_stack_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A loaded pallet on the floor, or a pile of empty ones."""
    if rng.random() < 0.75:
        load = pallet_load_rand(rng, paint, float(rng.uniform(0.5, 1.9)))
        return Piece(load.moved((0, 0.42, 0)), (1.24, 0.84, 2.0))
    count = int(rng.integers(2, 12))
    pile = [
        pallet_load_rand(rng, paint, 0.0).moved((*rng.normal(0, 0.015, 2), PALLET_M[2] * k + 0.001 * k))
        for k in range(count)
    ]
    return Piece(merged(pile).moved((0, 0.45, 0)), (1.25, 0.9, 0.15 * count))


def forklift_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A fork-lift truck that looks to +y; its forks carry a pallet at times."""
    body = paint.of("plain", tint=paint.colour(TRUCK_COLOURS), spread=0.2, gloss=0.45)
    dark, steel = (
        paint.of("plain", tint=(0.03, 0.03, 0.03), gloss=0.3),
        paint.of("metal", tint=(0.25, 0.25, 0.25), gloss=0.5),
    )
    mast, lift = float(rng.uniform(2.0, 2.6)), float(rng.choice((0.06, rng.uniform(0.3, 1.5)), p=(0.6, 0.4)))
    parts = [
        box((1.1, 1.5, 0.55), body, at_m=(0, 1.0, 0.22)),
        blob((1.08, 0.7, 0.75), body, at_m=(0, 0.55, 0.72), squareness=0.6),
        box((0.5, 0.45, 0.12), dark, at_m=(0, 1.0, 0.78)),
        box((0.5, 0.1, 0.5), dark, at_m=(0, 0.85, 0.85)),
        box((0.95, 1.15, 0.05), dark, at_m=(0, 1.05, 2.05)),
        tube((0.0, 1.6, 0.8), (0.0, 1.45, 1.15), 0.03, dark),
        cylinder(0.16, 0.03, dark, at_m=(0, 1.43, 1.12)),
    ]
    posts = np.array([(s * 0.45, y, 0.75) for s in (-1, 1) for y in (0.55, 1.6)])
    parts.append(boxes(np.tile((0.06, 0.06, 1.32), (4, 1)), posts, dark))
    masts = np.array([(s * 0.3, 1.86, 0.08) for s in (-1, 1)])
    parts.append(boxes(np.tile((0.09, 0.14, mast), (2, 1)), masts, steel))
    parts.append(
        boxes(np.array(((0.7, 0.1, 0.08), (0.7, 0.1, 0.08))), np.array(((0, 1.86, mast), (0, 1.86, 0.9))), steel)
    )
    parts.append(box((0.9, 0.06, 0.5), steel, at_m=(0, 1.98, lift)))
    forks = np.array([(s * 0.25, 2.5, lift) for s in (-1, 1)])
    parts.append(boxes(np.tile((0.12, 1.05, 0.045), (2, 1)), forks, steel))
    wheel = cylinder(0.28, 0.2, dark, sections=16).turned(QUARTER)
    parts += [wheel.moved((s * 0.48 - 0.1, y, 0.28)) for s in (-1, 1) for y in (0.5, 1.5)]
    if rng.random() < 0.5:
        load = pallet_load_rand(rng, paint, float(rng.uniform(0.4, 1.3)))
        parts.append(load.moved((0, 0, 0), yaw_rad=np.pi / 2).moved((0, 2.65, lift + 0.046)))
    return Piece(merged(parts), (1.2, 3.25, mast + 0.1))


def pallet_truck_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A hand pallet truck."""
    body, dark = (
        paint.of("plain", tint=paint.colour(TRUCK_COLOURS), gloss=0.4),
        paint.of("plain", tint=(0.04, 0.04, 0.04)),
    )
    forks = np.array([(s * 0.19, 0.95, 0.07) for s in (-1, 1)])
    parts = [boxes(np.tile((0.16, 1.15, 0.05), (2, 1)), forks, body), box((0.4, 0.25, 0.3), body, at_m=(0, 0.3, 0.08))]
    parts.append(tube((0, 0.25, 0.35), (0, 0.02, 1.15), 0.022, dark))
    parts.append(box((0.25, 0.03, 0.03), dark, at_m=(0, 0.03, 1.15)))
    wheel = cylinder(0.09, 0.06, dark, sections=12).turned(QUARTER)
    parts += [wheel.moved((s * 0.07 - 0.03, 0.28, 0.09)) for s in (-1, 1)]
    parts += [wheel.moved((s * 0.19 - 0.03, 1.4, 0.09)) for s in (-1, 1)]
    return Piece(merged(parts), (0.56, 1.55, 1.2))


def cage_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A roll cage with parcels."""
    steel, height = paint.of("metal", tint=(0.6, 0.6, 0.62), gloss=0.5), float(rng.uniform(1.5, 1.8))
    posts = np.array([(s * 0.38, y, 0.12) for s in (-1, 1) for y in (0.03, 0.65)])
    parts = [
        boxes(np.tile((0.03, 0.03, height - 0.12), (4, 1)), posts, steel),
        box((0.8, 0.68, 0.04), steel, at_m=(0, 0.34, 0.14)),
    ]
    for z in np.arange(0.4, height, 0.3):
        parts.append(box((0.79, 0.015, 0.02), steel, at_m=(0, 0.03, z)))
        parts += [box((0.015, 0.63, 0.02), steel, at_m=(s * 0.385, 0.34, z)) for s in (-1, 1)]
    z = 0.181
    while z < height * rng.uniform(0.6, 0.95):
        size = rng.uniform((0.35, 0.3, 0.15), (0.68, 0.55, 0.4))
        card = paint.of("plain", "text", tint=paint.colour(CARDS), tile_m=0.5, spread=0.2)
        parts.append(box(size, card, at_m=(rng.uniform(-0.5, 0.5) * (0.7 - size[0]), 0.35, z)))
        z += size[2] + 0.001
    wheels = cylinder(0.06, 0.04, steel, sections=10).turned(QUARTER)
    parts += [wheels.moved((s * 0.33 - 0.02, y, 0.06)) for s in (-1, 1) for y in (0.08, 0.6)]
    return Piece(merged(parts), (0.82, 0.7, max(height, z)))


def barrier_rand(rng: np.random.Generator, paint: Paint) -> Piece:
    """A crash barrier, bollards, or a traffic cone."""
    yellow, dark = (
        paint.of("plain", "stripes", tint=(0.9, 0.65, 0.03), tile_m=0.6, gloss=0.4),
        paint.of("plain", tint=(0.05, 0.05, 0.05)),
    )
    style = rng.random()
    if style < 0.4:
        long = float(rng.uniform(1.2, 2.6))
        posts = np.array([(s * (long / 2 - 0.1), 0.1, 0.0) for s in (-1, 1)])
        rails = [box((long, 0.06, 0.14), yellow, at_m=(0, 0.1, z)) for z in (0.25, 0.75)]
        return Piece(merged([boxes(np.tile((0.1, 0.1, 0.95), (2, 1)), posts, dark), *rails]), (long, 0.2, 0.95))
    if style < 0.7:
        return Piece(cylinder(0.09, 1.1, yellow, at_m=(0, 0.1, 0)), (0.2, 0.2, 1.1))
    orange = paint.of("plain", tint=(0.85, 0.25, 0.03))
    cone = [box((0.36, 0.36, 0.03), dark, at_m=(0, 0.2, 0)), cylinder(0.13, 0.5, orange, at_m=(0, 0.2, 0.03), top=0.2)]
    return Piece(merged(cone), (0.38, 0.4, 0.55))
