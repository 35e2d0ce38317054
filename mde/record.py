"""Record: one sample as it lies on disk, and its exact encoding."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from mde.camera import Camera
from mde.errors import InputError
from mde.files import json_bytes

SUFFIXES = ("image.jpg", "depth.png", "ids.png", "json")
"""The files of one record, in the order in which they stand in a shard."""
JPEG_QUALITY = 95
DEPTH_LEVEL, IDS_LEVEL = 4, 3
"""How hard zlib searches: half the time of level 6, for files 2 to 8 per cent larger in all."""
MAX_PIXELS = 4096 * 4096
"""Larger images are refused before they are decoded: no camera of ours has them, bombs do."""
UINT16_MAX = 65535


@dataclass(frozen=True, kw_only=True)
class Record:
    """Image, planar depth and instance ids of one camera, with the recipe that made them."""

    key: str
    """Name inside its shard, six or more digits."""
    image: np.ndarray
    """(H,W,3) uint8, sRGB."""
    depth_m: np.ndarray
    """(H,W) float32 planar z in metres, 0 = none."""
    ids: np.ndarray
    """(H,W) uint16 instance numbers, 0 = background."""
    camera: Camera
    origin: str
    """Where the pixels come from: "synthetic" for renders of `synth`; training reads nothing else."""
    domain: str
    depth_units_per_metre: int
    """Scale of the 16-bit depth file."""
    recipe: dict[str, Any] = field(default_factory=dict)
    """Whatever makes the sample again: configuration digest, seed, index, versions, scene summary."""


def encode_record(record: Record) -> dict[str, bytes]:
    """The files of a record: JPEG image, 16-bit PNG depth and ids, JSON. The same record gives the same bytes.

    Depth is rounded to 1 / depth_units_per_metre, so it is off by at most half of that.
    Raises ValueError for NaN, infinite or negative depth and for depth beyond the 16-bit range.
    """
    size = record.camera.size
    for name, shape in (("image", (*size, 3)), ("depth_m", size), ("ids", size)):
        if getattr(record, name).shape != shape:
            raise ValueError(f"record {record.key}: {name} is {getattr(record, name).shape}, its camera needs {shape}")
    meta = {
        "version": 1,
        "origin": record.origin,
        "domain": record.domain,
        "depth": {"kind": "z", "unit": "metre", "units_per_metre": record.depth_units_per_metre, "invalid": 0},
        "camera": {
            "f_px": list(record.camera.f_px),
            "c_px": list(record.camera.c_px),
            "height": record.camera.height,
            "width": record.camera.width,
        },
        "recipe": record.recipe,
    }
    return {
        "image.jpg": encode_image(record.image),
        "depth.png": encode_depth(record.depth_m, record.depth_units_per_metre, name=f"record {record.key}"),
        "ids.png": _encode(Image.fromarray(record.ids.astype(np.uint16)), "PNG", compress_level=IDS_LEVEL),
        "json": json_bytes(meta),
    }


def encode_image(image: np.ndarray) -> bytes:
    """A (H,W,3) uint8 image as JPEG. Decoded and encoded again it differs, so a stored image is copied as bytes."""
    return _encode(Image.fromarray(image), "JPEG", quality=JPEG_QUALITY, subsampling=0)


def encode_depth(depth_m: np.ndarray, units_per_metre: int, *, name: str) -> bytes:
    """A (H,W) depth map in metres as 16-bit PNG, 0 = none. `name` stands in the error message."""
    if not (depth_m.min(initial=0.0) >= 0.0 and depth_m.max(initial=0.0) < np.inf):  # NaN is neither
        count = int((~np.isfinite(depth_m) | (depth_m < 0)).sum())
        raise ValueError(f"{name}: {count} depth values are NaN, infinite or negative; mark missing depth with 0")
    scaled = np.multiply(depth_m, units_per_metre, dtype=np.float64)
    np.rint(scaled, out=scaled)
    if scaled.max(initial=0) > UINT16_MAX:
        limit = UINT16_MAX / units_per_metre
        raise ValueError(f"{name}: depth {depth_m.max():.2f} m does not fit 16 bits, which end at {limit:.2f} m")
    return _encode(Image.fromarray(scaled.astype(np.uint16)), "PNG", compress_level=DEPTH_LEVEL)


def _encode(image: Image.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def decode_record(key: str, parts: Mapping[str, bytes]) -> Record:
    """Read a record back from its files; everything is checked, since shards may come from elsewhere.

    Raises InputError, naming the record, for missing parts, undecodable or oversized images,
    sizes that disagree, or depth that is not declared as z in metres.
    """
    missing = [suffix for suffix in SUFFIXES if suffix not in parts]
    if missing:
        raise InputError(f"record {key} lacks {', '.join(missing)}")
    try:
        meta = json.loads(parts["json"])
        camera = Camera(
            f_px=_pair(meta["camera"]["f_px"]),
            c_px=_pair(meta["camera"]["c_px"]),
            height=meta["camera"]["height"],
            width=meta["camera"]["width"],
        )
        depth = meta["depth"]
        if (depth["kind"], depth["unit"], depth["invalid"]) != ("z", "metre", 0):
            raise ValueError(f"depth is declared as {depth}, expected planar z in metres with 0 for none")
        units = depth["units_per_metre"]
        if not (isinstance(units, int) and units > 0):
            raise ValueError(f"units_per_metre={units!r} must be a positive integer")
        pixels = {
            "image": decode_image(parts["image.jpg"]),
            "depth": decode_uint16(parts["depth.png"]),
            "ids": decode_uint16(parts["ids.png"]),
        }
        for name, array in pixels.items():
            if array.shape[:2] != camera.size:
                raise ValueError(f"{name} is {array.shape[0]}x{array.shape[1]}, its camera says {camera.size}")
        return Record(
            key=key,
            image=pixels["image"],
            depth_m=(pixels["depth"] / np.float32(units)).astype(np.float32),
            ids=pixels["ids"],
            camera=camera,
            origin=meta["origin"],
            domain=meta["domain"],
            depth_units_per_metre=units,
            recipe=meta["recipe"],
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise InputError(f"record {key} cannot be read: {error}") from error


def _pair(numbers: list[Any]) -> tuple[float, float]:
    first, second = numbers
    return float(first), float(second)


DEPTH_MODES = ("I;16", "I;16B", "I")
"""How Pillow calls 16-bit grey."""


def decode_image(content: bytes) -> np.ndarray:
    """JPEG or PNG bytes to (H,W,3) uint8 RGB; 16-bit grey, which no camera of ours writes, is refused as depth."""
    with _open_image(content) as image:
        if image.mode in DEPTH_MODES:
            raise ValueError("it is 16-bit grey, as depth is stored; were image and depth swapped?")
        return np.array(image.convert("RGB"))


def decode_uint16(content: bytes) -> np.ndarray:
    """16-bit PNG bytes to (H,W) uint16; 8-bit and colour files are refused, they hold no depth."""
    with _open_image(content) as image:
        if image.mode not in DEPTH_MODES:
            raise ValueError(f"expected a 16-bit grey PNG, got {_kind(image.mode)}")
        values = np.array(image)
    if values.min() < 0 or values.max() > UINT16_MAX:
        raise ValueError("a 16-bit PNG holds values outside 0..65535")
    return values.astype(np.uint16)


def _kind(mode: str) -> str:
    if mode in ("RGB", "RGBA", "P"):
        return f"colour, mode {mode}; were image and depth swapped, or is it a picture of depth?"
    return f"mode {mode}" + (", 8-bit grey, whose 256 steps are no depth" if mode == "L" else "")


def _open_image(content: bytes) -> Image.Image:
    """Open without decoding, then refuse sizes no camera of ours has (decompression bombs)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own, lower limit follows
        try:
            image = Image.open(io.BytesIO(content), formats=("JPEG", "PNG"))
        except Image.DecompressionBombError as error:  # neither an OSError nor a ValueError
            raise ValueError(f"an image beyond the limit of {MAX_PIXELS} pixels") from error
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"an image of {image.width}x{image.height} pixels is beyond the limit of {MAX_PIXELS}")
    return image
