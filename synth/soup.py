"""Soup: all triangles of a scene as plain arrays, for back ends that follow rays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.mesh import CUT_OUT_COLUMN, merged
from synth.scene import Scene


@dataclass(frozen=True, slots=True)
class Soup:
    """Triangles with the eye at the origin, so that what is near keeps most digits."""

    corners_m: np.ndarray
    """(T,3,3) float32, relative to the eye."""
    cross: np.ndarray
    """(T,3) float64: normal times twice the area."""
    along: np.ndarray
    """(T,) float64: `cross . corner`, so a ray d meets the plane at along / (cross . d)."""
    normals: np.ndarray
    """(T,3,3) float32 of the corners."""
    uv: np.ndarray
    """(T,3,2) float32 of the corners, in tiles."""
    uv_slope: np.ndarray
    """(T,2,3) float32: gradient of u and of v along the surface, tiles per metre."""
    look: np.ndarray
    """(T,9) float32, see `Material.look`."""
    ids: np.ndarray
    """(T,) uint16 instance of each triangle."""
    is_caster: np.ndarray
    """(T,) bool: casts a shadow."""

    @property
    def is_leafy(self) -> np.ndarray:
        """(T,) bool: has holes."""
        return self.look[:, CUT_OUT_COLUMN] > 0.5

    @property
    def faces_eye(self) -> np.ndarray:
        """(T,) bool: all rays of a pinhole start at one point, so back faces are known before the first ray."""
        return self.along < 0.0


def soup_of(scene: Scene) -> Soup:
    """The triangles of all things, in their order."""
    mesh = merged([thing.mesh for thing in scene.things])
    sizes = [thing.mesh.num_triangles for thing in scene.things]
    eye = scene.world_from_camera[:3, 3]
    exact = (mesh.positions_m.astype(np.float64) - eye).reshape(-1, 3, 3)
    corners_m = exact.astype(np.float32)
    one, other = exact[:, 1] - exact[:, 0], exact[:, 2] - exact[:, 0]
    cross = np.cross(one, other)
    uv = mesh.uv.reshape(-1, 3, 2)
    return Soup(
        corners_m=corners_m,
        cross=cross,
        along=np.einsum("tk,tk->t", cross, exact[:, 0]),
        normals=mesh.normals.reshape(-1, 3, 3),
        uv=uv,
        uv_slope=_uv_slope(one, other, uv),
        look=mesh.look[::3],
        ids=np.repeat(np.arange(1, len(sizes) + 1), sizes).astype(np.uint16),
        is_caster=np.repeat([thing.casts_shadow for thing in scene.things], sizes),
    )


def _uv_slope(one: np.ndarray, other: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Gradient inside each triangle of what is linear between its corners, by the inverse of the Gram matrix."""
    a, b, c = (np.einsum("tk,tk->t", *pair) for pair in ((one, one), (one, other), (other, other)))
    size = np.maximum(a * c - b * b, 1e-18)  # a triangle without area is never hit
    rise, run = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    along_one = (c[:, None] * rise - b[:, None] * run) / size[:, None]
    along_other = (a[:, None] * run - b[:, None] * rise) / size[:, None]
    slope = along_one[:, :, None] * one[:, None, :] + along_other[:, :, None] * other[:, None, :]
    return slope.astype(np.float32)
