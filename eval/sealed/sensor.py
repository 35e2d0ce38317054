"""Camera of the sealed world: from linear light to an 8-bit picture with the faults of a real one."""

from __future__ import annotations

import numpy as np


def develop_rand(rng: np.random.Generator, light: np.ndarray, depth_m: np.ndarray) -> np.ndarray:
    """(H,W,3) uint8 from linear light (3,H,W): haze, lens, exposure, noise, colour cast, tone curve, in this order."""
    light = _haze(rng, light, depth_m)
    light = _blur(light, rng.uniform(0.15, 0.6)) * _vignette(rng, *depth_m.shape)
    light = light * (rng.lognormal(np.log(0.28), 0.35) / max(float(np.median(light)), 1e-6))
    shot, read = rng.uniform(0.004, 0.03), rng.uniform(0.002, 0.012)
    light = light + rng.standard_normal(light.shape) * np.sqrt(shot**2 * np.maximum(light, 0.0) + read**2)
    light = light * rng.lognormal(0.0, 0.08, (3, 1, 1))
    tone = np.clip(light, 0.0, None) / (1.0 + 0.35 * np.clip(light, 0.0, None))  # a shoulder before clipping
    picture = tone ** (1.0 / rng.uniform(1.8, 2.4))
    grey = picture.mean(axis=0)
    picture = grey + rng.uniform(0.7, 1.3) * (picture - grey)
    picture = 0.5 + rng.uniform(0.9, 1.3) * (picture - 0.5)
    return np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8).transpose(1, 2, 0)


def _haze(rng: np.random.Generator, light: np.ndarray, depth_m: np.ndarray) -> np.ndarray:
    veil = 1.0 - np.exp(-depth_m * rng.uniform(0.0, 0.035))
    colour = float(np.median(light)) * rng.lognormal(0.3, 0.15, (3, 1, 1))
    return light * (1.0 - veil) + colour * veil


def _vignette(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : 1j * height, -1 : 1 : 1j * width]
    return 1.0 - rng.uniform(0.0, 0.35) * (x * x + y * y) / 2.0


def _blur(light: np.ndarray, sigma_px: float) -> np.ndarray:
    """Gaussian of at most 0.6 px, five taps, edges repeated."""
    taps = np.exp(-0.5 * (np.arange(-2, 3) / sigma_px) ** 2)
    taps /= taps.sum()
    for axis in (1, 2):
        pad = [(0, 0), (0, 0), (0, 0)]
        pad[axis] = (2, 2)
        wide = np.pad(light, pad, mode="edge")
        size = light.shape[axis]
        light = sum(tap * np.take(wide, range(n, n + size), axis=axis) for n, tap in enumerate(taps))
    return light
