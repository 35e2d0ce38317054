"""Free space: what a finished scene leaves free, asked of its triangles alone.

Whoever built the scene need not say what stands where: rays find what is seen, boxes find whether they meet
anything. Exact for triangles; holes in leaves count as solid.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.scene import Thing

_NEXT = (1, 2, 0)


class FreeSpace:
    """The triangles of some things within reach of an eye."""

    def __init__(self, things: Sequence[Thing], eye_m: np.ndarray, reach_m: float) -> None:
        """Nothing is known of what lies farther than `reach_m` from the eye, which saves most of the work outdoors."""
        self._eye_m = np.asarray(eye_m, dtype=np.float64)
        near = [number for number, thing in enumerate(things) if _gap_m(*thing.mesh.bounds_m(), eye_m) <= reach_m]
        corners_m = np.concatenate([things[number].mesh.positions_m for number in near]).reshape(-1, 3, 3)
        thing = np.repeat(near, [things[number].mesh.num_triangles for number in near])
        columns = np.ascontiguousarray(corners_m.transpose(1, 2, 0))  # corner, axis, triangle
        low_m, high_m = np.minimum.reduce(columns).T, np.maximum.reduce(columns).T
        within = _gap_m(low_m, high_m, eye_m) <= reach_m
        self.thing = thing[within]
        """(T,) number of the thing that each triangle belongs to."""
        self._corners_m, self._low_m, self._high_m = corners_m[within], low_m[within], high_m[within]
        a, b, c = seen = columns[:, :, within] - self._eye_m.astype(np.float32)[:, None]
        cross = _cross(b - a, c - a)
        along = (cross * a).sum(axis=0)
        self._rise = cross[2] / np.maximum(np.sqrt((cross * cross).sum(axis=0)), np.float32(1e-12))
        self._front = np.nonzero(along < 0.0)[0]
        self._along = along[self._front]
        a, b, c = seen = seen[:, :, self._front]
        self._sides = _cross(a, b), _cross(b, c), _cross(c, a)
        middle = seen.sum(axis=0) / np.float32(3.0)
        self._area_seen = -self._along / np.maximum((middle * middle).sum(axis=0), np.float32(1e-6)) ** 1.5

    def first_hit(self, direction: np.ndarray) -> tuple[int, float] | None:
        """The first triangle on the ray from the eye, and its distance in lengths of `direction`."""
        x, y, z = direction.astype(np.float32)
        sides = [side[0] * x + side[1] * y + side[2] * z for side in self._sides]
        rows = np.nonzero((sides[0] <= 0.0) & (sides[1] <= 0.0) & (sides[2] <= 0.0))[0]
        total = sides[0][rows] + sides[1][rows] + sides[2][rows]
        rows, total = rows[total < 0.0], total[total < 0.0]
        if len(rows) == 0:
            return None
        distance = self._along[rows] / total
        nearest = int(distance.argmin())
        return int(self._front[rows[nearest]]), float(distance[nearest])

    def is_level(self, triangle: int, least: float) -> bool:
        """Whether a triangle faces up; `least` is the cosine of its slope."""
        return bool(self._rise[triangle] >= least)

    def seen_tops(self, is_wanted: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
        """Level triangles of the wanted things ((N,) bool) that face the eye, and how large each appears."""
        rows = np.nonzero(is_wanted[self.thing[self._front]] & (self._rise[self._front] >= least))[0]
        return self._front[rows], self._area_seen[rows]

    def place_on(self, triangle: int, first: float, second: float) -> np.ndarray:
        """A place on a triangle from two numbers in [0,1], evenly spread if they are."""
        if first + second > 1.0:
            first, second = 1.0 - first, 1.0 - second
        a, b, c = self._corners_m[triangle].astype(np.float64)
        return np.asarray(a + first * (b - a) + second * (c - a))

    def heights_m(self, places_m: np.ndarray, below_m: float) -> np.ndarray:
        """(N,) height of the highest surface under (N,2) places that is not above `below_m`; -inf where none is."""
        low, high = places_m.min(axis=0), places_m.max(axis=0)
        rows = np.nonzero(
            (self._low_m[:, :2] <= high).all(axis=1)
            & (self._high_m[:, :2] >= low).all(axis=1)
            & (self._low_m[:, 2] <= below_m)
            & (self._rise > 0.1)
        )[0]
        corners = self._corners_m[rows].astype(np.float64)
        heights = np.full(len(places_m), -np.inf)
        for number, place in enumerate(places_m):
            flat = corners[..., :2] - place
            areas = np.stack([_cross_2d(flat[:, _NEXT[k]], flat[:, _NEXT[k - 2]]) for k in range(3)], axis=1)
            inside = (areas >= 0.0).all(axis=1) & (areas.sum(axis=1) > 0.0)
            z = np.einsum("tk,tk->t", areas[inside], corners[inside][..., 2]) / areas[inside].sum(axis=1)
            z = z[z <= below_m]
            heights[number] = z.max() if len(z) else -np.inf
        return heights

    def is_free(self, middle_m: np.ndarray, half_m: np.ndarray, yaw_rad: float) -> bool:
        """Whether a box, turned about the vertical by `yaw_rad`, meets no triangle and does not hold the eye."""
        reach = np.array((np.hypot(half_m[0], half_m[1]),) * 2 + (half_m[2],))
        near = (self._low_m <= middle_m + reach).all(axis=1) & (self._high_m >= middle_m - reach).all(axis=1)
        cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
        turn = np.array(((cos, -sin, 0.0), (sin, cos, 0.0), (0.0, 0.0, 1.0)))
        if (np.abs((self._eye_m - middle_m) @ turn) <= half_m).all():
            return False
        return not meets_box((self._corners_m[near].astype(np.float64) - middle_m) @ turn, half_m)


def meets_box(corners_m: np.ndarray, half_m: np.ndarray) -> bool:
    """Whether any of the (N,3,3) triangles meets the box of half sizes `half_m` around the origin.

    The test of the thirteen separating axes: Akenine-Moeller, Fast 3D triangle-box overlap testing, 2001.
    """
    near = (corners_m.min(axis=1) <= half_m).all(axis=1) & (corners_m.max(axis=1) >= -half_m).all(axis=1)
    corners_m = corners_m[near]
    edges = corners_m[:, _NEXT] - corners_m
    normal = np.cross(edges[:, 0], edges[:, 1])
    apart = np.abs(np.einsum("nk,nk->n", normal, corners_m[:, 0])) > np.abs(normal) @ half_m
    for axis in np.eye(3):
        across = np.cross(axis, edges)
        along = np.einsum("nek,nck->nec", across, corners_m)
        reach = np.abs(across) @ half_m
        apart |= ((along.min(axis=2) > reach) | (along.max(axis=2) < -reach)).any(axis=1)
    return bool((~apart).any())


def _gap_m(low_m: np.ndarray, high_m: np.ndarray, eye_m: np.ndarray) -> np.ndarray:
    """Distance of the eye from boxes, (3,) or (N,3)."""
    return np.asarray(np.linalg.norm(np.maximum(np.maximum(low_m - eye_m, eye_m - high_m), 0.0), axis=-1))


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(3,N) cross products of (3,N) vectors; numpy's own takes several times as long."""
    return np.stack((a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]))


def _cross_2d(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
