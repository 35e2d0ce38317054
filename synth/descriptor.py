"""Descriptor: a preview as a vector whose distances say how unlike two pictures are for a depth network.

Three blocks: what is seen (composition), where it is in depth (layout), and how it looks (appearance). Every part of
a block is measured in one unit of its own, so its columns are left as they are to each other; what differs between
parts is brought to one scale by `fit_scaling`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synth.preview import Preview

NUM_BUCKETS = 32
"""Kinds of things are spread over these by their name, so that a new kind needs no list; some share a bucket."""
DEPTH_GRID = (6, 8)
LOOK_GRID = (3, 4)
NEAR_FAR_M = (0.3, 300.0)
"""Ends of the logarithmic depth axis, for all domains; no depth counts as the far end."""
NUM_DEPTH_BINS = 16
NUM_COLOURS = 3
"""Levels per channel of the colour histogram."""
PARTS: dict[str, tuple[int, float]] = {
    "kinds": (NUM_BUCKETS, 0.20),
    "instances": (4, 0.10),
    "depth_grid": (DEPTH_GRID[0] * DEPTH_GRID[1], 0.30),
    "depth_histogram": (NUM_DEPTH_BINS, 0.10),
    "depth_edges": (LOOK_GRID[0] * LOOK_GRID[1], 0.10),
    "look_grid": (LOOK_GRID[0] * LOOK_GRID[1] * 3, 0.12),
    "look_spread": (LOOK_GRID[0] * LOOK_GRID[1], 0.03),
    "colours": (NUM_COLOURS**3, 0.05),
}
"""Length of every part, and its share of the mean squared distance between two candidates.

Half goes to the layout of depth, which is what a student has to learn; three tenths to the composition, which decides
on shapes and edges; the rest to appearance, which augmentation and adaptation change anyway.
"""
NUM_COLUMNS = sum(length for length, _ in PARTS.values())


def describe(preview: Preview) -> np.ndarray:
    """(NUM_COLUMNS,) float32, the parts of PARTS one after the other, not yet scaled."""
    log_depth = _log_depth(preview.depth_m)
    look = _opponent(preview.image)
    parts = (
        _kinds(preview.shares),
        _instances(preview.ids),
        _cells(log_depth, DEPTH_GRID).mean(axis=2).ravel(),
        _histogram(log_depth),
        _cells(_edges(log_depth), LOOK_GRID).mean(axis=2).ravel(),
        np.concatenate([_cells(channel, LOOK_GRID).mean(axis=2).ravel() for channel in look]),
        _cells(look[0], LOOK_GRID).std(axis=2).ravel(),
        _colours(preview.image),
    )
    descriptor: np.ndarray = np.concatenate(parts).astype(np.float32)
    assert descriptor.shape == (NUM_COLUMNS,)
    return descriptor


def _kinds(shares: Mapping[str, float]) -> np.ndarray:
    """Square roots of the shares: their Euclidean distance is Hellinger's, in which a rare kind still counts."""
    buckets = np.zeros(NUM_BUCKETS)
    for kind, share in shares.items():
        buckets[hashlib.sha256(kind.encode()).digest()[0] % NUM_BUCKETS] += share
    return np.sqrt(buckets)


def _instances(ids: np.ndarray) -> np.ndarray:
    """Logarithm of the number of instances in view, and the area of the largest three, as square roots of shares."""
    counts = np.sort(np.bincount(ids.ravel())[1:])[::-1]
    largest = np.pad(counts[:3], (0, max(3 - len(counts), 0))) / ids.size
    return np.concatenate(((np.log1p((counts > 0).sum()) / 4.0,), np.sqrt(largest)))


def _log_depth(depth_m: np.ndarray) -> np.ndarray:
    """(h,w) in [0,1] from the near to the far end."""
    near, far = NEAR_FAR_M
    filled = np.where(depth_m > 0, depth_m, far)
    return np.asarray(np.log(np.clip(filled, near, far) / near) / np.log(far / near))


def _histogram(log_depth: np.ndarray) -> np.ndarray:
    counts = np.histogram(log_depth, NUM_DEPTH_BINS, (0.0, 1.0))[0]
    return np.asarray(np.sqrt(counts / log_depth.size))


def _edges(log_depth: np.ndarray) -> np.ndarray:
    """(h,w) square root of the step in logarithmic depth to the right and lower neighbour: outlines and slopes."""
    across = np.abs(np.diff(log_depth, axis=1, append=log_depth[:, -1:]))
    down = np.abs(np.diff(log_depth, axis=0, append=log_depth[-1:]))
    return np.asarray(np.sqrt(across + down))


def _opponent(image: np.ndarray) -> list[np.ndarray]:
    """Brightness, red against green, and yellow against blue, each (h,w)."""
    red, green, blue = (image[..., channel] / 255.0 for channel in range(3))
    return [(red + green + blue) / 3.0, red - green, (red + green) / 2.0 - blue]


def _colours(image: np.ndarray) -> np.ndarray:
    levels = image.astype(np.int64) * NUM_COLOURS // 256
    number = (levels[..., 0] * NUM_COLOURS + levels[..., 1]) * NUM_COLOURS + levels[..., 2]
    return np.asarray(np.sqrt(np.bincount(number.ravel(), minlength=NUM_COLOURS**3) / number.size))


def _cells(plane: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """(rows, columns, pixels) of an (h,w) plane cut into even cells; a plane smaller than the grid is repeated."""
    factors = [-(-count // length) for count, length in zip(grid, plane.shape, strict=True)]
    plane = np.repeat(np.repeat(plane, factors[0], axis=0), factors[1], axis=1)
    height, width = plane.shape[0] // grid[0], plane.shape[1] // grid[1]
    top, left = (plane.shape[0] - height * grid[0]) // 2, (plane.shape[1] - width * grid[1]) // 2
    middle = plane[top : top + height * grid[0], left : left + width * grid[1]]
    return middle.reshape(grid[0], height, grid[1], width).swapaxes(1, 2).reshape(*grid, height * width)


@dataclass(frozen=True, slots=True)
class Scaling:
    """What brings the parts of a descriptor to one scale: fitted on all candidates, then fixed."""

    mean: np.ndarray
    """(NUM_COLUMNS,) float32."""
    factor: np.ndarray
    """(NUM_COLUMNS,) float32, one number per part."""

    def apply(self, descriptors: np.ndarray) -> np.ndarray:
        """(N, NUM_COLUMNS) scaled descriptors: the mean squared distance of two candidates is 2."""
        return np.asarray((descriptors - self.mean) * self.factor, dtype=np.float32)


def fit_scaling(descriptors: np.ndarray) -> Scaling:
    """Scale every part so that its variance, summed over its columns, is its share in PARTS.

    Columns are not standardised one by one: that would make a kind that one picture shows as important as the floor.
    A part that is the same everywhere stays 0.
    """
    variance = descriptors.var(axis=0, dtype=np.float64)
    factors, begin = [], 0
    for length, share in PARTS.values():
        total = float(variance[begin : begin + length].sum())
        factors.append(np.full(length, np.sqrt(share / total) if total > 1e-12 else 0.0))
        begin += length
    return Scaling(descriptors.mean(axis=0, dtype=np.float64).astype(np.float32), np.concatenate(factors))
