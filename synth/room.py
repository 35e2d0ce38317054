"""Room: floor, ceiling, walls with their holes, skirting, beams and roof slopes."""

from __future__ import annotations

import numpy as np

from synth.builder import Builder
from synth.door import add_door
from synth.floor_plan import Room, Slope, Wall
from synth.mesh import Material, Mesh, merged
from synth.opening import Opening
from synth.paint import LIGHT_COLOURS, WALL_COLOURS, Paint
from synth.shapes import box, boxes, rectangle
from synth.window import add_skylight, add_window

BEYOND_M = 0.05
"""Surfaces reach so far behind one another that no light falls through a corner."""
THICK_M = 0.13
"""Thickness of the walls: just behind the panes of windows."""
ROOF_M = 0.35
"""From the ceiling to the roof, which nobody sees."""
QUIET = ("plain",) * 14 + ("plaster",) * 4 + ("stripes", "stripes", "concrete", "wood", "brick")
LOUD = ("brick", "dots", "wood", "concrete", "tiles", "stripes", "plaster", "marble", "checker", "cladding")
FLOORS = ("wood", "wood", "parquet", "carpet", "tiles", "marble", "concrete", "plain", "linoleum")
FLOOR_TINTS = ((0.9, 0.85, 0.8), (0.6, 0.55, 0.5), (0.4, 0.35, 0.3), (1.0, 0.95, 0.9), (0.75, 0.55, 0.4))


def build_room(builder: Builder, room: Room, openings: list[Opening]) -> None:
    """Add the surfaces of the room; every wall, the floor and the ceiling have ids of their own."""
    _, paint = builder.streams()
    _add_floor_and_ceiling(builder, paint, room)
    coat = paint.of(*QUIET, tint=paint.colour(WALL_COLOURS), tile_m=(0.8, 1.8), spread=0.18, gloss=0.1, variation=0.1)
    accent = paint.of(*LOUD, tint=paint.colour(WALL_COLOURS), tile_m=(0.6, 1.6), spread=0.25, variation=0.1)
    special = room.walls[int(paint.rng.integers(len(room.walls)))] if paint.rng.random() < 0.3 else None
    is_loud = paint.rng.random() < 0.08
    skirting = paint.of("plain", "wood", tint=paint.colour(LIGHT_COLOURS), gloss=0.3)
    has_skirting = paint.rng.random() < 0.75
    for wall in room.walls:
        holes = [opening for opening in openings if opening.wall == wall]
        material = accent if is_loud or wall == special else coat
        outside = wall_mesh(room, wall, holes, material, beyond_m=THICK_M + BEYOND_M)
        shift = (*(-THICK_M * wall.inward), 0.0)  # seen by nobody but the sun, as the roof
        builder.add("wall", merged([wall_mesh(room, wall, holes, material), outside.moved(shift)]))
        if has_skirting:
            builder.add("skirting", _skirting(wall, holes, skirting))
    for opening in openings:
        (add_window if opening.kind == "window" else add_door)(builder, room, opening)
    for slope in room.slopes:
        add_skylight(builder, room, slope)


def _add_floor_and_ceiling(builder: Builder, paint: Paint, room: Room) -> None:
    w, d, h, e = room.width_m, room.depth_m, room.height_m, BEYOND_M
    gloss = float(paint.rng.uniform(0.0, 0.6))
    floor = paint.of(*FLOORS, tint=paint.colour(FLOOR_TINTS), tile_m=(0.8, 1.8), spread=0.25, gloss=gloss)
    over = ("plain",) * 8 + ("plaster", "tiles", "wood")
    ceiling = paint.of(*over, tint=paint.colour(LIGHT_COLOURS), tile_m=(0.6, 1.6), spread=0.08, variation=0.1)
    builder.add("floor", rectangle((-e, -e, 0), (w + 2 * e, 0, 0), (0, d + 2 * e, 0), floor))
    parts = [rectangle((-e, d + e, h), (w + 2 * e, 0, 0), (0, -d - 2 * e, 0), ceiling)]
    parts += [_slope(room, slope, ceiling) for slope in room.slopes]
    # The sun's shadow map cannot tell a ceiling from the wall right below it; a roof higher up closes that line.
    parts.append(rectangle((-0.4, d + 0.4, h + ROOF_M), (w + 0.8, 0, 0), (0, -d - 0.8, 0), ceiling))
    builder.add("ceiling", merged(parts))
    if not room.slopes and not room.blocks and paint.rng.random() < 0.12:
        count, wood = _num_beams_rand(paint.rng, d), paint.of("wood", "plain", tint=(0.6, 0.45, 0.35), spread=0.3)
        y = (np.arange(count) + 0.5) * d / count
        places = np.stack((np.full(count, w / 2), y, np.full(count, h - 0.14)), axis=1)
        builder.add("ceiling", boxes(np.tile((w, 0.12, 0.15), (count, 1)), places, wood))


def _num_beams_rand(rng: np.random.Generator, depth_m: float) -> int:
    """Number of beams under a ceiling: one every 0.6 to 1.2 m."""
    return max(int(depth_m / rng.uniform(0.6, 1.2)), 2)


def _slope(room: Room, slope: Slope, material: Material) -> Mesh:
    """The plane from the knee wall up to the level ceiling, seen from below; it hides the walls' upper parts."""
    rise = (room.height_m - slope.knee_m) / slope.run_m
    e, d = BEYOND_M, room.depth_m
    low, high = -e, slope.run_m + e
    x0, x1 = (low, high) if slope.is_left else (room.width_m - high, room.width_m - low)
    z0, z1 = ((slope.knee_m + rise * low), (slope.knee_m + rise * high))[:: 1 if slope.is_left else -1]
    return rectangle((x0, d + e, z0), (x1 - x0, 0, z1 - z0), (0, -d - 2 * e, 0), material)


def wall_mesh(room: Room, wall: Wall, holes: list[Opening], material: Material, *, beyond_m: float = BEYOND_M) -> Mesh:
    """A wall less its holes: full strips between them, patches above and below them."""

    def patch(begin: float, end: float, low: float, high: float) -> Mesh:
        (a, _), (b, _) = wall.at(begin, 0.0, low), wall.at(end, 0.0, low)
        return rectangle(a, b - a, (0.0, 0.0, high - low), material)

    bottom, top = -beyond_m, room.height_m + beyond_m
    begin, parts = -beyond_m * wall.hides_ends[0], []
    for hole in sorted(holes, key=lambda hole: hole.along_m):
        left, right = hole.along_m - hole.width_m / 2, hole.along_m + hole.width_m / 2
        parts += [patch(begin, left, bottom, top), patch(left, right, hole.high_m, top)]
        if hole.low_m > 0.0:
            parts.append(patch(left, right, bottom, hole.low_m))
        begin = right
    parts.append(patch(begin, wall.length_m + beyond_m * wall.hides_ends[1], bottom, top))
    return merged(parts)


def _skirting(wall: Wall, holes: list[Opening], material: Material) -> Mesh:
    doors = sorted((hole for hole in holes if hole.low_m == 0.0), key=lambda hole: hole.along_m)
    begin, parts = 0.0, []
    for low, high in [(d.along_m - d.width_m / 2 - 0.08, d.along_m + d.width_m / 2 + 0.08) for d in doors] + [
        (wall.length_m, 0.0)
    ]:
        place, turn = wall.at((begin + low) / 2, 0.008)
        parts.append(box((max(low - begin, 0.02), 0.016, 0.09), material).moved(place, yaw_rad=turn))
        begin = high
    return merged(parts)
