"""Ray caster of the sealed world: boxes, ellipsoids and frusta under affine maps, inside one box-shaped room.

All rays of one call leave one point: the camera's centre, or a lamp when shadows are asked for.
Arrays of points and directions are (3, rays). A solid is the image of a unit shape under an
affine map, so one parameter t serves the world and the unit frame alike, and a direction with
unit z in the camera makes t the planar depth itself.

Letters: o, d are origin and direction in the unit frame; a, b, c are the quadratic's coefficients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

Shape = Literal["box", "ellipsoid", "frustum"]
SHAPES: tuple[Shape, ...] = ("box", "ellipsoid", "frustum")
TINY = 1e-12
"""Stands for a zero denominator; it moves no hit by more than rounding."""
NO_SOLID = -1
"""Owner of a ray that meets the room's shell."""


@dataclass(frozen=True, kw_only=True)
class Solids:
    """Solids of one scene, one row each.

    Unit shapes: the cube [-1,1]^3; the unit ball; the frustum of radius 1 at z = -1 and
    1 - taper at z = 1 (taper 0 is a cylinder, 1 a cone; not below -0.4, so that the box bounds it).
    """

    shape: np.ndarray
    """(S,) position in SHAPES."""
    centre_m: np.ndarray
    """(S,3) in the world, z up."""
    half_m: np.ndarray
    """(S,3) half extents along the solid's own axes."""
    axes: np.ndarray
    """(S,3,3) the solid's unit axes in the world, as rows."""
    taper: np.ndarray
    """(S,)"""

    @cached_property
    def unit_from_world(self) -> np.ndarray:
        """(S,3,3) linear part of the map into the unit frame."""
        return self.axes / self.half_m[:, :, None]


def cast(
    solids: Solids, origin_m: np.ndarray, directions: np.ndarray, farthest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """First hit of every ray: t (rays,) and the solid's row, or `farthest` and NO_SOLID.

    Rays may only start outside of solids; `containing` tells. Solids whose bounding ball a ray
    misses are not tested against it.
    """
    t = farthest.copy()
    owner = np.full(t.shape, NO_SOLID)
    origins = np.einsum("sij,sj->si", solids.unit_from_world, origin_m - solids.centre_m)
    near = _near_bounding_ball(solids, origin_m, directions)
    for row in np.flatnonzero(near.any(axis=1)):
        rays = np.flatnonzero(near[row])
        local = solids.unit_from_world[row] @ directions[:, rays]
        hits = HITS[SHAPES[solids.shape[row]]](origins[row], local, solids.taper[row])
        closer = hits < t[rays]
        t[rays[closer]] = hits[closer]
        owner[rays[closer]] = row
    return t, owner


def _near_bounding_ball(solids: Solids, origin_m: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """(S, rays) True where a ray may meet the ball around the solid (the box's corners lie on it)."""
    offset = solids.centre_m - origin_m
    distance = np.linalg.norm(offset, axis=1)
    sine = np.minimum(np.linalg.norm(solids.half_m, axis=1) / np.maximum(distance, TINY), 1.0)
    limit = np.where(sine < 1.0, np.sqrt(1.0 - sine**2) - 1e-9, -2.0)  # an origin inside the ball sees it everywhere
    units = directions / np.linalg.norm(directions, axis=0)
    return (offset / np.maximum(distance, TINY)[:, None]) @ units >= limit[:, None]


def _hit_box(o: np.ndarray, d: np.ndarray, taper: float) -> np.ndarray:
    inverse = 1.0 / np.where(np.abs(d) < TINY, TINY, d)
    centre, spread = -o[:, None] * inverse, np.abs(inverse)
    enter, leave = (centre - spread).max(axis=0), (centre + spread).min(axis=0)
    return np.where((enter <= leave) & (enter > 0.0), enter, np.inf)


def _hit_ellipsoid(o: np.ndarray, d: np.ndarray, taper: float) -> np.ndarray:
    a, b, c = (d * d).sum(axis=0), o @ d, o @ o - 1.0
    discriminant = b * b - a * c
    t = (-b - np.sqrt(np.maximum(discriminant, 0.0))) / a
    return np.where((discriminant >= 0.0) & (t > 0.0), t, np.inf)


def _hit_frustum(o: np.ndarray, d: np.ndarray, taper: float) -> np.ndarray:
    slope, middle = -taper / 2.0, 1.0 - taper / 2.0  # radius(z) = middle + slope z
    a = d[0] ** 2 + d[1] ** 2 - (slope * d[2]) ** 2
    a = np.where(np.abs(a) < TINY, TINY, a)
    radius = middle + slope * o[2]
    b = o[0] * d[0] + o[1] * d[1] - slope * d[2] * radius
    discriminant = b * b - a * (o[0] ** 2 + o[1] ** 2 - radius**2)
    root = np.sqrt(np.maximum(discriminant, 0.0))
    best = np.full(d.shape[1], np.inf)
    for t in ((-b - root) / a, (-b + root) / a):
        on_side = (discriminant >= 0.0) & (np.abs(o[2] + t * d[2]) <= 1.0) & (t > 0.0)
        best = np.where(on_side & (t < best), t, best)
    steep = np.where(np.abs(d[2]) < TINY, TINY, d[2])
    for z, limit in ((-1.0, 1.0), (1.0, 1.0 - taper)):
        t = (z - o[2]) / steep
        on_cap = ((o[0] + t * d[0]) ** 2 + (o[1] + t * d[1]) ** 2 <= limit**2) & (t > 0.0)
        best = np.where(on_cap & (t < best), t, best)
    return best


def exit_room(size_m: np.ndarray, origin_m: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where rays from inside the room [0, size] leave it: t (rays,) and the face, 2 * axis + (1 at the far side)."""
    safe = np.where(np.abs(directions) < TINY, TINY, directions)
    t = (np.where(safe > 0.0, size_m[:, None], 0.0) - origin_m[:, None]) / safe
    axis = t.argmin(axis=0)
    ahead = np.take_along_axis(safe, axis[None], axis=0)[0] > 0.0
    return t.min(axis=0), 2 * axis + ahead


def normals(solids: Solids, owner: np.ndarray, points_m: np.ndarray) -> np.ndarray:
    """(3, rays) outward unit normals at points on the solids `owner` (none may be NO_SOLID)."""
    maps = solids.unit_from_world[owner]
    unit = np.einsum("nij,jn->in", maps, points_m - solids.centre_m[owner].T)
    shape = solids.shape[owner]
    gradient = unit.copy()  # right for the ellipsoid
    box = shape == SHAPES.index("box")
    largest = np.abs(unit[:, box]).argmax(axis=0)
    gradient[:, box] = np.sign(unit[:, box]) * (np.arange(3)[:, None] == largest)
    frustum = shape == SHAPES.index("frustum")
    gradient[:, frustum] = _frustum_gradient(unit[:, frustum], solids.taper[owner[frustum]])
    world = np.einsum("nij,in->jn", maps, gradient)
    return world / np.linalg.norm(world, axis=0)


def _frustum_gradient(unit: np.ndarray, taper: np.ndarray) -> np.ndarray:
    radius = 1.0 - taper * (unit[2] + 1.0) / 2.0
    side = np.stack((unit[0], unit[1], radius * taper / 2.0))
    cap = np.abs(unit[2]) > 1.0 - 1e-9
    side[:, cap] = np.sign(unit[2, cap]) * np.array([[0.0], [0.0], [1.0]])
    return side


def containing(solids: Solids, point_m: np.ndarray, *, margin_m: float = 0.0) -> np.ndarray:
    """Rows of the solids that hold the point, or have it nearer than about `margin_m`."""
    grown = solids.half_m + margin_m
    unit = np.einsum("sij,sj->si", solids.axes, point_m - solids.centre_m) / grown
    radius = 1.0 - solids.taper * (np.clip(unit[:, 2], -1.0, 1.0) + 1.0) / 2.0
    inside = np.stack(
        (
            (np.abs(unit) <= 1.0).all(axis=1),
            (unit**2).sum(axis=1) <= 1.0,
            (np.hypot(unit[:, 0], unit[:, 1]) <= radius) & (np.abs(unit[:, 2]) <= 1.0),
        )
    )
    return np.flatnonzero(inside[solids.shape, np.arange(len(solids.shape))])


def stack_solids(
    rows: Sequence[tuple[Shape, np.ndarray, np.ndarray, np.ndarray, float]],
) -> Solids:
    """Gather (shape, centre_m, half_m, axes, taper) rows."""
    shape, centre, half, axes, taper = zip(*rows, strict=True)
    return Solids(
        shape=np.array([SHAPES.index(name) for name in shape]),
        centre_m=np.array(centre),
        half_m=np.array(half),
        axes=np.array(axes),
        taper=np.array(taper),
    )


HITS: dict[Shape, Callable[[np.ndarray, np.ndarray, float], np.ndarray]] = {
    "box": _hit_box,
    "ellipsoid": _hit_ellipsoid,
    "frustum": _hit_frustum,
}
"""First positive t at which o + t d meets the unit shape, infinity for a miss."""
