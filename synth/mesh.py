"""Mesh: triangles with the look of their surface, ready for one draw call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Vector = Sequence[float] | np.ndarray
"""Three numbers: x, y, z."""
CUT_OUT_COLUMN = 7
"""Where `Material.look` says whether the surface has holes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """How a surface looks."""

    layer: int
    """Layer of the texture bank."""
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Linear factor on the texture's colour."""
    tile_m: float = 1.0
    """Edge of one texture tile on the surface."""
    offset: tuple[float, float] = (0.0, 0.0)
    """Shift of the texture, in tiles."""
    gloss: float = 0.1
    """0 is chalk, 1 is a mirror."""
    metal: float = 0.0
    emission: float = 0.0
    """Light that the surface gives by itself, as a multiple of its colour."""
    cut_out: bool = False
    """Pixels where the texture's alpha is below one half are holes (leaves, nets)."""
    variation: float = 0.3
    """Strength of the large-scale variation of brightness that hides the tiling."""
    is_coarse: bool = False
    """Curved surfaces get fewer triangles: enough for a preview, whose pixels are larger than they are."""

    def look(self) -> np.ndarray:
        """(9,) float32 per-vertex numbers: tint, gloss, layer, emission, metal, cut-out, variation."""
        return np.array(
            (*self.tint, self.gloss, self.layer, self.emission, self.metal, self.cut_out, self.variation),
            dtype=np.float32,
        )

    def looks(self, count: int) -> np.ndarray:
        """(count,9): the same row again and again, without memory of its own; copy it before you change it."""
        return np.ndarray((count, CUT_OUT_COLUMN + 2), np.float32, self.look(), strides=(0, 4))


@dataclass(frozen=True, slots=True)
class Mesh:
    """Triangles as a list of corners: every three rows are one counter-clockwise face."""

    positions_m: np.ndarray
    """(3*T, 3) float32."""
    normals: np.ndarray
    """(3*T, 3) float32, unit length."""
    uv: np.ndarray
    """(3*T, 2) float32, in texture tiles."""
    look: np.ndarray
    """(3*T, 9) float32, see `Material.look`."""

    @property
    def num_triangles(self) -> int:
        """Count of faces."""
        return len(self.positions_m) // 3

    def moved(self, offset_m: Vector, *, yaw_rad: float = 0.0) -> Mesh:
        """The mesh turned about the vertical axis through the origin, then shifted."""
        positions_m, normals = self.positions_m, self.normals
        if yaw_rad != 0.0:
            turn = yaw_matrix(yaw_rad).T
            positions_m, normals = positions_m @ turn, normals @ turn
        return Mesh(positions_m + np.asarray(offset_m, dtype=np.float32), normals, self.uv, self.look)

    def turned(self, rotation: np.ndarray) -> Mesh:
        """The mesh turned about the origin by a (3,3) rotation."""
        turn = rotation.T.astype(np.float32)
        return Mesh(self.positions_m @ turn, self.normals @ turn, self.uv, self.look)

    def rows(self, begin: int, end: int) -> Mesh:
        """The corners from `begin` to before `end`, not copied."""
        span = slice(begin, end)
        return Mesh(self.positions_m[span], self.normals[span], self.uv[span], self.look[span])

    def bounds_m(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest corner of the axis-aligned box around the mesh."""
        columns = np.ascontiguousarray(self.positions_m.T)  # numpy reduces long rows several times faster
        return columns.min(axis=1), columns.max(axis=1)

    def to_trimesh(self) -> Any:
        """The geometry alone, with equal corners merged."""
        import trimesh  # takes seconds; only who asks pays

        faces = np.arange(len(self.positions_m)).reshape(-1, 3)
        return trimesh.Trimesh(self.positions_m, faces, process=True)


def yaw_matrix(yaw_rad: float) -> np.ndarray:
    """(3,3) float32 rotation about z, counter-clockwise seen from above."""
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    return np.array(((cos, -sin, 0.0), (sin, cos, 0.0), (0.0, 0.0, 1.0)), dtype=np.float32)


def merged(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh of several."""
    return Mesh(
        np.concatenate([mesh.positions_m for mesh in meshes]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.uv for mesh in meshes]),
        np.concatenate([mesh.look for mesh in meshes]),
    )


def from_corners(
    corners_m: np.ndarray, material: Material, *, normals: np.ndarray | None = None, uv: np.ndarray | None = None
) -> Mesh:
    """A mesh of (T,3,3) triangle corners; flat normals and metre-true texture unless given ((3*T,3), (3*T,2))."""
    corners_m = np.asarray(corners_m, dtype=np.float32)
    positions_m = corners_m.reshape(-1, 3)
    flat = None
    if normals is None:
        flat = _flat_normals(corners_m)
        normals = np.repeat(flat, 3, axis=0)
    else:
        normals = normals.astype(np.float32, copy=False)
    if uv is None:
        flat = normals.reshape(-1, 3, 3).sum(axis=1) if flat is None else flat
        uv = _project_uv(positions_m, np.repeat(np.abs(flat).argmax(axis=1), 3)) / material.tile_m
    look = material.looks(len(positions_m))
    uv = uv.astype(np.float32, copy=False) + np.asarray(material.offset, dtype=np.float32)
    return Mesh(positions_m, normals, uv, look)


def _flat_normals(corners_m: np.ndarray) -> np.ndarray:
    """(T,3) unit normals; numpy's own cross product takes several times as long on small arrays."""
    ax, ay, az = (corners_m[:, 1] - corners_m[:, 0]).T
    bx, by, bz = (corners_m[:, 2] - corners_m[:, 0]).T
    normals = np.empty((len(corners_m), 3), dtype=np.float32)
    normals[:, 0] = ay * bz - az * by
    normals[:, 1] = az * bx - ax * bz
    normals[:, 2] = ax * by - ay * bx
    length = np.sqrt(np.einsum("tk,tk->t", normals, normals))
    return normals / np.maximum(length, 1e-12)[:, None]  # a face without area has no direction


def _project_uv(positions_m: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Metres along the two axes that a face lies in best; upright faces keep v upright."""
    x, y, z = positions_m.T
    return np.stack((np.where(axis == 0, y, x), np.where(axis == 2, y, z)), axis=1)
