"""Lens: what glass and movement do to light on its way to the pixels. Images are (3,H,W) float32, linear.

There is no geometric distortion on purpose: the pictures of both benchmarks are rectified, a distorted picture would
need its depth and ids resampled with it, and then neither would be exact at the pixel centres.
"""

from __future__ import annotations

import math

import numpy as np


def vignette(size: tuple[int, int], strength: float) -> np.ndarray:
    """(H,W) float32 share of the light that arrives: 1 in the middle, `1 - strength` in the corners."""
    y, x = (np.linspace(-1.0, 1.0, length, dtype=np.float32) ** 2 * np.float32(0.5 * strength) for length in size)
    shade: np.ndarray = (np.float32(1.0) - y)[:, None] - x[None, :]
    return shade


def drawn(image: np.ndarray, sides: tuple[float, float, float], *, spread: float) -> np.ndarray:
    """What a lens makes of the light: blurred by three taps along rows and columns, with coloured fringes.

    `sides` is the weight of each neighbour in red, green and blue. Lateral chromatic aberration draws red larger by
    `spread` about the middle of the picture, and blue smaller: their weights lean to one side. A pixel moves by less
    than one, at most by what the blur leaves to it. Edges are repeated.
    """
    seen = np.empty_like(image)
    for channel, side, larger in zip(range(3), sides, (1.0 + spread, 1.0, 1.0 - spread), strict=True):
        light = image[channel]
        for axis in (0, 1):
            from_middle = np.arange(light.shape[axis]) - (light.shape[axis] - 1) / 2.0
            from_px = from_middle / larger - from_middle  # where the light of a pixel comes from
            from_px = np.clip(from_px, 2.0 * side - 1.0, 1.0 - 2.0 * side)
            light = _mixed(light, side + np.maximum(-from_px, 0.0), side + np.maximum(from_px, 0.0), axis)
        seen[channel] = light
    return seen


def blurred(channel: np.ndarray, side: float) -> np.ndarray:
    """(H,W) through a three-tap blur along rows and columns; `side` is the weight of each neighbour."""
    for axis in (0, 1):
        weights = np.full(channel.shape[axis], side)
        channel = _mixed(channel, weights, weights, axis)
    return channel


def _mixed(channel: np.ndarray, before: np.ndarray, after: np.ndarray, axis: int) -> np.ndarray:
    """(H,W) with shares of the neighbours before and after each pixel along an axis, (N,) for each place.

    An edge is its own missing neighbour. The pixels are shifted as one long row, which is five times as fast as
    row by row; so what an edge would give to the next row must be nothing.
    """
    keep = 1.0 - before - after
    keep[0] += before[0]
    keep[-1] += after[-1]
    shares = keep, np.append(before[1:], 0.0), np.append(0.0, after[:-1])
    kept, forth, back = (np.expand_dims(share.astype(np.float32), 1 - axis) for share in shares)
    step = channel.shape[1] if axis == 0 else 1
    seen, given = np.empty(channel.shape, dtype=np.float32), np.empty(channel.shape, dtype=np.float32)
    np.multiply(channel, kept, out=seen)
    np.multiply(channel, forth, out=given)
    seen.reshape(-1)[step:] += given.reshape(-1)[:-step]
    np.multiply(channel, back, out=given)
    seen.reshape(-1)[:-step] += given.reshape(-1)[step:]
    return seen


def defocused(image: np.ndarray, radius_px: float) -> np.ndarray:
    """Out of focus by a disc of `radius_px`: passes of the three-tap blur with the disc's variance, radius^2 / 4."""
    variance_px2 = radius_px**2 / 4.0
    passes = max(math.ceil(variance_px2 / (2.0 / 3.0)), 1)  # three equal taps have variance 2/3
    for _ in range(passes):
        image = np.stack([blurred(channel, variance_px2 / (2.0 * passes)) for channel in image])
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
