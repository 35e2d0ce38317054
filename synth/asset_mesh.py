"""Asset mesh: what becomes of the triangles of a file from elsewhere before they may stand in a scene.

Files hold open shells, reversed shells, scans of millions of triangles and normals that mean nothing. The renderers
cull back faces and pay for every triangle; so normals are computed, what is not closed is doubled, and what is too
fine is made coarser.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.mesh import CUT_OUT_COLUMN

MAX_TRIANGLES = 15_000
"""Finer assets are made coarser; a scene has about 50,000 triangles in all."""
CREASE_COSINE = 0.85
"""A corner is shaded round where the surface around it faces within about 30 degrees of the face."""
COARSER = 1.2
"""Factor between the grids that are tried."""


@dataclass(frozen=True, slots=True)
class Triangles:
    """Faces of one asset, each with its own corners."""

    corners_m: np.ndarray
    """(T,3,3) float64."""
    uv: np.ndarray
    """(T,3,2) float32, in texture tiles."""
    look: np.ndarray
    """(T,9) float32, see `Material.look`."""

    def of(self, rows: np.ndarray) -> Triangles:
        """Some of the faces."""
        return Triangles(self.corners_m[rows], self.uv[rows], self.look[rows])


def joined(parts: list[Triangles]) -> Triangles:
    """All faces of several parts."""
    return Triangles(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("corners_m", "uv", "look")))


def without_slivers(triangles: Triangles) -> Triangles:
    """The faces that have an area."""
    return triangles.of(np.linalg.norm(_cross(triangles.corners_m), axis=1) > 1e-12)


def coarsened(triangles: Triangles, max_triangles: int = MAX_TRIANGLES) -> Triangles:
    """At most so many faces: corners in one cell of a grid become one, the finest grid that does it is taken.

    A corner keeps its place in the texture, so seams stay closed; nothing moves by more than a cell's diagonal.
    Clustering of vertices: Rossignac and Borrel, Multi-resolution 3D approximations, 1993.
    """
    if len(triangles.look) <= max_triangles:
        return triangles
    low = triangles.corners_m.reshape(-1, 3).min(axis=0)
    size_m = float((triangles.corners_m.reshape(-1, 3).max(axis=0) - low).max())
    cell_m = size_m / np.sqrt(2.0 * max_triangles)
    while True:
        cells = np.floor((triangles.corners_m.reshape(-1, 3) - low) / cell_m).astype(np.int64)
        key = (cells[:, 0] << 42) | (cells[:, 1] << 21) | cells[:, 2]
        _, number, counts = np.unique(key, return_inverse=True, return_counts=True)
        faces = number.reshape(-1, 3)
        kept = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
        first = np.take_along_axis(faces, (faces.argmin(axis=1)[:, None] + np.arange(3)) % 3, axis=1)
        rows = np.nonzero(kept)[0]
        rows = rows[np.unique(first[rows], axis=0, return_index=True)[1]]
        if len(rows) <= max_triangles:
            break
        cell_m *= COARSER
    flat = triangles.corners_m.reshape(-1, 3)
    means = np.stack([np.bincount(number, flat[:, axis]) for axis in range(3)], axis=1) / counts[:, None]
    rows = np.sort(rows)
    return Triangles(means[faces[rows]], triangles.uv[rows], triangles.look[rows])


def is_closed(triangles: Triangles) -> bool:
    """Whether every edge is shared by two faces that run along it in opposite ways, and all shells face outwards."""
    faces = _numbered(triangles.corners_m)
    begins, ends = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
    forth, back = begins << 32 | ends, ends << 32 | begins
    if not np.array_equal(np.sort(forth), np.sort(back)):
        return False
    shell = _shells(faces)
    corners = triangles.corners_m - triangles.corners_m.mean(axis=(0, 1))
    volumes = np.bincount(shell, np.einsum("tk,tk->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])))
    return bool((volumes[np.unique(shell)] > 0.0).all())


def needs_backs(triangles: Triangles) -> bool:
    """Whether faces may be seen from behind: an open surface, or one with holes in its texture."""
    return not is_closed(triangles) or bool((triangles.look[:, CUT_OUT_COLUMN] > 0.5).any())


def backs_of(triangles: Triangles) -> Triangles:
    """The same faces seen from the other side; their normals are those of the fronts, negated and in this order."""
    return Triangles(triangles.corners_m[:, ::-1], triangles.uv[:, ::-1], triangles.look)


def smooth_normals(triangles: Triangles) -> np.ndarray:
    """(T,3,3) float32 unit normals of the corners: round where the surface bends little, flat at creases."""
    cross = _cross(triangles.corners_m)
    flat = cross / np.maximum(np.linalg.norm(cross, axis=1, keepdims=True), 1e-30)
    faces, weights = _numbered(triangles.corners_m), _angles_rad(triangles.corners_m)
    parts = (weights[..., None] * flat[:, None]).reshape(-1, 3)
    sums = np.stack([np.bincount(faces.reshape(-1), parts[:, k]) for k in range(3)], axis=1)
    mean = sums[faces] / np.maximum(np.linalg.norm(sums[faces], axis=2, keepdims=True), 1e-30)
    is_round = np.einsum("tck,tk->tc", mean, flat) > CREASE_COSINE
    return np.where(is_round[..., None], mean, flat[:, None]).astype(np.float32)


def _angles_rad(corners_m: np.ndarray) -> np.ndarray:
    """(T,3) inner angles: as weights they make a normal that does not depend on how a flat part is cut up.

    Thuermer and Wuethrich, Computing vertex normals from polygonal facets, 1998.
    """
    ahead = np.roll(corners_m, -1, axis=1) - corners_m
    ahead /= np.maximum(np.linalg.norm(ahead, axis=2, keepdims=True), 1e-30)
    return np.asarray(np.arccos(np.clip(-np.einsum("tck,tck->tc", ahead, np.roll(ahead, 1, axis=1)), -1.0, 1.0)))


def _numbered(corners_m: np.ndarray) -> np.ndarray:
    """(T,3) int64: equal places have equal numbers."""
    places = np.ascontiguousarray(corners_m.reshape(-1, 3).astype(np.float32)) + np.float32(0.0)  # no minus zero
    _, number = np.unique(places.view(np.dtype((np.void, 12))).ravel(), return_inverse=True)
    return number.astype(np.int64).reshape(-1, 3)


def _shells(faces: np.ndarray) -> np.ndarray:
    """(T,) number of the connected part that each face belongs to."""
    label = np.arange(int(faces.max()) + 1)
    while True:
        before = label.copy()
        np.minimum.at(label, faces.reshape(-1), np.repeat(label[faces].min(axis=1), 3))
        label = label[label]
        if np.array_equal(label, before):
            return np.asarray(label[faces[:, 0]])


def _cross(corners_m: np.ndarray) -> np.ndarray:
    return np.cross(corners_m[:, 1] - corners_m[:, 0], corners_m[:, 2] - corners_m[:, 0])
