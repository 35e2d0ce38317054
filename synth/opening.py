"""Opening: a hole in a wall, for a window, a door or a passage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.floor_plan import Room, Wall

KINDS = ("none", "window", "door", "passage")
END_M = 0.3
"""Wall that stays beside a hole."""
DOOR_TOP_M = 2.03


@dataclass(frozen=True, slots=True)
class Opening:
    """A hole in a wall."""

    kind: str
    wall: Wall
    along_m: float
    """Middle of the hole, from the wall's left end seen from within."""
    width_m: float
    low_m: float
    high_m: float


def openings_rand(rng: np.random.Generator, room: Room) -> list[Opening]:
    """Windows, doors, passages: on long walls several, at least one in every room, at most two passages."""
    found: list[Opening] = []
    for wall in room.walls:
        found += _on_wall_rand(rng, room, wall, num_passages=sum(one.kind == "passage" for one in found))
    if not found:
        longest = max((wall for wall in room.walls if wall.is_outer), key=lambda wall: wall.length_m)
        found += _fitting(_hole_rand(rng, room, longest, "door", longest.length_m / 2), room)
    return found


def _on_wall_rand(rng: np.random.Generator, room: Room, wall: Wall, *, num_passages: int) -> list[Opening]:
    bays = 1 if wall.length_m < 3.2 else int(rng.integers(1, 1 + min(int(wall.length_m / 1.6), 4)))
    if wall.length_m < 1.35:
        return []
    shares = (0.44, 0.28, 0.16, 0.12) if wall.is_outer else (0.75, 0.0, 0.25, 0.0)
    kind = str(rng.choice(KINDS, p=shares))
    if kind == "passage" and num_passages >= 2:
        kind = "door"
    middles = (np.arange(bays) + 0.5) * wall.length_m / bays
    if kind == "window" and bays > 1:  # a row of equal windows
        first = _hole_rand(rng, room, wall, kind, middles[0], room_m=wall.length_m / bays)
        holes = [Opening(kind, wall, float(m), first.width_m, first.low_m, first.high_m) for m in middles]
    else:
        half = wall.length_m / 2
        shift = rng.uniform(-1.0, 1.0) * max(half - END_M - 0.5, 0.0)
        holes = [_hole_rand(rng, room, wall, kind, half + shift)] if kind != "none" else []
    return [hole for one in holes for hole in _fitting(one, room)]


def _hole_rand(
    rng: np.random.Generator, room: Room, wall: Wall, kind: str, middle_m: float, *, room_m: float | None = None
) -> Opening:
    """A hole that ends `END_M` before the wall's ends."""
    room_m = wall.length_m if room_m is None else room_m
    width, low, high = float(rng.uniform(0.75, 1.0)), 0.0, DOOR_TOP_M
    if kind == "window":
        width = float(rng.uniform(0.6, max(min(2.6, room_m - 2 * END_M), 0.65)))
        low = float(rng.choice((rng.uniform(0.3, 1.15), 0.04), p=(0.9, 0.1)))
        high = float(min(room.height_m - 0.15, rng.uniform(1.9, 2.5)))
    elif kind == "passage":
        width = float(rng.uniform(0.8, max(min(2.2, room_m - 2 * END_M), 0.85)))
        high = float(min(room.height_m - 0.12, rng.uniform(2.0, 2.4)))
    reach = END_M + width / 2
    along = float(np.clip(middle_m, reach, max(wall.length_m - reach, reach)))
    return Opening(kind, wall, along, width, low, high)


def _fitting(hole: Opening, room: Room) -> list[Opening]:
    """The hole if wall and ceiling leave room for it."""
    ends = [hole.wall.at(hole.along_m + side * (hole.width_m / 2 + 0.1))[0] for side in (-1, 1)]
    headroom_m = min(room.headroom_m(float(end[0])) for end in ends)
    fits = hole.along_m + hole.width_m / 2 <= hole.wall.length_m - 0.15 and hole.high_m + 0.1 <= headroom_m
    return [hole] if fits else []
