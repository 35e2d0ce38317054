"""Asset folder: the files of a folder of assets, which of them are meant, and a digest of them all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mde.errors import InputError
from mde.files import sha256_file
from synth.asset_source import MAX_BYTES

MODELS = frozenset({".glb", ".gltf", ".obj", ".ply"})
PICTURES = frozenset({".png", ".jpg", ".jpeg"})
FOREIGN = frozenset({".fbx", ".stl", ".dae", ".3ds", ".blend", ".usd", ".usda", ".usdc", ".usdz", ".step", ".stp"})
"""Kinds of models that a user may expect to be read, and that are not."""
TEXTURES = "textures"
"""Folder of the tileable pictures."""
MAX_FILES = 5000


@dataclass(frozen=True, kw_only=True, slots=True)
class AssetFolder:
    """What was found, by names relative to the folder with slashes, sorted."""

    root: Path
    models: tuple[str, ...]
    textures: tuple[str, ...]
    skipped: dict[str, str]
    """Files that are not even tried, and why."""
    sha256: str
    """Digest of the names and contents of all files, materials and pictures of models included."""


def look_into(root: Path) -> AssetFolder:
    """List a folder of assets. Raises InputError when it is missing, empty or far too full."""
    if not root.is_dir():
        raise InputError(f"--assets {root} is not a folder; give one with GLB, GLTF, OBJ or PLY files")
    names = sorted(_names(root))
    if len(names) > MAX_FILES:
        raise InputError(f"--assets {root} holds more than {MAX_FILES} files; give the folder of the assets alone")
    skipped: dict[str, str] = {}
    digest = hashlib.sha256()
    for name in names:
        path, kind = root / name, Path(name).suffix.lower()
        if not path.resolve().is_relative_to(root.resolve()):
            skipped[name] = "is a link to a file outside of the folder"
        elif not path.is_file():
            skipped[name] = "is a link to nothing, or no file"
        elif not os.access(path, os.R_OK):
            skipped[name] = "may not be read"
        else:
            content = str(path.stat().st_size) if path.stat().st_size > MAX_BYTES else sha256_file(path)
            digest.update(f"{name}\0{content}\0".encode())
            if kind in FOREIGN:
                skipped[name] = f"is {kind[1:].upper()}, which is not read; convert it to GLB"
    tried = [name for name in names if name not in skipped]
    models = tuple(name for name in tried if Path(name).suffix.lower() in MODELS)
    textures = tuple(name for name in tried if _is_texture(name))
    if not (models or textures or skipped):
        raise InputError(
            f"--assets {root} holds no GLB, GLTF, OBJ or PLY file and no PNG or JPEG in {TEXTURES}/; add some"
        )
    return AssetFolder(root=root, models=models, textures=textures, skipped=skipped, sha256=digest.hexdigest())


def _is_texture(name: str) -> bool:
    path = Path(name)
    return path.parts[0] == TEXTURES and path.suffix.lower() in PICTURES


def _names(root: Path) -> Iterator[str]:
    """Files that are not hidden. Links to folders are not followed: they may lead out, or round in circles."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith("."):
                yield (Path(folder) / name).relative_to(root).as_posix()
