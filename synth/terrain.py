"""Terrain: rolling land, seen from above, in patches that share their edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.mesh import Material, Mesh, from_corners


@dataclass(frozen=True, slots=True)
class Terrain:
    """Height as a sum of long waves, in a frame of its own that is turned against the world."""

    amplitudes_m: np.ndarray
    """(K,)."""
    waves_per_m: np.ndarray
    """(K,2) radians per metre along u and v."""
    phases_rad: np.ndarray
    """(K,)."""
    turn_rad: float
    """From (u, v) to the world's (x, y), counter-clockwise."""

    def height_m(self, u_m: np.ndarray | float, v_m: np.ndarray | float) -> np.ndarray:
        """Height of the ground."""
        return np.asarray(np.sin(self._angles(u_m, v_m)) @ self.amplitudes_m)

    def place(self, u_m: np.ndarray | float, v_m: np.ndarray | float, lift_m: float = 0.0) -> np.ndarray:
        """(...,3) points of the world, `lift_m` above the ground."""
        cos, sin = np.cos(self.turn_rad), np.sin(self.turn_rad)
        u, v = np.broadcast_arrays(np.asarray(u_m, dtype=np.float64), np.asarray(v_m, dtype=np.float64))
        return np.stack((cos * u - sin * v, sin * u + cos * v, self.height_m(u, v) + lift_m), axis=-1)

    def _angles(self, u_m: np.ndarray | float, v_m: np.ndarray | float) -> np.ndarray:
        u, v = np.asarray(u_m)[..., None], np.asarray(v_m)[..., None]
        return np.asarray(self.waves_per_m[:, 0] * u + self.waves_per_m[:, 1] * v + self.phases_rad)

    def _normals(self, u_m: np.ndarray, v_m: np.ndarray) -> np.ndarray:
        steep = np.cos(self._angles(u_m, v_m)) * self.amplitudes_m
        along_u, along_v = (steep @ self.waves_per_m).T
        cos, sin = np.cos(self.turn_rad), np.sin(self.turn_rad)
        normals = np.stack((sin * along_v - cos * along_u, -sin * along_u - cos * along_v, np.ones(len(steep))), axis=1)
        return normals / np.linalg.norm(normals, axis=1, keepdims=True)

    def patch(self, us_m: np.ndarray, vs_m: np.ndarray, material: Material, *, lift_m: float = 0.0) -> Mesh:
        """The ground over a grid of u and v, with smooth normals. Patches that share grid lines leave no crack."""
        u, v = np.meshgrid(us_m, vs_m, indexing="ij")
        a, b, c, d = (
            np.stack((u[i], v[i]), axis=-1).reshape(-1, 2)
            for i in (np.s_[:-1, :-1], np.s_[1:, :-1], np.s_[1:, 1:], np.s_[:-1, 1:])
        )
        corners = np.stack((a, b, c, a, c, d), axis=1).reshape(-1, 2)
        points = self.place(corners[:, 0], corners[:, 1], lift_m)
        return from_corners(
            points.reshape(-1, 3, 3), material, normals=self._normals(*corners.T), uv=corners / material.tile_m
        )


def terrain_rand(rng: np.random.Generator, *, relief_m: float) -> Terrain:
    """Land whose height differs by about `relief_m`, with waves of 250 to 900 m, level at the origin's height 0."""
    count = 4
    length_m, direction = rng.uniform(250.0, 900.0, count), rng.uniform(0.0, 2.0 * np.pi, count)
    waves = (2.0 * np.pi / length_m)[:, None] * np.stack((np.cos(direction), np.sin(direction)), axis=1)
    amplitudes = rng.uniform(0.3, 1.0, count)
    return Terrain(
        amplitudes_m=amplitudes / amplitudes.sum() * relief_m / 2.0,
        waves_per_m=waves,
        phases_rad=rng.uniform(0.0, 2.0 * np.pi, count),
        turn_rad=float(rng.uniform(0.0, 2.0 * np.pi)),
    )
