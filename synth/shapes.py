"""Shapes: closed surfaces in metres from which objects are put together, on top of trimesh's primitives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from synth.mesh import Material, Mesh, Vector, from_corners, merged

BOX_FACES = np.array(((0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)))
"""Corner numbers (bit 0 is x, bit 1 is y, bit 2 is z) of the bottom, top, front, back, left and right face."""
_BOX_TRIANGLES = BOX_FACES[:, (0, 1, 2, 0, 2, 3)].reshape(-1, 3)
_BOX_CORNERS = np.array([[(c >> axis & 1) - 0.5 for axis in range(3)] for c in range(8)], dtype=np.float32)
_BOX = from_corners(_BOX_CORNERS[_BOX_TRIANGLES], Material(layer=0))
_BOX_FLAT = np.array([[[1, 2], [0, 2], [0, 1]][axis] for axis in np.abs(_BOX.normals).argmax(axis=1)])
_QUAD = np.array(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
"""Shares of both edges at the six corners of a rectangle's triangles."""
_BOX_UV = np.arange(36)[:, None] * 3 + _BOX_FLAT
"""Numbers of the two coordinates that are the texture coordinates of a corner."""


def box(size_m: Vector, material: Material, *, at_m: Vector = (0.0, 0.0, 0.0)) -> Mesh:
    """A box that stands on z = `at_m[2]`, with its middle over (`at_m[0]`, `at_m[1]`)."""
    positions_m = _BOX.positions_m * np.array(size_m, dtype=np.float32)
    # Texture coordinates come before the shift, so that a box looks alike wherever it stands.
    uv = positions_m.reshape(-1)[_BOX_UV]
    uv *= np.float32(1.0 / material.tile_m)
    uv += np.array(material.offset, dtype=np.float32)
    positions_m += np.array((at_m[0], at_m[1], at_m[2] + size_m[2] / 2.0), dtype=np.float32)
    return Mesh(positions_m, _BOX.normals, uv, material.looks(36))


def boxes(
    sizes_m: np.ndarray,
    at_m: np.ndarray,
    material: Material,
    *,
    tints: np.ndarray | None = None,
    yaw_rad: float | np.ndarray = 0.0,
) -> Mesh:
    """Many boxes at once: (N,3) sizes, (N,3) places of their feet, (N,3) tints, one turn or (N,) turns."""
    sizes_m, at_m = np.asarray(sizes_m, dtype=np.float32), np.asarray(at_m, dtype=np.float32)
    corners = _BOX.positions_m * sizes_m[:, None]
    normals = uv = None
    if isinstance(yaw_rad, float) and yaw_rad == 0.0:
        normals = np.broadcast_to(_BOX.normals, corners.shape).reshape(-1, 3)
    else:
        turns = _turns(np.broadcast_to(np.asarray(yaw_rad, dtype=np.float32), len(sizes_m)))
        corners = corners @ turns
    shift = at_m.copy()
    shift[:, 2] += sizes_m[:, 2] / 2.0
    corners += shift[:, None]
    if normals is not None:
        uv = corners.reshape(len(corners), -1)[:, _BOX_UV].reshape(-1, 2) / material.tile_m
    mesh = from_corners(corners.reshape(-1, 3, 3), material, normals=normals, uv=uv)
    if tints is None:
        return mesh
    look = mesh.look.copy()
    look[:, :3] *= np.repeat(tints.astype(np.float32), 36, axis=0)
    return Mesh(mesh.positions_m, mesh.normals, mesh.uv, look)


def painted_boxes(rows: Sequence[tuple[Material, Vector, Vector]]) -> Mesh:
    """One mesh of many boxes, each with its material, size and the place of its foot, as `box` makes them."""
    count = len(rows)
    sizes = np.array([size for _, size, _ in rows], dtype=np.float32)
    shift = np.array([place for _, _, place in rows], dtype=np.float32)
    shift[:, 2] += sizes[:, 2] / 2.0
    local = _BOX.positions_m * sizes[:, None]
    uv = local.reshape(count, -1)[:, _BOX_UV]
    uv /= np.array([material.tile_m for material, _, _ in rows], dtype=np.float32)[:, None, None]
    uv += np.array([material.offset for material, _, _ in rows], dtype=np.float32)[:, None]
    local += shift[:, None]
    looks = np.array([material.look() for material, _, _ in rows]).repeat(36, axis=0)
    normals = np.tile(_BOX.normals, (count, 1))
    return Mesh(local.reshape(-1, 3), normals, uv.reshape(-1, 2), looks)


def copies(mesh: Mesh, places_m: np.ndarray) -> Mesh:
    """One mesh of the same thing at each of (N,3) places."""
    count = len(places_m)
    positions_m = mesh.positions_m + np.asarray(places_m, dtype=np.float32)[:, None]
    tiled = (np.tile(array, (count, 1)) for array in (mesh.normals, mesh.uv, mesh.look))
    return Mesh(positions_m.reshape(-1, 3), *tiled)


def _turns(yaw_rad: np.ndarray) -> np.ndarray:
    """(N,3,3) rotations about z for rows of points: the transposes of `yaw_matrix`."""
    turns = np.zeros((len(yaw_rad), 3, 3), dtype=np.float32)
    turns[:, 0, 0] = turns[:, 1, 1] = np.cos(yaw_rad)
    turns[:, 0, 1] = np.sin(yaw_rad)
    turns[:, 1, 0] = -turns[:, 0, 1]
    turns[:, 2, 2] = 1.0
    return turns


def rectangle(corner_m: Vector, first_m: Vector, second_m: Vector, material: Material) -> Mesh:
    """A flat patch seen from the side towards which first x second points."""
    corner, first, second = (np.array(v, dtype=np.float64) for v in (corner_m, first_m, second_m))
    (ax, ay, az), (bx, by, bz) = first.tolist(), second.tolist()
    wide, high = math.sqrt(ax * ax + ay * ay + az * az), math.sqrt(bx * bx + by * by + bz * bz)
    normal = np.array((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx))
    normal /= max(math.sqrt(float(normal @ normal)), 1e-12)  # a patch without area has no direction
    corners = (corner + _QUAD[:, :1] * first + _QUAD[:, 1:] * second).reshape(2, 3, 3)
    uv = _QUAD * (wide / material.tile_m, high / material.tile_m)
    return from_corners(corners, material, normals=normal[None].repeat(6, axis=0), uv=uv)


def strip(left_m: np.ndarray, right_m: np.ndarray, along_m: np.ndarray, material: Material, *, across_m: float) -> Mesh:
    """A ribbon between two lines of (...,N,3) points, seen from above when `left_m` lies left of `right_m`.

    Leading axes are ribbons of their own; `along_m` (...,N) is the texture's way along them.
    """
    a, b = left_m[..., :-1, :], right_m[..., :-1, :]
    c, d = right_m[..., 1:, :], left_m[..., 1:, :]
    corners = np.empty((*a.shape[:-1], 6, 3), dtype=np.float32)
    for number, corner in enumerate((a, b, c, a, c, d)):
        corners[..., number, :] = corner
    uv = np.empty((*a.shape[:-1], 6, 2), dtype=np.float32)
    uv[..., 0] = np.array((0.0, across_m, across_m, 0.0, across_m, 0.0)) / material.tile_m
    uv[..., (0, 1, 3), 1] = (along_m[..., :-1] / material.tile_m)[..., None]
    uv[..., (2, 4, 5), 1] = (along_m[..., 1:] / material.tile_m)[..., None]
    return from_corners(corners.reshape(-1, 3, 3), material, uv=uv.reshape(-1, 2))


def cylinder(
    radius_m: float,
    height_m: float,
    material: Material,
    *,
    at_m: Vector = (0.0, 0.0, 0.0),
    top: float = 1.0,
    sections: int = 12,
) -> Mesh:
    """An upright cylinder on z = `at_m[2]`; `top` is the share of the radius at its upper end."""
    if top != 1.0:
        profile_m = ((0.0, 0.0), (radius_m, 0.0), (radius_m * top, height_m), (0.0, height_m))
        return lathe(profile_m, material, at_m=at_m, sections=sections)
    unit, uv = _rod(radius_m, height_m, material, sections)
    positions_m = unit.positions_m * np.array((radius_m, radius_m, height_m), dtype=np.float32)
    positions_m += np.array(at_m, dtype=np.float32)
    return Mesh(positions_m, unit.normals, uv, material.looks(len(uv)))


def _rod(radius_m: float, length_m: float, material: Material, sections: int) -> tuple[Mesh, np.ndarray]:
    """The cylinder of radius and length 1, and the texture coordinates of one of the given size."""
    unit = _unit_cylinder(max(sections // 2, 4) if material.is_coarse else sections)
    uv = np.empty((len(unit.uv), 2), dtype=np.float32)
    uv[:, 0] = unit.uv[:, 0] * np.float32(max(radius_m, 0.05) / material.tile_m)
    # Along the profile: out over the foot, up the side, in over the top.
    uv[:, 1] = unit.look @ np.array((radius_m / material.tile_m, length_m / material.tile_m), dtype=np.float32)
    uv += np.array(material.offset, dtype=np.float32)
    return unit, uv


@lru_cache(maxsize=32)
def _unit_cylinder(sections: int) -> Mesh:
    """Radius and length 1; its `uv` are angles and 0, its `look` (3*T,2) radii and lengths along the profile."""
    mesh = lathe(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)), Material(layer=0), sections=sections)
    run = np.rint(mesh.uv[:, 1])
    runs = np.stack((run - (run >= 2.0), run >= 2.0), axis=1).astype(np.float32)
    return Mesh(mesh.positions_m, mesh.normals, mesh.uv, runs)


def lathe(
    profile_m: Sequence[tuple[float, float]],
    material: Material,
    *,
    at_m: Vector = (0.0, 0.0, 0.0),
    sections: int = 14,
) -> Mesh:
    """A surface of revolution about z from (radius, height) points, listed from below to above."""
    if material.is_coarse:
        sections = max(sections // 2, 4)
    profile = np.asarray(profile_m, dtype=np.float32)
    ring, girth = _ring(sections)
    points = np.empty((len(profile), sections + 1, 3), dtype=np.float32)
    points[..., :2] = profile[:, None, :1] * ring
    points[..., 2] = profile[:, 1:]
    edge = profile[1:] - profile[:-1]
    length = np.sqrt((edge * edge).sum(axis=1))
    normal = np.empty((len(edge), sections + 1, 3), dtype=np.float32)
    steep = np.maximum(length, 1e-9)[:, None]  # a repeated point has no slope
    normal[..., :2] = (edge[:, 1:] / steep)[:, None] * ring
    normal[..., 2] = -edge[:, :1] / steep
    v = np.concatenate((np.zeros(1, dtype=np.float32), length.cumsum()))
    uv = np.empty((len(profile), sections + 1, 2), dtype=np.float32)
    uv[..., 0] = girth * max(float(profile[:, 0].max()), 0.05)
    uv[..., 1] = v[:, None]
    patch, slope = _lathe_corners(tuple((profile[:, 0] > 0.0).tolist()), sections)
    mesh = from_corners(
        points.reshape(-1, 3)[patch].reshape(-1, 3, 3),
        material,
        normals=normal.reshape(-1, 3)[slope],
        uv=uv.reshape(-1, 2)[patch] / material.tile_m,
    )
    return mesh.moved(at_m)


@lru_cache(maxsize=256)
def _lathe_corners(is_ring: tuple[bool, ...], sections: int) -> tuple[np.ndarray, np.ndarray]:
    """For each corner of a lathe's triangles the numbers of its point and of its normal.

    At a pole (not `is_ring`) one edge of a patch is a point, and one of its two triangles has no area and is left out.
    """
    low = np.arange(len(is_ring) - 1)[:, None] * (sections + 1) + np.arange(sections)
    high = low + sections + 1
    keep = np.repeat(np.stack((is_ring[:-1], is_ring[1:]), axis=1)[:, None], sections, axis=1).reshape(-1)

    def triangles(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
        corners: np.ndarray = np.stack((a, b, c, a, c, d), axis=2).reshape(len(keep), 3)
        return corners[keep].reshape(-1)

    return triangles(low, low + 1, high + 1, high), triangles(low, low + 1, low + 1, low)


@lru_cache(maxsize=32)
def _ring(sections: int) -> tuple[np.ndarray, np.ndarray]:
    """Points on the unit circle, closed, and their angles."""
    angles = np.linspace(0.0, 2.0 * np.pi, sections + 1, dtype=np.float32)
    points = np.stack((np.cos(angles), np.sin(angles)), axis=1)
    points[-1] = points[0]  # the sine of a rounded 2 pi is not 0, and the seam would be open
    return points, angles


def tube(start_m: Vector, end_m: Vector, radius_m: float, material: Material, *, sections: int = 8) -> Mesh:
    """A straight rod between two points."""
    (x0, y0, z0), (x1, y1, z1) = (np.asarray(place, dtype=np.float64).tolist() for place in (start_m, end_m))
    length = math.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2 + (z1 - z0) ** 2)
    z = ((x1 - x0) / length, (y1 - y0) / length, (z1 - z0) / length)
    # The cross product of z with the y axis, or with the upright one, written out: numpy's own takes long.
    x = (z[2], 0.0, -z[0]) if abs(z[2]) > 0.9 else (-z[1], z[0], 0.0)
    norm = math.sqrt(x[0] ** 2 + x[1] ** 2 + x[2] ** 2)
    x = (x[0] / norm, x[1] / norm, x[2] / norm)
    y = (z[1] * x[2] - z[2] * x[1], z[2] * x[0] - z[0] * x[2], z[0] * x[1] - z[1] * x[0])
    unit, uv = _rod(radius_m, length, material, sections)
    axes = np.array((x, y, z), dtype=np.float32)
    positions_m = unit.positions_m @ (axes * np.array(((radius_m,), (radius_m,), (length,)), dtype=np.float32))
    positions_m += np.array((x0, y0, z0), dtype=np.float32)
    return Mesh(positions_m, unit.normals @ axes, uv, material.looks(len(uv)))


@lru_cache(maxsize=8)
def _sphere(subdivisions: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(V,3) points of a ball, (3*T,) numbers of its corners, (T,3) how far its faces look along each axis."""
    import trimesh.creation  # takes seconds; a process that draws nothing does not pay

    sphere = trimesh.creation.icosphere(subdivisions=subdivisions)
    points, faces = np.asarray(sphere.vertices, dtype=np.float32), np.asarray(sphere.faces)
    return points, faces.reshape(-1), np.abs(points[faces].sum(axis=1))


def blob(
    size_m: Vector,
    material: Material,
    *,
    at_m: Vector = (0.0, 0.0, 0.0),
    squareness: float = 0.0,
    subdivisions: int = 2,
    lumps: np.ndarray | None = None,
) -> Mesh:
    """A ball stretched to `size_m` around `at_m`; `squareness` towards 1 makes a cushion or a rounded box.

    `lumps` (K,4) are directions and strengths of smooth bulges.
    """
    many = None if lumps is None else lumps[None]
    return blobs(
        np.array([size_m]), np.array([at_m]), material, squareness=squareness, subdivisions=subdivisions, lumps=many
    )


def blobs(
    sizes_m: np.ndarray,
    at_m: np.ndarray,
    material: Material,
    *,
    squareness: float = 0.0,
    subdivisions: int = 2,
    lumps: np.ndarray | None = None,
) -> Mesh:
    """Several balls at once: (N,3) sizes, (N,3) middles, (N,K,4) lumps."""
    directions, faces, middles = _sphere(max(subdivisions - 1, 0) if material.is_coarse else subdivisions)
    shape = directions
    if squareness > 0.0:
        power = 2.0 / (1.0 - min(squareness, 0.95))  # superquadric: 2 is a ball, infinity a box
        shape = shape / (np.abs(shape) ** power).sum(axis=1, keepdims=True) ** (1.0 / power)
    shape = shape[None]
    if lumps is not None:
        lumps = lumps.astype(np.float32)
        # Some processors' OpenBLAS raises the invalid flag for such products of finite numbers (numpy issue 24067).
        with np.errstate(invalid="ignore"):
            lift = np.exp(4.0 * (directions @ lumps[..., :3].swapaxes(1, 2) - 1.0)) @ lumps[..., 3:]
        shape = shape * (1.0 + lift)
    half = np.asarray(sizes_m, dtype=np.float32)[:, None] / 2.0
    normals = np.sign(shape) * np.abs(shape) ** (1.0 + 2.0 * squareness) / half if squareness else shape / half
    normals /= np.sqrt(np.einsum("nvk,nvk->nv", normals, normals))[..., None]
    points, normals = (shape * half).take(faces, axis=1), normals.take(faces, axis=1)
    # Each face is textured along the two axes that it lies in best, before lumps bend it.
    axis = (middles ** np.float32(1.0 + 2.0 * squareness) / half).argmax(axis=2).repeat(3, axis=1)
    uv = np.empty((*points.shape[:2], 2), dtype=np.float32)
    uv[..., 0] = np.where(axis == 0, points[..., 1], points[..., 0])
    uv[..., 1] = np.where(axis == 2, points[..., 1], points[..., 2])
    uv /= np.float32(material.tile_m)
    points += np.asarray(at_m, dtype=np.float32)[:, None]
    return from_corners(points.reshape(-1, 3, 3), material, normals=normals.reshape(-1, 3), uv=uv.reshape(-1, 2))


def lumps_rand(rng: np.random.Generator, shape: int | tuple[int, ...], strength: float) -> np.ndarray:
    """(*shape,4) directions, spread evenly over the sphere, and strengths in [0, strength]."""
    shape = (shape,) if isinstance(shape, int) else shape
    directions = rng.standard_normal((*shape, 3))
    directions /= np.sqrt((directions**2).sum(axis=-1, keepdims=True))
    return np.concatenate((directions, rng.uniform(0.0, strength, (*shape, 1))), axis=-1)


def loft(rings_m: np.ndarray, materials: Sequence[Sequence[Material]], cap: Material, *, rounding: float = 0.0) -> Mesh:
    """A closed hull through (R,P,3) rings, ordered so that the outside is right of ring order seen from inside.

    `materials[r][p]` paints the patch between rings r, r+1 and points p, p+1; `rounding` blends the flat normals
    towards the direction from the hull's middle.
    """
    rings = np.asarray(rings_m, dtype=np.float32)
    points = rings.reshape(-1, 3)
    kinds = list(dict.fromkeys((cap, *(material for row in materials for material in row))))
    numbers = [kinds.index(material) for row in materials for material in row]
    which = np.repeat(np.array(numbers + [0] * (rings.shape[1] - 2)), 2)  # two triangles a patch, and two ends
    mesh = from_corners(points[_loft_corners(*rings.shape[:2])], cap)
    outward = mesh.positions_m - points.mean(axis=0)
    outward *= (rounding / np.sqrt(np.einsum("nk,nk->n", outward, outward)))[:, None]
    normals = (1.0 - rounding) * mesh.normals + outward
    normals /= np.sqrt(np.einsum("nk,nk->n", normals, normals))[:, None]
    scale = np.array([(cap.tile_m / kind.tile_m, *kind.offset) for kind in kinds], dtype=np.float32)[which].repeat(3, 0)
    uv = (mesh.uv - np.array(cap.offset, dtype=np.float32)) * scale[:, :1] + scale[:, 1:]
    look = np.stack([kind.look() for kind in kinds])[which].repeat(3, axis=0)
    return Mesh(mesh.positions_m, normals, uv, look)


@lru_cache(maxsize=32)
def _loft_corners(num_rings: int, count: int) -> np.ndarray:
    """(T,3) numbers of the points of a loft's triangles: patches ring by ring, then the triangles of both ends."""
    low = np.arange(num_rings - 1)[:, None] * count
    a, b = low + np.arange(count), low + (np.arange(count) + 1) % count
    sides = np.stack((a, b, b + count, a, b + count, a + count), axis=2).reshape(-1, 3)
    p, last = np.arange(1, count - 1), (num_rings - 1) * count
    ends = np.stack((p + 1, p, np.zeros_like(p), np.full_like(p, last), last + p, last + p + 1), axis=1).reshape(-1, 3)
    return np.concatenate((sides, ends))


def gable(size_m: Vector, roof: Material, wall: Material, *, at_m: Vector, eaves_m: float = 0.4) -> Mesh:
    """A saddle roof over a (length, width, rise) footprint, ridge along x."""
    length, width, rise = size_m
    x, y = length / 2.0 + eaves_m, width / 2.0 + eaves_m
    drop = rise * eaves_m / (width / 2.0)
    top_a, top_b = (-x, 0.0, rise), (x, 0.0, rise)
    low = [(-x, -y, -drop), (x, -y, -drop), (x, y, -drop), (-x, y, -drop)]
    faces = [(low[0], low[1], top_b), (low[0], top_b, top_a), (low[2], low[3], top_a), (low[2], top_a, top_b)]
    under = [(low[0], low[2], low[1]), (low[0], low[3], low[2])]
    ends = [(low[1], low[2], top_b), (low[3], low[0], top_a)]
    return merged(
        [from_corners(np.array(faces), roof), from_corners(np.array(under), wall), from_corners(np.array(ends), wall)]
    ).moved(at_m)
