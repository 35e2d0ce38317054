"""Texels: the texture bank with its mipmaps, read by array arithmetic as a graphics card would read it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NUM_SIDE_TAPS = 2
"""Texels along each axis of one bilinear look-up."""


@dataclass(frozen=True, slots=True)
class Texels:
    """All levels of all layers in one row of packed pixels."""

    packed: np.ndarray
    """(P,) uint32, four bytes each: red, green, blue in sRGB, alpha."""
    starts: np.ndarray
    """(M,) int32: where each level begins."""
    size_px: int
    """Edge of the finest level, a power of two."""

    @property
    def num_levels(self) -> int:
        """Mipmap levels down to one pixel."""
        return len(self.starts)


@dataclass(frozen=True, slots=True)
class Patch:
    """The bank around some places."""

    rgb: np.ndarray
    """(N,3) float32, linear."""
    alpha: np.ndarray
    """(N,) float32."""
    slope: np.ndarray
    """(N,2) float32: change of the weighted brightness per tile along u and v."""


def texels_of(bank: np.ndarray) -> Texels:
    """Build the mipmaps of the (L,S,S,4) uint8 bank: means of linear light, stored as sRGB like on a card.

    Raises ValueError when the layers are not square with a power of two as edge.
    """
    _, height, width, _ = bank.shape
    if height != width or height & (height - 1):
        raise ValueError(f"layers of {height}x{width} pixels have no mipmaps; bake squares of a power of two")
    levels = [np.ascontiguousarray(bank)]
    while levels[-1].shape[1] > 1:
        levels.append(_halved(levels[-1]))
    starts = np.cumsum([0] + [level.size // 4 for level in levels[:-1]])
    packed = np.concatenate([level.reshape(-1).view(np.uint32) for level in levels])
    return Texels(packed, starts.astype(np.int32), height)


def _halved(level: np.ndarray) -> np.ndarray:
    """The next coarser level, one layer at a time so that little memory is used."""
    return np.stack([_half_layer(layer) for layer in level])


def _half_layer(layer: np.ndarray) -> np.ndarray:
    rgb, alpha = LINEAR[layer[..., :3]], layer[..., 3:] / np.float32(255.0)
    linear = np.concatenate((rgb, alpha), axis=-1)
    rows, columns, _ = linear.shape
    mean = linear.reshape(rows // 2, 2, columns // 2, 2, 4).mean(axis=(1, 3))
    mean[..., :3] = _to_srgb(mean[..., :3])
    return np.rint(mean * 255.0).astype(np.uint8)


def _to_srgb(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1.0 / 2.4) - 0.055)


def _linear_table() -> np.ndarray:
    srgb = np.arange(256) / 255.0
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


LINEAR = _linear_table()
"""(256,) float32: linear light of an sRGB byte."""


def level_of(texels: Texels, footprint: np.ndarray, bias: float) -> np.ndarray:
    """(N,) float32 mipmap level for a pixel that covers `footprint` tiles of texture along its longer side."""
    pixels = np.maximum(footprint * np.float32(texels.size_px), np.float32(1e-6))  # a point has no logarithm
    return np.clip(np.log2(pixels) + np.float32(bias), 0.0, texels.num_levels - 1.0).astype(np.float32)


def patches(texels: Texels, layer: np.ndarray, uv: np.ndarray, level: np.ndarray, weight: np.ndarray) -> Patch:
    """Trilinear look-up at (N,2) tile coordinates, with the slope of `rgb . weight` ((N,3)) between the texels."""
    fine = np.floor(level).astype(np.int32)
    share = (level - fine)[:, None]
    low = _bilinear(texels, layer, uv, fine, weight)
    blend = np.nonzero(share[:, 0] > 0.0)[0]
    high = _bilinear(texels, layer[blend], uv[blend], np.minimum(fine[blend] + 1, texels.num_levels - 1), weight[blend])
    low[blend] += (high - low[blend]) * share[blend]
    return Patch(low[:, :3], low[:, 3], low[:, 4:])


def alpha_at(texels: Texels, layer: np.ndarray, uv: np.ndarray, level: np.ndarray) -> np.ndarray:
    """(N,) alpha of a trilinear look-up."""
    return patches(texels, layer, uv, level, np.zeros((len(layer), 3), dtype=np.float32)).alpha


def red_at(texels: Texels, uv: np.ndarray, level: int) -> np.ndarray:
    """(N,) red of the bank's first layer, the noise, at one level."""
    zeros = np.zeros(len(uv), dtype=np.int32)
    weight = np.zeros((len(uv), 3), dtype=np.float32)
    return _bilinear(texels, zeros, uv, zeros + level, weight)[:, 0]


def _bilinear(texels: Texels, layer: np.ndarray, uv: np.ndarray, level: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(N,6) float32: red, green, blue, alpha and the slope of the weighted brightness along u and v."""
    size = np.right_shift(np.int32(texels.size_px), level)
    place = (uv - np.floor(uv)) * size[:, None] - np.float32(0.5)  # wrapped first: far tiles keep their digits
    corner = np.floor(place)
    inside = (place - corner).astype(np.float32)
    corner = corner.astype(np.int32)
    first = texels.starts[level] + layer * size * size
    mask = size - 1
    columns = [corner[:, 0] & mask, (corner[:, 0] + 1) & mask]
    rows = [first + (corner[:, 1] & mask) * size, first + ((corner[:, 1] + 1) & mask) * size]
    shares_u, shares_v = (1.0 - inside[:, 0], inside[:, 0]), (1.0 - inside[:, 1], inside[:, 1])
    found = np.zeros((len(layer), 6), dtype=np.float32)
    for i in range(NUM_SIDE_TAPS):
        for j in range(NUM_SIDE_TAPS):
            bytes_ = texels.packed[rows[j] + columns[i]].view(np.uint8).reshape(-1, 4)
            rgb = LINEAR[bytes_[:, :3]]
            share = shares_u[i] * shares_v[j]
            found[:, :3] += rgb * share[:, None]
            found[:, 3] += bytes_[:, 3] * (share / np.float32(255.0))
            height = np.einsum("nk,nk->n", rgb, weight) * size
            found[:, 4] += height * shares_v[j] * (2 * i - 1)
            found[:, 5] += height * shares_u[i] * (2 * j - 1)
    return found
