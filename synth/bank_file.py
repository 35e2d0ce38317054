"""Bank file: the texture bank baked once per machine and mapped into every process that renders.

Baking costs seconds and tens of megabytes; a map costs neither, and all workers share its pages. The file lies in
the user's cache, is named after what makes it, and may be deleted at any time.
"""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mde.errors import InputError
from mde.files import atomic_file, read_json, sha256_file, write_json
from synth import noise, textures
from synth.textures import FAMILIES, Bank, bake_bank, family_layers

CACHE_VARIABLE = "SYNTH_CACHE_DIR"
"""Environment variable that names another folder for the bank."""


def cache_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the bank is kept: $SYNTH_CACHE_DIR, else $XDG_CACHE_HOME/depth-distillation, else ~/.cache/...

    The XDG rules are followed: a relative $XDG_CACHE_HOME does not count.
    """
    if environment.get(CACHE_VARIABLE):
        return Path(environment[CACHE_VARIABLE])
    stated = Path(environment.get("XDG_CACHE_HOME", ""))
    root = stated if stated.is_absolute() else Path(environment.get("HOME") or Path.home()) / ".cache"
    return root / "depth-distillation"


def open_bank(directory: Path | None = None) -> Bank:
    """The bank, mapped read-only from `directory` (the user's cache if not given); baked first where it is missing.

    A file whose digest is not the recorded one is baked again. Processes that start together wait for the one that
    bakes. Raises InputError when the folder cannot be written.
    """
    directory = cache_directory() if directory is None else directory
    path = directory / f"bank-{bank_key()[:16]}.npy"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _locked(path.with_suffix(".lock")):
            if not _is_whole(path):
                _bake(path)
    except OSError as error:
        raise InputError(
            f"the texture bank cannot be kept in {directory} ({error.strerror}); "
            f"set {CACHE_VARIABLE} to a folder that can be written and has 100 MB to spare"
        ) from error
    return Bank(np.load(path, mmap_mode="r"), family_layers())


def bank_key() -> str:
    """Digest of all that makes the bank: the painters' sources, their table and numpy's version."""
    modules = {inspect.getmodule(paint) for kinds in FAMILIES.values() for paint in kinds} | {noise, textures}
    files = sorted(Path(str(module.__file__)) for module in modules if module is not None)
    digest = hashlib.sha256(np.__version__.encode())
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _is_whole(path: Path) -> bool:
    side = path.with_suffix(".json")
    if not (path.is_file() and side.is_file()):
        return False
    try:
        recorded = read_json(side)
    except InputError:
        return False  # a damaged side file vouches for nothing
    return bool(recorded == {"sha256": sha256_file(path)})


def _bake(path: Path) -> None:
    with atomic_file(path) as stream:
        np.save(stream, bake_bank().pixels)
    write_json(path.with_suffix(".json"), {"sha256": sha256_file(path)})


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock, which the system gives back whatever ends the process."""
    with open(path, "ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
