"""Grain: the noise of a sensor after its colours are interpolated."""

from __future__ import annotations

import functools
from statistics import NormalDist

import numpy as np

CODES = 65536
"""Steps of the normal distribution; the outermost lie at 4.3 standard deviations."""


def grain_rand(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """(3,H,W) float32 noise of variance 1: half of it brightness, pixel by pixel, half colour in blots of 2x2.

    A pixel senses one colour only; interpolating the others spreads their noise over the neighbours.
    """
    rows, columns = (-(-length // 2) for length in size)
    noise = _half_normals_rand(rng, 7 * rows * columns)
    bright, blots = noise[: 4 * rows * columns], noise[4 * rows * columns :]
    pairs = np.empty((3, rows, 1, columns, 2), dtype=np.float32)
    pairs[..., 0] = pairs[..., 1] = blots.reshape(3, rows, 1, columns)
    grain = pairs.reshape(3, rows, 1, 2 * columns) + bright.reshape(rows, 2, 2 * columns)
    return grain.reshape(3, 2 * rows, 2 * columns)[:, : size[0], : size[1]]


def _half_normals_rand(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count,) float32 normals of variance 1/2: sixteen random bits each, looked up, in a fifth of the usual time."""
    bits = rng.bit_generator.random_raw(-(-count // 4))  # 64 at a time
    return _half_normals().take(bits.view(np.uint16)[:count])


@functools.cache
def _half_normals() -> np.ndarray:
    """(65536,) float32: normals of variance 1/2 in the middle of steps of equal probability."""
    normal = NormalDist(sigma=0.5**0.5)
    upper = [normal.inv_cdf((code + 0.5) / CODES) for code in range(CODES // 2, CODES)]
    return np.array([-value for value in reversed(upper)] + upper, dtype=np.float32)
