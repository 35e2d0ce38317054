"""Floor plan: the shape of a room, which is a box less the blocks that stand in it, under a flat or sloped ceiling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

Block = tuple[float, float, float, float]
"""x from, y from, x to, y to of what is solid from the floor to the ceiling."""
TURNS_RAD = {"front": 0.0, "right": np.pi / 2, "back": np.pi, "left": -np.pi / 2}
"""By where a wall lies in a room seen from above: y = 0, x = width, y = depth, x = 0."""


@dataclass(frozen=True, slots=True)
class Wall:
    """An upright plane that faces the room."""

    left_m: tuple[float, float]
    """Its left end, seen from within."""
    turn_rad: float
    """Turns the +y of a piece of furniture into the room."""
    length_m: float
    is_outer: bool
    """Whether it lies on the box of the room, so that another room may lie behind."""
    hides_ends: tuple[bool, bool]
    """Whether the left and the right end meet another wall in a corner, behind which nothing is seen."""

    @property
    def inward(self) -> np.ndarray:
        """(2,) unit vector into the room."""
        return np.array((-np.sin(self.turn_rad), np.cos(self.turn_rad)))

    def at(self, along_m: float, away_m: float = 0.0, lift_m: float = 0.0) -> tuple[np.ndarray, float]:
        """Place and turn of something whose back (y = 0) stands at the wall; `along_m` counts from the left end."""
        cos, sin = math.cos(self.turn_rad), math.sin(self.turn_rad)
        x, y = self.left_m
        place_m = np.array((x - cos * along_m - sin * away_m, y - sin * along_m + cos * away_m, lift_m))
        return place_m, self.turn_rad

    def area(self, along_m: float, width_m: float, reach_m: float) -> Block:
        """The floor that something `width_m` wide and `reach_m` deep takes at the wall."""
        (a, _), (b, _) = self.at(along_m - width_m / 2), self.at(along_m + width_m / 2, reach_m)
        (x0, x1), (y0, y1) = sorted((float(a[0]), float(b[0]))), sorted((float(a[1]), float(b[1])))
        return x0, y0, x1, y1


@dataclass(frozen=True, slots=True)
class Slope:
    """A part of the ceiling that comes down towards the wall x = 0 (`is_left`) or x = width."""

    is_left: bool
    knee_m: float
    """Height at the wall."""
    run_m: float
    """Distance from the wall at which the ceiling is level."""


@dataclass(frozen=True)
class Room:
    """A box with its corner at the origin, and what is missing of it."""

    width_m: float
    depth_m: float
    height_m: float
    blocks: tuple[Block, ...] = ()
    slopes: tuple[Slope, ...] = ()

    @cached_property
    def walls(self) -> tuple[Wall, ...]:
        """All planes that face the room, those of the blocks included."""
        return _walls(self)

    def is_free(self, x_m: float, y_m: float, gap_m: float = 0.0) -> bool:
        """Whether a point of the floor lies in the room, `gap_m` or more from every wall along x and y."""
        inside = gap_m <= x_m <= self.width_m - gap_m and gap_m <= y_m <= self.depth_m - gap_m
        return inside and not any(
            x0 - gap_m < x_m < x1 + gap_m and y0 - gap_m < y_m < y1 + gap_m for x0, y0, x1, y1 in self.blocks
        )

    def headroom_m(self, x_m: float) -> float:
        """Height of the ceiling over x."""
        heights = [self.height_m]
        for slope in self.slopes:
            away_m = x_m if slope.is_left else self.width_m - x_m
            heights.append(slope.knee_m + (self.height_m - slope.knee_m) * max(away_m, 0.0) / slope.run_m)
        return min(heights)

    def sees(self, eye_m: np.ndarray, point_m: np.ndarray) -> bool:
        """Whether no block hides a point of the floor plan from another."""
        steps = np.linspace(0.0, 1.0, 24)[:, None]
        return all(self.is_free(x, y) for x, y in eye_m + steps * (point_m - eye_m))


def _walls(room: Room) -> tuple[Wall, ...]:
    """Edges between free and solid cells of the grid that the blocks' sides span, joined to runs."""
    xs = sorted({0.0, room.width_m, *(x for b in room.blocks for x in (b[0], b[2]))})
    ys = sorted({0.0, room.depth_m, *(y for b in room.blocks for y in (b[1], b[3]))})
    free = np.zeros((len(xs) + 1, len(ys) + 1), dtype=bool)  # one solid cell around
    for i, (x0, x1) in enumerate(zip(xs[:-1], xs[1:], strict=True)):
        for j, (y0, y1) in enumerate(zip(ys[:-1], ys[1:], strict=True)):
            free[i + 1, j + 1] = room.is_free((x0 + x1) / 2, (y0 + y1) / 2)
    walls = []
    for name in ("front", "right", "back", "left"):
        along_x = name in ("front", "back")
        cells, across, along = (free.T, ys, xs) if along_x else (free, xs, ys)
        for k, level in enumerate(across):
            before, after = cells[k], cells[k + 1]
            inside, outside = (after, before) if name in ("front", "left") else (before, after)
            for begin, end in _runs(inside & ~outside):
                low, high = along[begin - 1], along[end - 1]
                left = (high, level) if name == "front" else (low, level)
                if not along_x:
                    left = (level, high) if name == "right" else (level, low)
                hidden = not inside[end], not inside[begin - 1]  # beyond the higher and the lower end
                walls.append(
                    Wall(
                        left,
                        TURNS_RAD[name],
                        high - low,
                        is_outer=level in (across[0], across[-1]),
                        hides_ends=hidden if name in ("front", "right") else hidden[::-1],
                    )
                )
    return tuple(walls)


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Half-open ranges of neighbouring true entries."""
    edges = np.flatnonzero(np.diff(np.concatenate(((0,), flags.astype(int), (0,)))))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def room_rand(rng: np.random.Generator, width_m: float, depth_m: float, height_m: float) -> Room:
    """A room of the given outer size: a plain box, an L, with an alcove, a chimney breast, columns, or an attic."""
    room = Room(width_m, depth_m, height_m)
    shape = str(rng.choice(list(SHAPES), p=[share for share, _ in SHAPES.values()]))
    return SHAPES[shape][1](rng, room)


def _box_rand(rng: np.random.Generator, room: Room) -> Room:
    return room


def _corner_rand(rng: np.random.Generator, room: Room) -> Room:
    """An L: one corner is missing; 1.3 m stay beside it."""
    w, d = room.width_m, room.depth_m
    if min(w, d) < 2.4:
        return room
    x, y = min(rng.uniform(0.2, 0.55) * w, w - 1.3), min(rng.uniform(0.2, 0.55) * d, d - 1.3)
    is_right, is_far = rng.random(2) < 0.5
    block = (w - x if is_right else 0.0, d - y if is_far else 0.0, w if is_right else x, d if is_far else y)
    return _with_blocks(room, block)


def _alcove_rand(rng: np.random.Generator, room: Room) -> Room:
    """A recess in the far or the near wall."""
    w, d = room.width_m, room.depth_m
    if w < 2.6 or d < 2.8:
        return room
    wide, deep = rng.uniform(0.9, w - 1.2), min(rng.uniform(0.35, 1.4), 0.4 * d)
    x = rng.uniform(0.0, w - wide)
    y0, y1 = (d - deep, d) if rng.random() < 0.7 else (0.0, deep)
    sides = [(0.0, y0, x, y1), (x + wide, y0, w, y1)]
    return _with_blocks(room, *(block for block in sides if block[2] - block[0] > 0.2))


def _breast_rand(rng: np.random.Generator, room: Room) -> Room:
    """A chimney breast or a pier that stands out of a wall."""
    w, d = room.width_m, room.depth_m
    wide, deep = rng.uniform(0.35, 1.6), rng.uniform(0.2, 0.5)
    if rng.random() < 0.5:
        x = rng.uniform(0.4, max(w - wide - 0.4, 0.41))
        return _with_blocks(room, (x, d - deep, min(x + wide, w - 0.4), d)) if w > 2.4 else room
    y = rng.uniform(0.4, max(d - wide - 0.4, 0.41))
    x0, x1 = (0.0, deep) if rng.random() < 0.5 else (w - deep, w)
    return _with_blocks(room, (x0, y, x1, min(y + wide, d - 0.4))) if w > 2.0 else room


def _columns_rand(rng: np.random.Generator, room: Room) -> Room:
    """One or two columns that stand in the room."""
    w, d = room.width_m, room.depth_m
    if min(w, d) < 3.8:
        return _breast_rand(rng, room)
    girth = rng.uniform(0.2, 0.5)
    x, y = rng.uniform(0.25, 0.75) * w, rng.uniform(0.35, 0.75) * d
    blocks = [(x - girth / 2, y - girth / 2, x + girth / 2, y + girth / 2)]
    if w > 6.0:
        other = (x + 0.5 * w) % w
        if 1.0 < other < w - 1.0:
            blocks.append((other - girth / 2, y - girth / 2, other + girth / 2, y + girth / 2))
    return _with_blocks(room, *blocks)


def _attic_rand(rng: np.random.Generator, room: Room) -> Room:
    """Under the roof: the ceiling slopes down on one or both sides."""
    if room.width_m < 2.6:
        return room
    knee, both = rng.uniform(0.7, 1.6), rng.random() < 0.5
    run = rng.uniform(0.25, 0.45 if both else 0.8) * room.width_m
    sides = (True, False) if both else (bool(rng.random() < 0.5),)
    slopes = tuple(Slope(side, float(knee), float(run)) for side in sides)
    return Room(room.width_m, room.depth_m, room.height_m, slopes=slopes)


def _with_blocks(room: Room, *blocks: Block) -> Room:
    plain = tuple((float(x0), float(y0), float(x1), float(y1)) for x0, y0, x1, y1 in blocks)
    return Room(room.width_m, room.depth_m, room.height_m, blocks=plain)


SHAPES = {
    "box": (0.38, _box_rand),
    "corner": (0.2, _corner_rand),
    "alcove": (0.12, _alcove_rand),
    "breast": (0.14, _breast_rand),
    "columns": (0.06, _columns_rand),
    "attic": (0.1, _attic_rand),
}
"""Share and maker of every shape."""
