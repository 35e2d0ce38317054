"""Frame: one benchmark image with its measured depth, and folders of them."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from mde.errors import InputError
from mde.record import decode_image, decode_uint16

METRES = ".npy"
"""Ending of depth files that hold metres; others are 16-bit pictures with a scale."""
MAX_ASPECT_CHANGE = 1.02
"""A colour camera whose pictures differ more in shape from the depth shows another part of the scene."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One image and what was measured in it."""

    name: str
    scene: str
    """Sequence or room: neighbours of one scene are alike, so spread is quoted over scenes."""
    image: Float[Tensor, "3 height width"]
    """RGB in [0, 1]."""
    depth_m: Float[Tensor, "1 height width"] | None
    """Planar z, 0 = none; None where the benchmark has no ground truth for the image."""
    focal_px: float | None = None
    """Focal length of its camera, where the benchmark states it for each image."""
    depth_units_per_metre: float | None = None
    """By which the stored depth was divided, where that is known."""


@dataclass(frozen=True, kw_only=True)
class FrameEntry:
    """Where the files of one frame lie."""

    name: str
    scene: str
    image: Path
    depth: Path | None
    focal_px: float | None = None


class Frames(Protocol):
    """Frames that are read one at a time, by number."""

    @property
    def entries(self) -> tuple[FrameEntry, ...]:
        """What is known without reading."""

    @property
    def depth_units_per_metre(self) -> float:
        """By which stored depth is divided."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Frame]: ...

    def read(self, index: int) -> Frame:
        """Raises InputError, naming the file, where the frame cannot be used."""


@dataclass(frozen=True, kw_only=True)
class FrameFiles:
    """Frames on disk, read one at a time."""

    entries: tuple[FrameEntry, ...]
    depth_units_per_metre: float
    """Of 16-bit depth files; `.npy` holds metres."""
    has_own_depth_size: bool = False
    """Whether a colour camera of more pixels took the images, which are then brought to the size of their depth."""

    def __post_init__(self) -> None:
        if not 0.0 < self.depth_units_per_metre < float("inf"):
            raise InputError(
                f"depth scale {self.depth_units_per_metre} must be a positive number of units per metre, "
                "such as 256 (KITTI) or 1000 (millimetres)"
            )

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Frame]:
        return (self.read(index) for index in range(len(self)))

    def read(self, index: int) -> Frame:
        """Read one frame. Raises InputError naming the file that cannot be used, or sizes that differ."""
        entry = self.entries[index]
        image, depth_m, units = _decode(entry.image, decode_image, "an image"), None, None
        if entry.depth is not None:
            units = 1.0 if entry.depth.suffix == METRES else self.depth_units_per_metre
            depth_m = _read_depth_m(entry.depth, units)
            if self.has_own_depth_size:
                image = _resized(image, depth_m, entry)
            if depth_m.shape != image.shape[:2]:
                raise InputError(
                    f"{entry.depth} is {_size(depth_m)} but its image {entry.image.name} is {_size(image)}; "
                    "depth must be stored at the size of its image"
                )
        return Frame(
            name=entry.name,
            scene=entry.scene,
            image=to_pixels(image),
            depth_m=None if depth_m is None else torch.from_numpy(depth_m)[None],
            focal_px=entry.focal_px,
            depth_units_per_metre=units,
        )


def to_pixels(image: np.ndarray) -> Float[Tensor, "3 height width"]:
    """A (H,W,3) uint8 picture as RGB in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float().div_(255.0)


def _read_depth_m(path: Path, units_per_metre: float) -> np.ndarray:
    if path.suffix == METRES:
        return _decode(path, _metres_of_npy, "depth in metres")
    stored = _decode(path, decode_uint16, "16-bit depth")
    return np.divide(stored, units_per_metre, dtype=np.float32)


def _decode(path: Path, decoder: Callable[[bytes], np.ndarray], expectation: str) -> np.ndarray:
    try:
        return decoder(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; check --root and the split list") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # damaged files are answered with any of these
        raise InputError(f"{path} cannot be read as {expectation} ({error}); replace the file") from error


def _metres_of_npy(content: bytes) -> np.ndarray:
    """A `.npy` array (H,W) or (1,H,W) of floats in metres; NaN and infinities become 0, which is "not measured".

    The header is compared with the length of the file before memory is taken.
    """
    stream = io.BytesIO(content)
    shape, _, dtype = _npy_header(stream)
    if dtype.kind != "f":
        raise ValueError(f"it holds {dtype}; expected metres as floats (whole numbers with a scale belong in a PNG)")
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[0] != 1):
        raise ValueError(f"it has shape {shape}; expected (height, width)")
    if len(content) - stream.tell() != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"it is not as long as its shape {shape} asks for")
    stream.seek(0)
    depth_m = np.load(stream, allow_pickle=False).reshape(shape[-2:]).astype(np.float32)
    depth_m[~np.isfinite(depth_m)] = 0.0
    if depth_m.min(initial=0.0) < 0.0:
        raise ValueError(f"it holds negative depth, {depth_m.min():g} m")
    return depth_m


def _npy_header(stream: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(stream)
    if version not in readers:
        raise ValueError(f"version {version} of the npy format is unknown")
    try:
        return readers[version](stream)
    except TokenError as error:  # numpy lets it pass, where a header written by Python 2 might be meant
        raise ValueError(f"its header is damaged: {error}") from error


def _resized(image: np.ndarray, depth_m: np.ndarray, entry: FrameEntry) -> np.ndarray:
    """The image at the size of the depth, each pixel the mean over what it covers."""
    (height, width), (depth_height, depth_width) = image.shape[:2], depth_m.shape
    change = (width / height) / (depth_width / depth_height)
    if max(change, 1.0 / change) > MAX_ASPECT_CHANGE:
        raise InputError(f"{entry.image} is {_size(image)}, another shape than its depth of {_size(depth_m)}")
    if image.shape[:2] == depth_m.shape:
        return image
    return np.array(Image.fromarray(image).resize((depth_width, depth_height), Image.Resampling.BOX))


def _size(array: np.ndarray) -> str:
    return f"{array.shape[1]}x{array.shape[0]}"


def require_folder(path: Path, flag: str) -> None:
    """Raise InputError where `path` is no folder."""
    if not path.is_dir():
        raise InputError(f"{flag} {path} is no folder")
