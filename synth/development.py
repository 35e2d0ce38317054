"""Development: what a camera's processor makes of linear light: colours, tones, sharpening, JPEG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from synth.lens import blurred

LUT_SIZE = 4096
"""Steps of the tone table over linear values 0 to 2."""


def coloured(image: np.ndarray, *, warmth: float, tint: float, saturation: float) -> np.ndarray:
    """White balance error, then colours pulled away from grey (`saturation` above 1) or towards it.

    Red and blue are apart by `warmth`, green by `tint` (natural logarithms); the mean of the channels stays. It is one
    matrix, written out: a product of matrices may differ in its last bit with the number of threads.
    """
    gains = np.exp((warmth - 0.5 * tint, tint, -warmth - 0.5 * tint))
    red, green, blue = ((1.0 - saturation) / 3.0 * gains).astype(np.float32)
    grey = image[0] * red
    grey += image[1] * green
    grey += image[2] * blue
    seen = image * (saturation * gains).astype(np.float32)[:, None, None]
    seen += grey
    return seen


def tone_table(*, gamma: float, contrast: float, shoulder: float) -> np.ndarray:
    """(4096,) float32 in [0,255]: a straight line up to `shoulder`, then a soft end, then gamma and contrast."""
    x = np.arange(LUT_SIZE) / (LUT_SIZE / 2)
    room = 1.0 - shoulder
    soft = np.where(x < shoulder, x, shoulder + room * (1.0 - np.exp(-(np.maximum(x - shoulder, 0.0)) / room)))
    curve = soft ** (1.0 / gamma)
    curve = (1.0 - contrast) * curve + contrast * curve * curve * (3.0 - 2.0 * curve)
    return (255.0 * np.clip(curve, 0.0, 1.0)).astype(np.float32)


def toned(image: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Linear light through a tone table."""
    return table.take((image * np.float32(LUT_SIZE / 2)).astype(np.intp), mode="clip")


def sharpened(image: np.ndarray, amount: float) -> np.ndarray:
    """Unsharp mask on the brightness alone: edges get the thin bright and dark rims of small cameras."""
    grey = image[0] + image[1]
    grey += image[2]
    grey *= np.float32(amount / 3.0)
    return image + (grey - blurred(grey, 1.0 / 3.0))


def to_bytes(image: np.ndarray) -> np.ndarray:
    """(3,H,W) in [0,255] to the nearest of (H,W,3) uint8."""
    scaled = image + np.float32(0.5)
    np.clip(scaled, 0.0, 255.0, out=scaled)
    picture = np.empty((*image.shape[1:], 3), dtype=np.uint8)
    for channel in range(3):  # a third of the time of one transposed copy
        picture[..., channel] = scaled[channel]
    return picture


def compressed(picture: np.ndarray, *, quality: int, is_subsampled: bool) -> np.ndarray:
    """The picture after the camera's own JPEG file; `is_subsampled` halves the resolution of its colours."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality, subsampling="4:2:0" if is_subsampled else "4:4:4")
    with Image.open(stream) as image:
        return np.asarray(image)
