"""Recording: depth maps that another program wrote, scored as they lie."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from eval.frame import Frame, FrameEntry, require_folder
from eval.protocol import Protocol, cut, input_window
from mde.domain import DOMAINS, DomainName
from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.net import NetSpec
from mde.record import decode_uint16

SUFFIXES = (".png", ".npy", ".npz")
MIRRORED = "_lr"
"""Ends the name of the map of the mirrored image; it lies as it was predicted, not mirrored back."""
SHAPE_TOLERANCE = 0.01
"""Maps whose height over width differs by less from that of the input are of it: halving rounds to whole pixels."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A folder of maps that stands beside networks in a table.

    `NAME.png` holds 16-bit integers in the unit of the ground truth's files, `NAME.npy` and `.npz` (one array) hold
    metres of any float type, which become float32, the precision of the published programs. NAME is the frame's, with
    `_` for `/`: BTS's own names. A map has the size of the frame, of which the protocol's input is cut, or is one of
    that input at any size. Values are not looked at: the protocol repairs NaN, infinities, zeros and negatives.
    """

    folder: Path
    spec: NetSpec
    depth_units_per_metre: float

    def passes(self, frame: Frame, protocol: Protocol) -> list[Float[Tensor, "1 1 _ _"]]:
        """The map of a frame, and of its mirror image, mirrored back, where the protocol averages both.

        Raises InputError naming the file that is missing, cannot be read, or has the shape of neither frame nor input.
        """
        name = file_stem(frame.name)
        passes = [self._read(name, frame, protocol)]
        if protocol.flip_average:
            passes.append(self._read(name + MIRRORED, frame, protocol, is_mirrored=True))
        return passes

    def _read(self, stem: str, frame: Frame, protocol: Protocol, *, is_mirrored: bool = False) -> Tensor:
        path = _find(self.folder, stem)
        if path is None:
            raise InputError(_absent(self.folder, stem, is_mirrored))
        depth_m = torch.from_numpy(read_map(path, self.depth_units_per_metre))[None, None]
        return _of_input(depth_m.flip(-1) if is_mirrored else depth_m, frame, protocol, path)


def open_recording(
    folder: Path, entries: Iterable[FrameEntry], *, depth_units_per_metre: float, domain: DomainName, protocol: Protocol
) -> Recording:
    """The maps of all frames that have ground truth.

    Raises InputError for a folder that is absent, and for frames without a map, before any is scored.
    """
    require_folder(folder, "--predictions")
    stems = [file_stem(entry.name) for entry in entries if entry.depth is not None]
    if protocol.flip_average:
        stems = [name for stem in stems for name in (stem, stem + MIRRORED)]
    paths = [_find(folder, stem) for stem in stems]
    absent = [stem for stem, path in zip(stems, paths, strict=True) if path is None]
    if absent:
        raise InputError(f"{_absent(folder, absent[0], absent[0].endswith(MIRRORED))} ({len(absent)} of {len(stems)})")
    found = [path for path in paths if path is not None]
    height, width = read_map(found[0], depth_units_per_metre).shape if found else (1, 1)
    spec = NetSpec(
        name="recording",
        role="recording",
        domain=domain,
        native_size=(height, width),
        depth_range_m=DOMAINS[domain].depth_range_m,
        licence="not stated",
        weights_sha256=_digest(found),
    )
    return Recording(folder=folder, spec=spec, depth_units_per_metre=depth_units_per_metre)


def file_stem(frame: str) -> str:
    """Name of a frame's file without its ending.

    >>> file_stem("2011_09_26_drive_0002_sync/0000000069")
    '2011_09_26_drive_0002_sync_0000000069'
    """
    return frame.replace("/", "_")


def _find(folder: Path, stem: str) -> Path | None:
    """The map of that name. Raises InputError for two of them: nobody says which one counts."""
    found = [path for suffix in SUFFIXES if (path := folder / f"{stem}{suffix}").is_file()]
    if len(found) > 1:
        raise InputError(f"{found[0]} and {found[1].name} are two maps of one frame; keep the one to score")
    return found[0] if found else None


def _absent(folder: Path, stem: str, is_mirrored: bool) -> str:
    wanted = f"--predictions {folder} holds no {stem} with one of {', '.join(SUFFIXES)}"
    if is_mirrored:
        return f"{wanted}: the protocol averages over the mirrored image; write its map, or choose one without flip"
    return wanted


def read_map(path: Path, depth_units_per_metre: float) -> Float[np.ndarray, "height width"]:
    """One map in metres, float32. Raises InputError naming a file that holds none."""
    try:
        values = _load(path, depth_units_per_metre)
    except (OSError, ValueError, SyntaxError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path} cannot be read as a depth map ({error}); write it again") from error
    values = values.reshape([side for side in values.shape if side != 1] or [1])
    if values.ndim != 2 or values.dtype.kind != "f":
        raise InputError(
            f"{path} holds {values.dtype} of shape {values.shape}; expected metres as (height, width) floats"
        )
    return np.ascontiguousarray(values, dtype=np.float32)


def _load(path: Path, depth_units_per_metre: float) -> np.ndarray:
    if path.suffix == ".png":
        return decode_uint16(path.read_bytes()) / np.float32(depth_units_per_metre)
    with open(path, "rb") as stream:
        stored = np.load(stream, allow_pickle=False)
        if isinstance(stored, np.ndarray):
            return stored
        if len(stored.files) != 1:
            raise ValueError(f"it holds {len(stored.files)} arrays; expected one")
        array: np.ndarray = stored[stored.files[0]]
        return array


def _of_input(depth_m: Float[Tensor, "1 1 _ _"], frame: Frame, protocol: Protocol, path: Path) -> Tensor:
    """The part of the map that the protocol's network input stands for."""
    size, whole = tuple(depth_m.shape[-2:]), tuple(frame.image.shape[-2:])
    window = input_window(protocol, *whole)
    if size == whole:
        return cut(depth_m, window)
    height, width = window[1] - window[0], window[3] - window[2]
    if abs(size[0] * width / (size[1] * height) - 1.0) > SHAPE_TOLERANCE:
        raise InputError(
            f"{path} is {size[1]}x{size[0]}; expected the frame's {whole[1]}x{whole[0]}, or the shape of the "
            f"{width}x{height} that {protocol.name} scores"
        )
    return depth_m


def _digest(paths: Iterable[Path]) -> str:
    """Digest of names and contents."""
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{path.name} {sha256_file(path)}\n".encode())
    return total.hexdigest()
