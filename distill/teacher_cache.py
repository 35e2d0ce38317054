"""Teacher cache: depth that a teacher has answered before, by the digests of teacher and image.

An entry belongs to the very numbers that the teacher saw, mirrored and transformed, so it can never be taken for
another image's. Depth is kept in half precision under a power of two per image: off by at most 2**-11 (0.05 %) of
itself. An entry that is torn or damaged fails its checksum and is made again.
"""

from __future__ import annotations

import hashlib
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mde.errors import InputError
from mde.files import json_bytes, sha256_bytes, write_json
from mde.nets.net import DepthNet
from mde.nets.state import state_of

VERSION = 1
"""Raised when the code of a teacher changes what it answers, or the form of an entry."""
_HEAD = struct.Struct("<4sHHfI")  # magic, height, width, factor, checksum of all that follows and the factor
_MAGIC = b"tdc1"
_LARGEST = 2.0**15  # the largest power of two in half precision


class TeacherCache:
    """Entries of one teacher below `directory`; counts what it found and what it had to ask for."""

    def __init__(self, directory: Path, teacher: DepthNet) -> None:
        spec = teacher.spec
        described = {
            "version": VERSION,
            "name": spec.name,
            "domain": spec.domain,
            "kind": spec.kind,
            "native_size": spec.native_size,
            "depth_range_m": spec.depth_range_m,
            "state_sha256": state_of(teacher).sha256,
            "layout_sha256": sha256_bytes(repr(teacher).encode()),
        }
        self.directory = directory / sha256_bytes(json_bytes(described))[:16]
        self.directory.mkdir(parents=True, exist_ok=True)
        write_json(self.directory / "teacher.json", described)
        self.num_found = 0
        self.num_computed = 0
        self.num_damaged = 0

    def depth_m(
        self, teacher: DepthNet, images: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch 1 height width"]:
        """The teacher's depth of `images`, RGB in [0,1], asked for where it is not known yet."""
        paths = [self._path(image) for image in images]
        known = [self._read(path) for path in paths]
        missing = [number for number, depth_m in enumerate(known) if depth_m is None]
        self.num_found += len(known) - len(missing)
        self.num_computed += len(missing)
        if missing:
            asked = images if len(missing) == len(images) else images[missing]
            with torch.no_grad():
                answers = teacher(asked).depth_m.float().cpu().numpy()
            for number, answer in zip(missing, answers, strict=True):
                known[number] = self._write(paths[number], answer[0])
        return torch.from_numpy(np.stack([depth for depth in known if depth is not None]))[:, None].to(images.device)

    def figures(self) -> dict[str, int | str]:
        """What stands in the report."""
        return {
            "directory": self.directory.as_posix(),
            "num_found": self.num_found,
            "num_computed": self.num_computed,
            "num_damaged": self.num_damaged,
            "num_bytes": sum(path.stat().st_size for path in self.directory.glob("*/*.depth")),
        }

    def _path(self, image: Tensor) -> Path:
        plain = image.detach().cpu().contiguous().numpy()
        digest = hashlib.sha256(f"{plain.dtype} {plain.shape} ".encode() + plain.tobytes()).hexdigest()
        return self.directory / digest[:2] / f"{digest[2:]}.depth"

    def _read(self, path: Path) -> np.ndarray | None:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        depth_m = decode_depth(content)
        self.num_damaged += depth_m is None
        return depth_m

    def _write(self, path: Path, depth_m: np.ndarray) -> np.ndarray:
        """Store an answer and give it back as it will be read, so that a resumed run learns from equal numbers."""
        content = encode_depth(depth_m)
        if content is None:  # the training loop says what is wrong with such depth
            return depth_m
        path.parent.mkdir(exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        try:  # whole or absent; not synced, since the checksum finds what a power cut tears
            partial.write_bytes(content)
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        stored = decode_depth(content)
        assert stored is not None
        return stored


def largest_size_bytes(num_images: int, size: tuple[int, int]) -> int:
    """Bytes of the entries of `num_images` and their mirror images at `size` (height, width)."""
    height, width = size
    return 2 * num_images * (_HEAD.size + 2 * height * width)


def encode_depth(depth_m: Float[np.ndarray, "height width"]) -> bytes | None:
    """Depth as a checked entry; None for depth that is nowhere positive, or not finite."""
    highest = float(depth_m.max(initial=0.0))
    if not (0.0 < highest < math.inf and np.isfinite(depth_m).all()):
        return None
    factor = 2.0 ** math.ceil(math.log2(highest)) / _LARGEST
    numbers = (depth_m / np.float32(factor)).astype("<f2").tobytes()
    return _HEAD.pack(_MAGIC, *depth_m.shape, factor, _checksum(factor, numbers)) + numbers


def decode_depth(content: bytes) -> Float[np.ndarray, "height width"] | None:
    """Inverse of `encode_depth`; None for a damaged entry."""
    if len(content) < _HEAD.size:
        return None
    magic, height, width, factor, checksum = _HEAD.unpack_from(content)
    numbers = content[_HEAD.size :]
    if magic != _MAGIC or len(numbers) != 2 * height * width or checksum != _checksum(factor, numbers):
        return None
    return np.frombuffer(numbers, "<f2").reshape(height, width).astype(np.float32) * np.float32(factor)


def _checksum(factor: float, numbers: bytes) -> int:
    return zlib.crc32(numbers, zlib.crc32(struct.pack("<f", factor)))


def opened_cache(directory: Path, teacher: DepthNet, num_images: int) -> TeacherCache:
    """The cache in `directory`; says how large it can become. Raises InputError for what is no folder."""
    if directory.exists() and not directory.is_dir():
        raise InputError(f"--teacher-cache {directory} is no folder; expected one to create or to fill")
    size = largest_size_bytes(num_images, teacher.spec.native_size)
    print(f"teacher cache: at most {size / 1e9:.2f} GB for {num_images} images and their mirror images")
    return TeacherCache(directory, teacher)
