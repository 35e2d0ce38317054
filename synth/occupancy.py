"""Occupancy: which parts of a room are taken."""

from __future__ import annotations

import numpy as np

from synth.floor_plan import Block, Room

Spot = tuple[float, float, float, float, float, float]
"""x from, y from, x to, y to, z from, z to."""
SLOPE_STEPS = 6
"""Boxes by which a roof slope is approximated from below."""


class Occupancy:
    """The spots that are taken, those under roof slopes and inside blocks from the start."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._taken: list[Spot] = [(*block, 0.0, room.height_m) for block in room.blocks]
        for slope in room.slopes:
            edges = np.linspace(0.0, slope.run_m, SLOPE_STEPS + 1)
            for low, high in zip(edges[:-1], edges[1:], strict=True):
                x0, x1 = (low, high) if slope.is_left else (room.width_m - high, room.width_m - low)
                head = min(room.headroom_m(float(x0)), room.headroom_m(float(x1)))
                self._taken.append((float(x0), 0.0, float(x1), room.depth_m, head, room.height_m))

    def take(self, area: Block, low_m: float = 0.0, high_m: float = 2.0) -> None:
        """Mark a part of the room."""
        self._taken.append((*area, low_m, high_m))

    def is_free(self, area: Block, low_m: float = 0.0, high_m: float = 2.0, gap_m: float = 0.02) -> bool:
        """Whether a part of the room lies inside it and meets nothing that is taken."""
        x0, y0, x1, y1 = area
        room = self._room
        if x0 < -0.01 or y0 < -0.01 or x1 > room.width_m + 0.01 or y1 > room.depth_m + 0.01 or high_m > room.height_m:
            return False
        return all(
            x1 + gap_m <= a0 or a1 + gap_m <= x0 or y1 + gap_m <= b0 or b1 + gap_m <= y0 or high_m <= c0 or c1 <= low_m
            for a0, b0, a1, b1, c0, c1 in self._taken
        )


def around(x_m: float, y_m: float, half_m: float, half_y_m: float | None = None) -> Block:
    """The rectangle around a point of the floor."""
    other = half_m if half_y_m is None else half_y_m
    return x_m - half_m, y_m - other, x_m + half_m, y_m + other


def turned_area(x_m: float, y_m: float, width_m: float, depth_m: float, turn_rad: float) -> Block:
    """The rectangle along x and y around a turned one."""
    cos, sin = abs(float(np.cos(turn_rad))), abs(float(np.sin(turn_rad)))
    return around(x_m, y_m, (cos * width_m + sin * depth_m) / 2, (sin * width_m + cos * depth_m) / 2)
