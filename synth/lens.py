"""Lens: what glass and movement do to light on its way to the pixels. Images are (3,H,W) float32, linear.

There is no geometric distortion on purpose: the pictures of both benchmarks are rectified, a distorted picture would
need its depth and ids resampled with it, and then neither would be exact at the pixel centres.
"""

from __future__ import annotations

import math

import numpy as np


def vignetted(image: np.ndarray, strength: float) -> np.ndarray:
    """Darker towards the corners, where the light is `1 - strength` of that in the middle."""
    _, height, width = image.shape
    y = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
    x = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
    return image * (1.0 - np.float32(strength * 0.5) * (x * x + y * y))


def fringed(image: np.ndarray, spread: float) -> np.ndarray:
    """Lateral chromatic aberration: red drawn larger by `spread`, blue smaller, about the middle of the picture."""
    return np.stack((_scaled(image[0], 1.0 + spread), image[1], _scaled(image[2], 1.0 - spread)))


def _scaled(channel: np.ndarray, factor: float) -> np.ndarray:
    """(H,W) magnified about its middle, bilinear, edges repeated."""
    for axis in (0, 1):
        length = channel.shape[axis]
        middle = (length - 1) / 2.0
        place = np.clip((np.arange(length) - middle) / factor + middle, 0.0, length - 1.0)
        low = np.minimum(place.astype(np.intp), max(length - 2, 0))
        share = (place - low).astype(np.float32)
        share = share[:, None] if axis == 0 else share[None, :]
        high = np.minimum(low + 1, length - 1)
        channel = channel.take(low, axis) * (1.0 - share) + channel.take(high, axis) * share
    return channel


def blurred(image: np.ndarray, side: float) -> np.ndarray:
    """Three-tap blur along rows and columns; `side` is the weight of each neighbour, edges are repeated."""
    return _three_tap(_three_tap(image, side, -1), side, -2)


def _three_tap(image: np.ndarray, side: float, axis: int) -> np.ndarray:
    """Blur along one axis; the missing neighbour of an edge is the edge itself."""
    lines = np.moveaxis(image, axis, 0)
    sums = np.empty_like(image)
    out = np.moveaxis(sums, axis, 0)
    out[1:-1] = lines[:-2] + lines[2:]
    out[0] = lines[0] + lines[min(1, len(lines) - 1)]
    out[-1] = lines[-1] + lines[max(len(lines) - 2, 0)]
    sums *= np.float32(side)
    sums += image * np.float32(1.0 - 2.0 * side)
    return sums


def defocused(image: np.ndarray, radius_px: float) -> np.ndarray:
    """Out of focus by a disc of `radius_px`: passes of the three-tap blur with the disc's variance, radius^2 / 4."""
    variance_px2 = radius_px**2 / 4.0
    passes = max(math.ceil(variance_px2 / (2.0 / 3.0)), 1)  # three equal taps have variance 2/3
    for _ in range(passes):
        image = blurred(image, variance_px2 / (2.0 * passes))
    return image


def shaken(image: np.ndarray, path_px: tuple[float, float]) -> np.ndarray:
    """Blurred along a straight path of (rows, columns) pixels, centred, so that edges stay where the depth has them."""
    steps = math.ceil(math.hypot(*path_px)) + 1
    shares = np.linspace(-0.5, 0.5, steps)
    places = [(round(path_px[0] * share), round(path_px[1] * share)) for share in shares]
    reach = max(max(abs(row), abs(column)) for row, column in places)
    _, height, width = image.shape
    padded = np.pad(image, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    total = np.zeros_like(image)
    for row, column in places:
        total += padded[:, reach + row : reach + row + height, reach + column : reach + column + width]
    total /= np.float32(steps)
    return total
