"""Plots: the ground that is already built on, so that no two things stand in one another."""

from __future__ import annotations

import math

import numpy as np

from synth.mesh import Vector


class Plots:
    """Rectangles on the ground, each with its own direction."""

    def __init__(self) -> None:
        self._taken: list[_Plot] = []
        self._middles = np.empty((0, 2))
        self._reaches = np.empty(0)

    def take(self, middle_m: Vector, half_m: tuple[float, float], yaw_rad: float) -> bool:
        """Reserve a rectangle of half sizes `half_m`, turned by `yaw_rad`; False if it would overlap a taken one."""
        if self.meets(middle_m, half_m, yaw_rad):
            return False
        self._taken.append(_plot(middle_m, half_m, yaw_rad))
        self._middles = np.concatenate((self._middles, np.asarray(middle_m, dtype=np.float64)[None, :2]))
        self._reaches = np.append(self._reaches, math.hypot(*half_m))
        return True

    def meets(self, middle_m: Vector, half_m: tuple[float, float], yaw_rad: float) -> bool:
        """Whether a rectangle overlaps one that is taken: their circles, then the test of separating axes."""
        apart = self._middles - np.asarray(middle_m, dtype=np.float64)[:2]
        near = np.einsum("nk,nk->n", apart, apart) < (self._reaches + math.hypot(*half_m)) ** 2
        own = _plot(middle_m, half_m, yaw_rad)
        return any(_overlap(own, self._taken[number]) for number in np.flatnonzero(near).tolist())


_Plot = tuple[float, float, float, float, float, float]
"""Middle x and y, half sizes along its own axes, cosine and sine of its turn."""


def _plot(middle_m: Vector, half_m: tuple[float, float], yaw_rad: float) -> _Plot:
    return (
        float(middle_m[0]),
        float(middle_m[1]),
        float(half_m[0]),
        float(half_m[1]),
        math.cos(yaw_rad),
        math.sin(yaw_rad),
    )


def _overlap(one: _Plot, two: _Plot) -> bool:
    """Whether neither rectangle has an edge that parts them."""
    dx, dy = two[0] - one[0], two[1] - one[1]
    cos, sin = abs(one[4] * two[4] + one[5] * two[5]), abs(one[4] * two[5] - one[5] * two[4])
    for (_, _, a, b, c, s), (_, _, p, q, _, _) in ((one, two), (two, one)):
        if abs(c * dx + s * dy) > a + cos * p + sin * q or abs(c * dy - s * dx) > b + sin * p + cos * q:
            return False
    return True
