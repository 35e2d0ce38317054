"""Sensor: from radiance to the bytes of a camera, with its exposure, colours, lens and noise."""

from __future__ import annotations

import numpy as np

LUT_SIZE = 4096


def expose_rand(rng: np.random.Generator, radiance: np.ndarray) -> np.ndarray:
    """(H,W,3) linear radiance to (H,W,3) uint8 as a small camera would show it.

    Automatic exposure with an error, white balance, vignette, blur, shot and read noise, a soft shoulder
    towards white, gamma and saturation; all parameters come from `rng`.
    """
    image = radiance * np.float32(_exposure_rand(rng, radiance))
    image *= np.exp(rng.normal(0.0, 0.05) * np.array((1.0, 0.1, -1.0)) + rng.normal(0.0, 0.02, 3)).astype(np.float32)
    image = _vignetted(image, float(rng.uniform(0.0, 0.4)))
    image = _blurred(image, float(rng.uniform(0.0, 0.22)))
    read, shot = 10.0 ** rng.uniform(-3.0, -2.0), 10.0 ** rng.uniform(-3.3, -2.3)
    grain = rng.standard_normal(image.shape, dtype=np.float32)
    image += grain * np.sqrt(read**2 + shot * np.clip(image, 0.0, 1.0)).astype(np.float32)
    image = _saturated(image, float(rng.uniform(0.7, 1.2)))
    table = _tone_table(
        gamma=float(rng.uniform(1.9, 2.5)),
        contrast=float(rng.uniform(0.0, 0.5)),
        shoulder=float(rng.uniform(0.6, 0.95)),
    )
    return table[np.clip(image * (LUT_SIZE / 2), 0.0, LUT_SIZE - 1).astype(np.int32)]


def _exposure_rand(rng: np.random.Generator, radiance: np.ndarray) -> float:
    """Puts the middle of the picture near mid-grey and keeps most highlights, as automatic exposure does."""
    grey = radiance[::4, ::4].mean(axis=2)
    middle = float(np.exp(np.log(grey + 1e-4).mean()))  # 1e-4: black pixels have a logarithm too
    bright = float(np.percentile(grey, 92))
    wanted = min(0.2 / middle, 1.1 / max(bright, 1e-4))
    return max(wanted, 0.07 / middle) * float(np.exp(rng.normal(0.0, 0.25)))


def _vignetted(image: np.ndarray, strength: float) -> np.ndarray:
    height, width, _ = image.shape
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
    return image * (1.0 - np.float32(strength * 0.5) * (x * x + y * y))[..., None]


def _blurred(image: np.ndarray, side: float) -> np.ndarray:
    """Three-tap blur along rows and columns; `side` is the weight of each neighbour."""
    for axis in (0, 1):
        padded = np.pad(image, [(1, 1) if k == axis else (0, 0) for k in range(3)], mode="edge")
        length = image.shape[axis]
        low, high = np.take(padded, range(length), axis), np.take(padded, range(2, length + 2), axis)
        image = image * np.float32(1.0 - 2.0 * side) + (low + high) * np.float32(side)
    return image


def _saturated(image: np.ndarray, factor: float) -> np.ndarray:
    grey = image.mean(axis=2, keepdims=True)
    return grey + (image - grey) * np.float32(factor)


def _tone_table(*, gamma: float, contrast: float, shoulder: float) -> np.ndarray:
    """(4096,) uint8 over linear values 0 to 2: a straight line up to `shoulder`, then a soft end, then gamma."""
    x = np.arange(LUT_SIZE) / (LUT_SIZE / 2)
    room = 1.0 - shoulder
    soft = np.where(x < shoulder, x, shoulder + room * (1.0 - np.exp(-(np.maximum(x - shoulder, 0.0)) / room)))
    curve = soft ** (1.0 / gamma)
    curve = (1.0 - contrast) * curve + contrast * curve * curve * (3.0 - 2.0 * curve)
    return np.rint(np.clip(curve, 0.0, 1.0) * 255.0).astype(np.uint8)
