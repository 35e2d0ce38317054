"""Coverage: choose n of N candidates so that every candidate has a chosen one nearby.

Legend: x (N,d) points, one row per candidate; n how many are kept; c (n,) row numbers of those kept.

k-means (FAISS) cuts the cloud into clusters, every cluster gets a quota, and inside each the farthest points are taken
one after the other; then every chosen point moves to the middle of the candidates that it stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

NUM_AXES = 3
"""Principal axes of features that are covered; on more, no choice lies nearer than chance (LOG.md)."""
KEPT_PER_CLUSTER = 16
"""About so many are kept of every cluster."""
NUM_ITERATIONS = 20
NUM_THREADS = 1
"""The same on every machine, so that sums are. One, since a second waits for the first where others use the cores."""


@dataclass(frozen=True, slots=True)
class Axes:
    """The directions in which candidates differ most."""

    mean: np.ndarray
    """(D,) float64."""
    directions: np.ndarray
    """(D,d) float64, orthonormal; each points to where its largest entry is positive."""

    def project(self, features: np.ndarray) -> np.ndarray:
        """(N,D) features to (N,d) float32 points."""
        return np.ascontiguousarray((features - self.mean) @ self.directions, dtype=np.float32)


def fit_axes(features: np.ndarray, num_axes: int = NUM_AXES) -> Axes:
    """The first principal axes of (N,D) features."""
    mean = features.mean(axis=0, dtype=np.float64)
    centred = features.astype(np.float64) - mean
    directions = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :num_axes]
    largest = directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])]
    return Axes(mean, directions * np.where(largest < 0.0, -1.0, 1.0))


def choose(points: np.ndarray, num_keep: int, *, seed: int) -> np.ndarray:
    """Sorted row numbers (n,) of the points to keep.

    A pure function of the set of points: the caller sorts them by their sample's number, so that nothing depends on
    the order in which they were made.
    """
    points = np.ascontiguousarray(points, dtype=np.float32)
    assert 1 <= num_keep <= len(points)
    if num_keep == len(points):
        return np.arange(len(points))
    owner = cluster(points, max(num_keep // KEPT_PER_CLUSTER, 1), seed=seed)
    order = np.argsort(owner, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(owner))[:-1])
    quotas = shares(members, points, num_keep)
    chosen = [rows[farthest_points(points[rows], int(quota))] for rows, quota in zip(members, quotas, strict=True)]
    return np.sort(_moved_to_middles(points, np.concatenate(chosen)))


def cluster(points: np.ndarray, num_clusters: int, *, seed: int) -> np.ndarray:
    """(N,) number of the k-means cluster of every point; empty clusters are left out of the numbering."""
    faiss = _faiss()
    kmeans = faiss.Kmeans(
        points.shape[1],
        num_clusters,
        niter=NUM_ITERATIONS,
        seed=seed + 1,  # FAISS takes 0 for "no seed"
        min_points_per_centroid=1,
        max_points_per_centroid=1024,
    )
    kmeans.train(points)
    owner = nearest(points, kmeans.centroids)[1]
    return np.unique(owner, return_inverse=True)[1]


def shares(members: list[np.ndarray], points: np.ndarray, num_keep: int) -> np.ndarray:
    """How many to keep of every cluster, num_keep in all and at most its size.

    k points in a cluster of m points with spread s leave a mean distance of about s k^(-1/d); the sum over clusters of
    m s k^(-1/d) is smallest for k proportional to (m s)^(d/(d+1)).
    """
    sizes = np.array([len(rows) for rows in members])
    spreads = np.array([np.linalg.norm(points[rows] - points[rows].mean(axis=0), axis=1).mean() for rows in members])
    dimension = points.shape[1]
    wanted = (sizes * np.maximum(spreads, 1e-9)) ** (dimension / (dimension + 1.0))
    quotas = np.zeros(len(sizes), dtype=np.int64)
    while quotas.sum() < num_keep:  # a full cluster passes its rest on to the others
        room = quotas < sizes
        left = num_keep - int(quotas.sum())
        ideal = np.where(room, wanted, 0.0) * left / wanted[room].sum()
        extra = np.minimum(np.floor(ideal).astype(np.int64), sizes - quotas)
        if extra.sum() == 0:
            first = np.argsort(-ideal, kind="stable")[: min(left, int(room.sum()))]
            extra[first] = 1
        quotas += extra
    return quotas


def farthest_points(points: np.ndarray, num_keep: int) -> np.ndarray:
    """(n,) rows: first the point nearest to the mean, then always the one farthest from all before; ties to the first.

    Reference: Gonzalez, Clustering to minimize the maximum intercluster distance, 1985.
    """
    if num_keep == 0:
        return np.zeros(0, dtype=np.int64)
    chosen = [int(((points - points.mean(axis=0)) ** 2).sum(axis=1).argmin())]
    distance = np.full(len(points), np.inf)
    for _ in range(num_keep - 1):
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        distance[chosen[-1]] = -1.0  # never twice, not even among equal points
        chosen.append(int(distance.argmax()))
    return np.array(chosen)


def _moved_to_middles(points: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Each chosen point replaced by the one nearest to the mean of the candidates that it stands for.

    Farthest points lie on the rims of their clusters, and rims of neighbours lie side by side.
    """
    owner = nearest(points, points[chosen])[1]
    counts = np.maximum(np.bincount(owner, minlength=len(chosen)), 1)
    sums = np.stack([np.bincount(owner, column, minlength=len(chosen)) for column in points.T], axis=1)
    error = ((points - (sums / counts[:, None])[owner]) ** 2).sum(axis=1)
    order = np.lexsort((error, owner))
    first = order[np.unique(owner[order], return_index=True)[1]]
    moved = chosen.copy()
    moved[owner[first]] = first
    # Of equal points only the first stands for anything; the others stay, and must not be taken twice.
    repeated = np.setdiff1d(np.arange(len(moved)), np.unique(moved, return_index=True)[1])
    spare = np.setdiff1d(chosen, moved)
    moved[repeated] = spare[: len(repeated)]
    return moved


def nearest(points: np.ndarray, chosen_points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) distance to the nearest of the chosen points, and its number; exact."""
    faiss = _faiss()
    index = faiss.IndexFlatL2(points.shape[1])
    index.add(np.ascontiguousarray(chosen_points, dtype=np.float32))
    squared, number = index.search(np.ascontiguousarray(points, dtype=np.float32), 1)
    return np.sqrt(np.maximum(squared[:, 0], 0.0)), number[:, 0]  # rounding may leave a tiny negative square


def _faiss() -> Any:
    """FAISS with a fixed number of threads; who selects nothing does not load it."""
    import faiss

    faiss.omp_set_num_threads(NUM_THREADS)
    return faiss
