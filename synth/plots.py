"""Plots: the ground that is already built on, so that no two things stand in one another."""

from __future__ import annotations

import numpy as np


class Plots:
    """Rectangles on the ground, each with its own direction."""

    def __init__(self) -> None:
        self._middles = np.empty((0, 2))
        self._axes = np.empty((0, 2, 2))
        self._halves = np.empty((0, 2))

    def take(self, middle_m: np.ndarray, half_m: tuple[float, float], yaw_rad: float) -> bool:
        """Reserve a rectangle of half sizes `half_m`, turned by `yaw_rad`; False if it would overlap a taken one."""
        if self.meets(middle_m, half_m, yaw_rad):
            return False
        self._middles = np.concatenate((self._middles, np.asarray(middle_m, dtype=np.float64)[None, :2]))
        self._axes = np.concatenate((self._axes, _axes(yaw_rad)[None]))
        self._halves = np.concatenate((self._halves, np.array(half_m)[None]))
        return True

    def meets(self, middle_m: np.ndarray, half_m: tuple[float, float], yaw_rad: float) -> bool:
        """Whether a rectangle overlaps one that is taken, by the test of separating axes."""
        if len(self._middles) == 0:
            return False
        own, half = _axes(yaw_rad), np.array(half_m)
        apart = self._middles - np.asarray(middle_m, dtype=np.float64)[:2]
        cosines = np.abs(np.einsum("ik,njk->nij", own, self._axes))  # own axis i against other axis j
        on_own = np.abs(apart @ own.T) > half + np.einsum("nij,nj->ni", cosines, self._halves)
        on_other = np.abs(np.einsum("nk,njk->nj", apart, self._axes)) > self._halves + np.einsum(
            "nij,i->nj", cosines, half
        )
        return bool((~(on_own.any(axis=1) | on_other.any(axis=1))).any())


def _axes(yaw_rad: float) -> np.ndarray:
    """(2,2): the directions of x and of y after the turn, as rows."""
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    return np.array(((cos, sin), (-sin, cos)))
