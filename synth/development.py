"""Development: what a camera's processor makes of linear light: colours, tones, sharpening, JPEG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from synth.lens import blurred

LUT_SIZE = 4096
"""Steps of the tone table over linear values 0 to 2."""


def balanced(image: np.ndarray, *, warmth: float, tint: float) -> np.ndarray:
    """White balance error: red and blue apart by `warmth`, green by `tint` (natural logarithms)."""
    gains = np.exp((warmth - 0.5 * tint, tint, -warmth - 0.5 * tint)).astype(np.float32)
    return image * gains[:, None, None]


def saturated(image: np.ndarray, factor: float) -> np.ndarray:
    """Colours pulled away from grey (above 1) or towards it; the mean of the channels stays."""
    grey = image.mean(axis=0, keepdims=True)
    return image * np.float32(factor) + grey * np.float32(1.0 - factor)


def tone_table(*, gamma: float, contrast: float, shoulder: float) -> np.ndarray:
    """(4096,) float32 in [0,1]: a straight line up to `shoulder`, then a soft end, then gamma and contrast."""
    x = np.arange(LUT_SIZE) / (LUT_SIZE / 2)
    room = 1.0 - shoulder
    soft = np.where(x < shoulder, x, shoulder + room * (1.0 - np.exp(-(np.maximum(x - shoulder, 0.0)) / room)))
    curve = soft ** (1.0 / gamma)
    curve = (1.0 - contrast) * curve + contrast * curve * curve * (3.0 - 2.0 * curve)
    return np.clip(curve, 0.0, 1.0).astype(np.float32)


def toned(image: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Linear light through a tone table."""
    scaled = np.clip(image * np.float32(LUT_SIZE / 2), 0.0, LUT_SIZE - 1)
    return table[scaled.astype(np.int32)]


def sharpened(image: np.ndarray, amount: float) -> np.ndarray:
    """Unsharp mask on the brightness alone: edges get the thin bright and dark rims of small cameras."""
    grey = image.mean(axis=0, keepdims=True)
    return image + np.float32(amount) * (grey - blurred(grey, 1.0 / 3.0))


def to_bytes(image: np.ndarray) -> np.ndarray:
    """(3,H,W) in [0,1] to (H,W,3) uint8."""
    scaled = np.clip(image, 0.0, 1.0) * np.float32(255.0) + np.float32(0.5)
    return np.ascontiguousarray(scaled.astype(np.uint8).transpose(1, 2, 0))


def compressed(picture: np.ndarray, *, quality: int, is_subsampled: bool) -> np.ndarray:
    """The picture after the camera's own JPEG file; `is_subsampled` halves the resolution of its colours."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality, subsampling="4:2:0" if is_subsampled else "4:4:4")
    with Image.open(stream) as image:
        return np.array(image)
