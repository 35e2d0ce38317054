"""Rays: what a pixel sees and what stands before a lamp, answered by Embree.

Embree knows neither back faces nor holes. Back faces are left out before the first ray; a ray that falls on a
hole is sent on from there until it meets something solid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from synth.soup import Soup
from synth.texels import Texels, alpha_at, level_of

STEP = 1e-5
"""How far behind a hole a ray goes on, as a share of its length so far, and at least in metres."""
SHADOW_LEVEL = 1.0
"""Mipmap level at which holes let light through; a lamp has no pixels that could tell."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Where N rays ended."""

    triangle: np.ndarray
    """(N,) int32 number in the soup, -1 = nothing there."""
    depth_m: np.ndarray
    """(N,) float64 in lengths of the ray's direction: planar z for directions of unit depth; 0 = nothing there."""
    share: np.ndarray
    """(N,2) float32: weights of the second and the third corner."""


class Tracer:
    """The search trees of one scene."""

    def __init__(self, soup: Soup, texels: Texels) -> None:
        self._soup, self._texels = soup, texels
        self._seen = _Tree(soup, soup.faces_eye)
        self._solid = _Tree(soup, soup.is_caster & ~soup.is_leafy)
        self._leafy = _Tree(soup, soup.is_caster & soup.is_leafy)

    def first_hits(self, directions: np.ndarray, near_far_m: tuple[float, float], edges: np.ndarray) -> Hits:
        """What rays from the eye along (N,3) directions of unit depth meet between two depths.

        `edges` is (2,3): how the direction changes from one pixel to the next, along rows and columns. Holes
        are judged at the mipmap level of that spacing.
        """
        near_m, far_m = near_far_m
        num = len(directions)
        triangle, share = np.full(num, -1, dtype=np.int32), np.zeros((num, 2), dtype=np.float32)
        start = np.full(num, near_m, dtype=np.float32)
        rays = np.arange(num)
        while len(rays):
            way = directions[rays]
            found, length, weights = self._seen.nearest(way * start[rays, None], way, far_m - start[rays])
            is_hit = found >= 0
            rays, found, weights, length = rays[is_hit], found[is_hit], weights[is_hit], length[is_hit]
            triangle[rays], share[rays] = found, weights
            start[rays] += length
            rays = rays[self._is_hole(found, weights, directions[rays], start[rays], edges)]
            triangle[rays] = -1
            start[rays] += np.maximum(start[rays] * STEP, STEP)
        return Hits(triangle, self._exact_depth(triangle, directions), share)

    def is_lit(self, places: np.ndarray, ways: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """(N,) bool: nothing stands within `lengths` along unit `ways` from (N,3) places relative to the eye."""
        lit = ~self._solid.is_blocked(places, ways, lengths)
        rays = np.nonzero(lit)[0]
        start = np.zeros(len(places), dtype=np.float32)
        while len(rays) and not self._leafy.is_empty:
            begin = places[rays] + ways[rays] * start[rays, None]
            found, length, weights = self._leafy.nearest(begin, ways[rays], lengths[rays] - start[rays])
            is_hit = found >= 0
            rays, found, weights, length = rays[is_hit], found[is_hit], weights[is_hit], length[is_hit]
            alpha = self._alpha(found, weights, np.full(len(found), SHADOW_LEVEL, dtype=np.float32))
            lit[rays[alpha >= 0.5]] = False
            rays, length = rays[alpha < 0.5], length[alpha < 0.5]
            start[rays] += length + STEP * (1.0 + length)
        return lit

    def _is_hole(
        self, triangle: np.ndarray, share: np.ndarray, way: np.ndarray, depth: np.ndarray, edges: np.ndarray
    ) -> np.ndarray:
        is_hole = self._soup.is_leafy[triangle]
        leafy = np.nonzero(is_hole)[0]
        size = footprint(self._soup, triangle[leafy], way[leafy], depth[leafy], edges)
        level = level_of(self._texels, size, -0.5)
        is_hole[leafy] = self._alpha(triangle[leafy], share[leafy], level) < 0.5
        return is_hole

    def _alpha(self, triangle: np.ndarray, share: np.ndarray, level: np.ndarray) -> np.ndarray:
        layer = self._soup.look[triangle, 4].astype(np.int32)
        return alpha_at(self._texels, layer, between(self._soup.uv[triangle], share), level)

    def _exact_depth(self, triangle: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Where the rays meet the planes of their triangles, in double precision."""
        depth_m = np.zeros(len(triangle))
        rays = np.nonzero(triangle >= 0)[0]
        hit = triangle[rays]
        depth_m[rays] = self._soup.along[hit] / np.einsum("nk,nk->n", self._soup.cross[hit], directions[rays])
        return depth_m


class _Tree:
    """Embree's tree over some triangles of the soup."""

    def __init__(self, soup: Soup, chosen: np.ndarray) -> None:
        self._numbers = np.nonzero(chosen)[0].astype(np.int32)
        self.is_empty = len(self._numbers) == 0
        self._scene = None if self.is_empty else _embree_scene(soup.corners_m[self._numbers])

    def nearest(
        self, begin: np.ndarray, way: np.ndarray, length: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Triangle of the soup or -1, distance in lengths of `way`, and weights of the second and third corner."""
        if self._scene is None:
            return np.full(len(begin), -1, np.int32), np.zeros(len(begin), np.float32), np.zeros((len(begin), 2))
        found = self._scene.run(*_floats(begin, way, length), output=True)
        hit = found["primID"]
        triangle = np.where(hit >= 0, self._numbers[np.maximum(hit, 0)], -1)
        return triangle, found["tfar"], np.stack((found["u"], found["v"]), axis=1)

    def is_blocked(self, begin: np.ndarray, way: np.ndarray, length: np.ndarray) -> np.ndarray:
        """(N,) bool: some triangle lies within `length` along `way`."""
        if self._scene is None:
            return np.zeros(len(begin), dtype=bool)
        return np.asarray(self._scene.run(*_floats(begin, way, length), query="OCCLUDED") >= 0)


def _embree_scene(corners_m: np.ndarray) -> Any:
    from embreex.mesh_construction import TriangleMesh  # a compiled library; only who traces rays loads it
    from embreex.rtcore_scene import EmbreeScene

    scene = EmbreeScene()
    TriangleMesh(scene, np.ascontiguousarray(corners_m))
    return scene


def _floats(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(np.ascontiguousarray(array, dtype=np.float32) for array in arrays)


def between(corners: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(N,K) values at the hits, from (N,3,K) values at the corners."""
    first = 1.0 - share[:, :1] - share[:, 1:]
    return np.asarray(corners[:, 0] * first + corners[:, 1] * share[:, :1] + corners[:, 2] * share[:, 1:])


def footprint(soup: Soup, triangle: np.ndarray, way: np.ndarray, depth: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(N,) tiles of texture between neighbouring pixels, along the axis where they are most."""
    cross = soup.cross[triangle]
    facing = np.einsum("nk,nk->n", cross, way)
    largest = np.zeros(len(triangle))
    for edge in edges:
        slide = (cross @ edge) / np.minimum(facing, -1e-12)  # front faces only: the sign is known
        step = (edge - way * slide[:, None]) * depth[:, None]
        tiles = np.einsum("nck,nk->nc", soup.uv_slope[triangle], step.astype(np.float32))
        largest = np.maximum(largest, np.abs(tiles).max(axis=1, initial=0.0))
    return largest.astype(np.float32)
