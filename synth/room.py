"""Room: floor, ceiling, walls with their doors and windows, and what hangs on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.builder import Builder
from synth.mesh import Material, Mesh, merged
from synth.paint import CLOTH_COLOURS, LIGHT_COLOURS, WALL_COLOURS, Paint
from synth.shapes import box, boxes, rectangle

WALLS = ("front", "right", "back", "left")
"""Seen from above, counter-clockwise: y = 0, x = width, y = depth, x = 0."""


@dataclass(frozen=True, slots=True)
class Room:
    """A box with its corner at the origin."""

    width_m: float
    depth_m: float
    height_m: float

    def wall_length_m(self, wall: str) -> float:
        """Length of a wall."""
        return self.width_m if wall in ("front", "back") else self.depth_m

    def at_wall(self, wall: str, along_m: float, away_m: float = 0.0, lift_m: float = 0.0) -> tuple[np.ndarray, float]:
        """Place and turn of something whose back (y = 0) stands at a wall.

        `along_m` counts from the wall's left end seen from within.
        """
        place = {
            "front": (self.width_m - along_m, away_m),
            "right": (self.width_m - away_m, self.depth_m - along_m),
            "back": (along_m, self.depth_m - away_m),
            "left": (away_m, along_m),
        }[wall]
        turn = {"front": 0.0, "right": np.pi / 2, "back": np.pi, "left": -np.pi / 2}[wall]
        return np.array((*place, lift_m)), turn


@dataclass(frozen=True, slots=True)
class Opening:
    """A hole in a wall."""

    kind: str
    wall: str
    along_m: float
    """Middle of the hole, from the wall's left end seen from within."""
    width_m: float
    low_m: float
    high_m: float


def openings_rand(rng: np.random.Generator, room: Room) -> list[Opening]:
    """At most one hole per wall: windows, doors, passages."""
    found = []
    for wall in WALLS:
        length = room.wall_length_m(wall)
        kind = str(rng.choice(("none", "window", "door", "passage"), p=(0.42, 0.28, 0.2, 0.1)))
        if kind == "window":
            width = float(rng.uniform(0.7, min(2.6, length - 0.8)))
            low, high = float(rng.uniform(0.3, 1.05)), float(min(room.height_m - 0.15, rng.uniform(1.9, 2.4)))
        else:
            width, low, high = float(rng.uniform(0.75, 1.0)), 0.0, 2.03
        if kind == "passage":
            width = float(rng.uniform(0.8, min(1.8, length - 0.8)))
        if kind != "none":
            along = float(rng.uniform(0.3 + width / 2, length - 0.3 - width / 2))
            found.append(Opening(kind, wall, along, width, low, high))
    return found


def build_room(builder: Builder, room: Room, openings: list[Opening]) -> None:
    """Add the surfaces of the room; every wall, the floor and the ceiling have ids of their own."""
    _, paint = builder.streams()
    w, d, h = room.width_m, room.depth_m, room.height_m
    floors = (
        ("wood", "carpet", "tiles", "marble", "concrete"),
        ((0.9, 0.85, 0.8), (0.6, 0.55, 0.5), (0.4, 0.35, 0.3), (1.0, 0.95, 0.9)),
    )
    floor = paint.of(
        *floors[0],
        tint=paint.colour(floors[1]),
        tile_m=(0.8, 1.8),
        spread=0.25,
        gloss=float(paint.rng.uniform(0.0, 0.6)),
    )
    over = ("plain",) * 6 + ("plaster", "tiles", "wood")
    ceiling = paint.of(*over, tint=paint.colour(LIGHT_COLOURS), tile_m=(1.0, 2.0), spread=0.08, variation=0.1)
    builder.add("floor", rectangle((0, 0, 0), (w, 0, 0), (0, d, 0), floor))
    builder.add("ceiling", rectangle((0, d, h), (w, 0, 0), (0, -d, 0), ceiling))
    families = ("plain",) * 9 + ("plaster", "plaster", "stripes", "brick", "dots", "wood", "concrete", "tiles")
    coat = paint.of(
        *families, tint=paint.colour(WALL_COLOURS), tile_m=(0.8, 1.8), spread=0.15, gloss=0.1, variation=0.1
    )
    accent = paint.of(*families[6:], tint=paint.colour(WALL_COLOURS), tile_m=(0.8, 1.8), spread=0.25, variation=0.1)
    special = WALLS[int(paint.rng.integers(4))] if paint.rng.random() < 0.3 else None
    skirting = paint.of("plain", "wood", tint=paint.colour(LIGHT_COLOURS), gloss=0.3)
    has_skirting = paint.rng.random() < 0.75
    for wall in WALLS:
        hole = next((opening for opening in openings if opening.wall == wall), None)
        builder.add("wall", _wall(room, wall, hole, accent if wall == special else coat))
        if has_skirting:
            builder.add("skirting", _skirting(room, wall, hole, skirting))
    for opening in openings:
        _fill_opening(builder, room, opening)


def _wall(room: Room, wall: str, hole: Opening | None, material: Material) -> Mesh:
    """A wall in its own plane (x along, y = 0, facing +y), with a hole if it has one."""
    length, height = room.wall_length_m(wall), room.height_m

    def patch(x0: float, x1: float, z0: float, z1: float) -> Mesh:
        return rectangle((x1, 0, z0), (x0 - x1, 0, 0), (0, 0, z1 - z0), material)

    if hole is None:
        mesh = patch(0, length, 0, height)
    else:
        x0, x1 = length - hole.along_m - hole.width_m / 2, length - hole.along_m + hole.width_m / 2
        parts = [patch(0, x0, 0, height), patch(x1, length, 0, height), patch(x0, x1, hole.high_m, height)]
        if hole.low_m > 0.0:
            parts.append(patch(x0, x1, 0, hole.low_m))
        mesh = merged(parts)
    place, turn = room.at_wall(wall, length)
    return mesh.moved(place, yaw_rad=turn)


def _skirting(room: Room, wall: str, hole: Opening | None, material: Material) -> Mesh:
    length = room.wall_length_m(wall)
    spans = [(0.0, length)]
    if hole is not None and hole.low_m == 0.0:
        spans = [(0.0, hole.along_m - hole.width_m / 2 - 0.08), (hole.along_m + hole.width_m / 2 + 0.08, length)]
    parts = []
    for begin, end in spans:
        place, turn = room.at_wall(wall, (begin + end) / 2, 0.008)
        parts.append(box((max(end - begin, 0.02), 0.016, 0.09), material).moved(place, yaw_rad=turn))
    return merged(parts)


def _fill_opening(builder: Builder, room: Room, opening: Opening) -> None:
    rng, paint = builder.streams()
    place, turn = room.at_wall(opening.wall, opening.along_m)
    frame = paint.of("plain", "wood", tint=paint.colour(LIGHT_COLOURS), tile_m=1.0, gloss=0.35)
    builder.add("frame", _frame(opening, frame).moved(place, yaw_rad=turn))
    if opening.kind == "window":
        outside = ("plain", "plain", "plain", "grass", "facade", "plaster")
        glow = float(rng.uniform(0.2, 1.0))
        pane = paint.of(*outside, tint=(1.0, 1.02, 1.05), tile_m=(1.5, 5.0), spread=0.3, emission=glow, variation=0.5)
        size = (opening.width_m + 0.3, opening.high_m - opening.low_m + 0.3)
        glass = rectangle((size[0] / 2, -0.12, opening.low_m - 0.15), (-size[0], 0, 0), (0, 0, size[1]), pane)
        builder.add("window", glass.moved(place, yaw_rad=turn), casts_shadow=False)
        _dress_window(builder, rng, paint, opening, place, turn)
    elif opening.kind == "door":
        leaf = paint.of("panels", "wood", "plain", tint=paint.colour(LIGHT_COLOURS), tile_m=2.0, spread=0.3, gloss=0.35)
        door = box((opening.width_m + 0.02, 0.04, 2.02), leaf, at_m=(0, -0.03, 0))
        knob = box((0.12, 0.1, 0.025), paint.of("metal", gloss=0.7), at_m=(0.4 * opening.width_m, 0.01, 1.02))
        builder.add("door", merged([door, knob]).moved(place, yaw_rad=turn))
    else:
        builder.add("passage", _corridor(rng, paint, room, opening).moved(place, yaw_rad=turn))


def _frame(opening: Opening, material: Material) -> Mesh:
    rim, reach = 0.07, 0.14
    half, low, high = opening.width_m / 2, opening.low_m, opening.high_m
    sizes = [(rim, reach, high - low), (rim, reach, high - low), (opening.width_m + 2 * rim, reach, rim)]
    places = [
        (-half - rim / 2, -reach / 2 + 0.02, low),
        (half + rim / 2, -reach / 2 + 0.02, low),
        (0.0, -reach / 2 + 0.02, high),
    ]
    if low > 0.0:
        sizes += [
            (opening.width_m + 3 * rim, reach + 0.06, 0.04),
            (0.05, 0.05, high - low),
            (opening.width_m, 0.04, 0.05),
        ]
        places += [(0.0, -reach / 2 + 0.05, low - 0.04), (0.0, -0.07, low), (0.0, -0.07, low + 0.6 * (high - low))]
    else:  # a threshold, so that no light falls between floor and door
        sizes.append((opening.width_m + rim, reach + 0.03, 0.012))
        places.append((0.0, -reach / 2 + 0.01, -0.006))
    return boxes(np.array(sizes), np.array(places), material)


def _dress_window(
    builder: Builder, rng: np.random.Generator, paint: Paint, opening: Opening, place: np.ndarray, turn: float
) -> None:
    height, half = opening.high_m - opening.low_m, opening.width_m / 2
    style = rng.random()
    if style < 0.3:  # blinds
        count = int(height * rng.uniform(0.4, 1.0) / 0.05)
        slats = np.stack(
            (np.zeros(count), np.full(count, -0.01), opening.high_m - 0.05 * (np.arange(count) + 1)), axis=1
        )
        material = paint.of("plain", "wood", tint=paint.colour(LIGHT_COLOURS), tile_m=0.5)
        builder.add(
            "blind",
            boxes(np.tile((opening.width_m - 0.02, 0.035, 0.006), (count, 1)), slats, material).moved(
                place, yaw_rad=turn
            ),
        )
    elif style < 0.65:  # curtains
        cloth = paint.of(
            "fabric",
            "stripes",
            "dots",
            "plain",
            tint=paint.colour((*WALL_COLOURS, *CLOTH_COLOURS)),
            tile_m=0.6,
            spread=0.3,
        )
        low = 0.02 if rng.random() < 0.5 else max(opening.low_m - 0.15, 0.02)
        parts = []
        for side in (-1, 1):
            width = float(rng.uniform(0.25, 0.6)) * half + 0.15
            folds = int(width / 0.07) + 1
            x = side * (half + 0.15) - side * (np.arange(folds) + 0.5) * width / folds
            y = 0.09 + 0.02 * np.cos(np.arange(folds) * np.pi)
            places = np.stack((x, y, np.full(folds, low)), axis=1)
            sizes = np.tile((width / folds * 1.3, 0.03, opening.high_m + 0.12 - low), (folds, 1))
            parts.append(boxes(sizes, places, cloth, yaw_rad=0.6 * np.cos(np.arange(folds) * np.pi)))
        builder.add("curtain", merged(parts).moved(place, yaw_rad=turn))


def _corridor(rng: np.random.Generator, paint: Paint, room: Room, opening: Opening) -> Mesh:
    """The space behind a passage: a box without its front, closed towards the outside."""
    reach, side = float(rng.uniform(1.2, 4.0)), float(rng.uniform(0.1, 1.2))
    half, top = opening.width_m / 2 + side, max(room.height_m - 0.05, opening.high_m + 0.1)
    wall = paint.of("plain", "plaster", tint=paint.colour(WALL_COLOURS), tile_m=1.5)
    floor = paint.of("wood", "tiles", "carpet", tile_m=1.2)
    y0, y1 = -0.125, -reach
    return merged(
        [
            rectangle((-half, y1, 0.0), (2 * half, 0, 0), (0, -y1, 0), floor),
            rectangle((-half, y0, top), (2 * half, 0, 0), (0, y1 - y0, 0), wall),
            rectangle((half, y1, 0), (-2 * half, 0, 0), (0, 0, top), wall),
            rectangle((-half, y1, 0), (0, y0 - y1, 0), (0, 0, top), wall),
            rectangle((half, y0, 0), (0, y1 - y0, 0), (0, 0, top), wall),
        ]
    )
