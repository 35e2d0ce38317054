"""Asset file: the prepared assets of a folder, kept once per machine and mapped by every process that renders.

Nobody who renders opens a foreign file: all that is needed is here, as plain arrays with a description. The file is
named after its own digest, which is part of what a sample depends on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mde.errors import InputError
from mde.files import sha256_bytes, sha256_file, write_bytes
from synth.bank_file import cache_directory
from synth.mesh import Mesh

ALIGN = 64
"""Arrays begin at multiples of so many bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A thing that may stand in a scene."""

    name: str
    kind: str
    where: tuple[str, ...]
    share: float
    size_m: tuple[float, float, float]
    rows: tuple[int, int]
    """First and last but one of its triangles in the arrays."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Texture:
    """A tileable picture that may replace one of the bank."""

    name: str
    where: tuple[str, ...]
    share: float
    tile_m: float | None
    layer: int
    """Number among the layers of the file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assets:
    """All that a folder of assets gives."""

    models: tuple[Model, ...]
    textures: tuple[Texture, ...]
    arrays: Mapping[str, np.ndarray]
    """corners_m and normals (T,3,3), uv (T,3,2), look (T,9), all float32; pixels (K,S,S,4) uint8. Layers count from
    0, white, in `pixels`."""

    @property
    def pixels(self) -> np.ndarray:
        """(K,S,S,4) uint8 layers that come behind those of the texture bank."""
        return self.arrays["pixels"]

    def mesh(self, model: Model, first_layer: int) -> Mesh:
        """The model on z = 0 with its middle over the origin, where `pixels` begin at `first_layer` of the bank."""
        corners_m, normals, uv, look = (
            self.arrays[name][slice(*model.rows)] for name in ("corners_m", "normals", "uv", "look")
        )
        look = np.repeat(look, 3, axis=0)
        look[:, 4] += np.float32(first_layer)
        return Mesh(np.array(corners_m).reshape(-1, 3), np.array(normals).reshape(-1, 3), uv.reshape(-1, 2), look)


def assets_path(sha256: str) -> Path:
    """Where the prepared assets of this digest lie."""
    return cache_directory() / f"assets-{sha256[:16]}.bin"


def pack_assets(assets: Assets) -> bytes:
    """The content of the file: length of the description, description, arrays."""
    spots, place = {}, 0
    for name, array in assets.arrays.items():
        place += -place % ALIGN
        spots[name] = {"at": place, "shape": array.shape, "type": array.dtype.str}
        place += array.nbytes
    facts = {"models": [asdict(m) for m in assets.models], "textures": [asdict(t) for t in assets.textures]}
    head = json.dumps({**facts, "arrays": spots}, sort_keys=True).encode()
    head += b" " * (-(len(head) + 8) % ALIGN)
    body = bytearray(place)
    for name, array in assets.arrays.items():
        at = int(spots[name]["at"])  # type: ignore[call-overload]
        body[at : at + array.nbytes] = np.ascontiguousarray(array).tobytes()
    return len(head).to_bytes(8, "little") + head + bytes(body)


def keep_assets(content: bytes) -> str:
    """Put the content of the file where `open_assets` looks for it; answers its digest.

    Raises InputError when the cache cannot be written.
    """
    sha256 = sha256_bytes(content)
    path = assets_path(sha256)
    if not is_kept(sha256):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content)
        except OSError as error:
            raise InputError(
                f"the prepared assets cannot be kept in {path.parent} ({error.strerror}); set SYNTH_CACHE_DIR to a "
                f"folder that can be written and has {len(content) / 1e6:.0f} MB to spare"
            ) from error
    return sha256


def is_kept(sha256: str) -> bool:
    """Whether the file of this digest is there and whole."""
    path = assets_path(sha256)
    return path.is_file() and sha256_file(path) == sha256


def open_assets(sha256: str) -> Assets:
    """The assets of this digest, mapped read-only. Raises InputError when they are not on this machine."""
    if not is_kept(sha256):
        raise InputError(
            f"the assets of this folder (digest {sha256[:12]}) are not prepared on this machine; "
            "name the folder that they come from with --assets DIR"
        )
    content = np.memmap(assets_path(sha256), mode="r")
    length = int.from_bytes(content[:8].tobytes(), "little")
    head: dict[str, Any] = json.loads(content[8 : 8 + length].tobytes())
    body = content[8 + length :]
    return Assets(
        models=tuple(Model(**_tupled(raw, "where", "size_m", "rows")) for raw in head["models"]),
        textures=tuple(Texture(**_tupled(raw, "where")) for raw in head["textures"]),
        arrays={name: _array(body, spot) for name, spot in head["arrays"].items()},
    )


def _tupled(raw: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: tuple(value) if name in names else value for name, value in raw.items()}


def _array(body: np.ndarray, spot: Mapping[str, Any]) -> np.ndarray:
    shape: Sequence[int] = spot["shape"]
    kind = np.dtype(spot["type"])
    return body[spot["at"] : spot["at"] + int(np.prod(shape)) * kind.itemsize].view(kind).reshape(shape)
