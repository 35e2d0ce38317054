"""Frame: one benchmark image with its measured depth, and folders of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mde.errors import InputError
from mde.record import decode_image, decode_uint16


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


@dataclass(frozen=True, kw_only=True)
class FrameEntry:
    """Where the files of one frame lie."""

    name: str
    scene: str
    image: Path
    depth: Path | None
    focal_px: float | None = None


@dataclass(frozen=True, kw_only=True)
class FrameFiles:
    """Frames on disk, read one at a time."""

    entries: tuple[FrameEntry, ...]
    depth_units_per_metre: float

    def __post_init__(self) -> None:
        if not 0.0 < self.depth_units_per_metre < float("inf"):
            raise InputError(
                f"depth scale {self.depth_units_per_metre} must be a positive number of units per metre, "
                "such as 256 (KITTI) or 1000 (millimetres)"
            )

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Frame]:
        for entry in self.entries:
            yield read_frame(entry, self.depth_units_per_metre)


def read_frame(entry: FrameEntry, depth_units_per_metre: float) -> Frame:
    """Read one frame. Raises InputError naming the file that cannot be used, or sizes that differ."""
    image = _decode(entry.image, decode_image)
    depth_m = None
    if entry.depth is not None:
        stored = _decode(entry.depth, decode_uint16)
        if stored.shape != image.shape[:2]:
            raise InputError(
                f"{entry.depth} is {_size(stored)} but its image {entry.image.name} is {_size(image)}; "
                "depth must be stored at the size of its image"
            )
        depth_m = torch.from_numpy((stored / np.float32(depth_units_per_metre)).astype(np.float32))[None]
    pixels = torch.from_numpy(image).permute(2, 0, 1).float() / 255.0
    return Frame(name=entry.name, scene=entry.scene, image=pixels, depth_m=depth_m, focal_px=entry.focal_px)


def _decode(path: Path, decoder: Callable[[bytes], np.ndarray]) -> np.ndarray:
    try:
        return decoder(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; check --root and the split list") from error
    except (OSError, ValueError, SyntaxError) as error:  # Pillow answers a damaged PNG with any of the three
        raise InputError(f"{path} cannot be read as {_expectation(decoder)} ({error}); replace the file") from error


def _expectation(decoder: Callable[[bytes], np.ndarray]) -> str:
    return "16-bit depth" if decoder is decode_uint16 else "an image"


def _size(array: np.ndarray) -> str:
    return f"{array.shape[1]}x{array.shape[0]}"


def require_folder(path: Path, flag: str) -> None:
    """Raise InputError where `path` is no folder."""
    if not path.is_dir():
        raise InputError(f"{flag} {path} is no folder")
