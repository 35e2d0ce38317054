"""Noise: tileable fields and colours from which textures are painted."""

from __future__ import annotations

import numpy as np

SIZE_PX = 256
"""Edge of a texture."""


def noise_rand(
    rng: np.random.Generator, *, slope: float = 1.0, stretch: tuple[float, float] = (1.0, 1.0)
) -> np.ndarray:
    """(S,S) tileable noise in [0,1] whose amplitude falls as 1 / frequency^slope.

    `stretch` (rows, columns) below 1 makes the noise vary faster in that direction: (1, 0.1) is upright grain.
    Values are the ranks of a Gaussian field (through its distribution function), so they are spread evenly.
    """
    rows = np.fft.fftfreq(SIZE_PX)[:, None] * SIZE_PX * stretch[0]
    columns = np.fft.rfftfreq(SIZE_PX)[None, :] * SIZE_PX * stretch[1]
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf
    white = np.fft.rfft2(rng.standard_normal((SIZE_PX, SIZE_PX)))
    field = np.fft.irfft2(white / frequency**slope, s=(SIZE_PX, SIZE_PX))
    field /= field.std()
    return 1.0 / (1.0 + np.exp(-1.702 * field))  # logistic approximation of the normal distribution function


def grid() -> tuple[np.ndarray, np.ndarray]:
    """Coordinates u (to the right) and v (upwards) of the pixel centres, (S,S) each, in [0,1]."""
    steps = (np.arange(SIZE_PX) + 0.5) / SIZE_PX
    v, u = np.meshgrid(steps[::-1], steps, indexing="ij")
    return u, v


def colour_rand(rng: np.random.Generator, low: float = 0.3, high: float = 0.85, saturation: float = 0.25) -> np.ndarray:
    """A colour; things differ along the axis from warm to cold far more than from green to purple."""
    warm, green = rng.normal(0.0, (0.7 * saturation, 0.25 * saturation))
    axis = np.array((warm - 0.5 * green, 0.15 * warm + green, -warm - 0.5 * green))
    return np.clip(rng.uniform(low, high) * (1.0 + axis), 0.02, 0.98)


def blend(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """`first` where `share` is 0, `second` where it is 1."""
    return first * (1.0 - share[..., None]) + second * share[..., None]


def soft_step(values: np.ndarray, edge: float, width: float) -> np.ndarray:
    """0 below `edge`, 1 above it, a ramp of `width` between."""
    return np.clip((values - edge) / width + 0.5, 0.0, 1.0)


def cells_rand(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tileable Worley cells: distance to the nearest and the second nearest seed, and the nearest's number."""
    u, v = grid()
    seeds = rng.random((count, 2))
    first = np.full(u.shape, np.inf)
    second = first.copy()
    owner = np.zeros(u.shape, dtype=np.int64)
    for number, (a, b) in enumerate(seeds):
        du, dv = np.abs(u - a), np.abs(v - b)
        distance = np.hypot(np.minimum(du, 1.0 - du), np.minimum(dv, 1.0 - dv))
        nearer = distance < first
        second = np.where(nearer, first, np.minimum(second, distance))
        owner = np.where(nearer, number, owner)
        first = np.where(nearer, distance, first)
    return first, second, owner
