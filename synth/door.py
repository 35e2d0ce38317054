"""Door: closed or open, and the room or corridor that is seen behind."""

from __future__ import annotations

import numpy as np

from synth.beds import bed_rand
from synth.builder import Builder
from synth.fittings import floor_lamp_rand, plant_rand
from synth.floor_plan import Room
from synth.furniture import fitted, round_table_rand, table_rand
from synth.mesh import Mesh, merged
from synth.opening import DOOR_TOP_M, Opening
from synth.paint import LIGHT_COLOURS, WALL_COLOURS, Paint
from synth.seating import chair_rand, sofa_rand
from synth.shapes import box, rectangle
from synth.storage import bookshelf_rand, cabinet_rand
from synth.window import surround

BEHIND_M = 0.115
"""Where the floor of the next room begins: behind the threshold."""
SEEN_THROUGH_DOORS = (
    cabinet_rand, bookshelf_rand, table_rand, chair_rand, sofa_rand, bed_rand, plant_rand, floor_lamp_rand,
    round_table_rand,
)  # fmt: skip


def add_door(builder: Builder, room: Room, opening: Opening) -> None:
    """Fill a hole that reaches the floor: with a door, or with a view of what lies behind."""
    rng, paint = builder.streams()
    place, turn = opening.wall.at(opening.along_m)
    rim = paint.of("plain", "wood", tint=paint.colour(LIGHT_COLOURS), tile_m=1.0, gloss=0.35)
    builder.add("frame", surround(opening, rim).moved(place, yaw_rad=turn))
    # A closed leaf ends within its frame; one that stands open is as much smaller as the hole.
    edge_m = 0.01 if opening.kind == "door" else -0.01
    leaf = _leaf_rand(rng, paint, opening.width_m + 0.02, opening.high_m + edge_m)
    if opening.kind == "door":
        builder.add("door", leaf.moved((0, -0.03, 0)).moved(place, yaw_rad=turn))
        return
    if opening.high_m <= DOOR_TOP_M + 0.2 and opening.width_m < 1.05 and rng.random() < 0.6:
        hinge = opening.width_m / 2 + 0.01  # it opens into the next room, where nothing is in its way
        ajar = leaf.moved((hinge, 0.0, 0.0)).moved((-hinge, -0.14, 0.0), yaw_rad=-float(rng.uniform(0.9, 1.55)))
        builder.add("door", ajar.moved(place, yaw_rad=turn))
    _add_next_room(builder, rng, room, opening)


def _leaf_rand(rng: np.random.Generator, paint: Paint, width_m: float, height_m: float) -> Mesh:
    """A leaf whose middle is over x = 0, with a handle near +x and at times a pane."""
    leaf = paint.of("panels", "wood", "plain", tint=paint.colour(LIGHT_COLOURS), tile_m=2.0, spread=0.3, gloss=0.35)
    parts = [box((width_m, 0.04, height_m), leaf)]
    handle = paint.of("metal", gloss=0.7)
    parts.append(box((0.12, 0.1, 0.025), handle, at_m=(0.5 * width_m - 0.1, 0.0, 1.02)))
    style = rng.random()
    if style < 0.2:  # a pane that looks milky
        pane = paint.of("plain", tint=(0.75, 0.8, 0.82), gloss=0.6, emission=float(rng.uniform(0.0, 0.2)))
        low = float(rng.choice((0.25, 1.0)))
        parts.append(box((width_m * 0.6, 0.05, height_m - low - 0.2), pane, at_m=(0, 0, low)))
    elif style < 0.35:
        parts.append(box((width_m * 0.8, 0.046, 0.25), handle, at_m=(0, 0, 0.03)))
    return merged(parts)


def _add_next_room(builder: Builder, rng: np.random.Generator, room: Room, opening: Opening) -> None:
    """The space behind a passage, closed all around, with a few pieces that stand clear of the way in."""
    place, turn = opening.wall.at(opening.along_m)
    deep = float(rng.uniform(1.1, 2.0) if rng.random() < 0.35 else rng.uniform(2.2, 5.0))
    sides = rng.uniform(0.1, 1.6, 2)
    left, right = -opening.width_m / 2 - float(sides[0]), opening.width_m / 2 + float(sides[1])
    _, paint = builder.streams()
    builder.add("passage", _shell(paint, (left, right), deep, _top_m(room, opening)).moved(place, yaw_rad=turn))
    if deep < 2.0:
        return
    for along in np.arange(left + 0.05, right - 0.5, 1.1):  # backs to the far wall, facing the door
        if rng.random() < 0.3:
            continue
        piece = fitted(SEEN_THROUGH_DOORS[int(rng.integers(len(SEEN_THROUGH_DOORS)))](*builder.streams()))
        width, depth, height = piece.size_m
        if width > min(right - along - 0.02, 1.08) or depth > deep - 1.1 or height > _top_m(room, opening) - 0.1:
            continue
        at = (along + width / 2 + 0.01, -deep + 0.02, 0.001)
        builder.add("furniture", piece.mesh.moved(at).moved(place, yaw_rad=turn))


def _top_m(room: Room, opening: Opening) -> float:
    return max(min(room.height_m, 2.9) - 0.05, opening.high_m + 0.1)


def _shell(paint: Paint, sides_m: tuple[float, float], deep_m: float, top_m: float) -> Mesh:
    """Floor, ceiling and four walls of the next room; the wall with the hole is closed beside and above it."""
    (x0, x1), y0, y1 = sides_m, -BEHIND_M, -deep_m
    wall = paint.of("plain", "plain", "plaster", tint=paint.colour(WALL_COLOURS), tile_m=1.5)
    floor = paint.of("wood", "tiles", "carpet", "parquet", "linoleum", tile_m=1.2)
    wide, long = x1 - x0, y0 - y1
    return merged(
        [
            rectangle((x0, y1, 0), (wide, 0, 0), (0, long, 0), floor),
            rectangle((x0, y0, top_m), (wide, 0, 0), (0, -long, 0), wall),
            rectangle((x1, y1, 0), (-wide, 0, 0), (0, 0, top_m), wall),
            rectangle((x0, y1, 0), (0, long, 0), (0, 0, top_m), wall),
            rectangle((x1, y0, 0), (0, -long, 0), (0, 0, top_m), wall),
        ]
    )
