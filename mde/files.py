"""Files that are either whole or absent, and their digests."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import IO, Any

from mde.errors import InputError


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary twin of `path`; on success sync it and rename it into place, else delete it.

    A reader therefore sees the old file, the new file or no file, also after `kill -9` or a full disk.
    """
    partial, stream = _twin(path)
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _twin(path: Path) -> tuple[Path, IO[bytes]]:
    """A new file beside `path`; no two writers share one, also when a folder is shared by machines with equal pids."""
    for number in itertools.count():
        partial = path.with_name(f"{path.name}.{os.getpid()}.{number}.partial")
        try:
            return partial, open(partial, "xb")
        except FileExistsError:
            continue
    raise AssertionError("counting does not end")


def sync_directory(path: Path) -> None:
    """Make renames inside `path` durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or none."""
    with atomic_file(path) as stream:
        stream.write(content)


def write_json(path: Path, value: Any) -> None:
    """Write a value or dataclass as readable JSON, a whole file or none."""
    write_bytes(path, json_bytes(value, indent=2) + b"\n")


def json_bytes(value: Any, *, indent: int | None = None) -> bytes:
    """Canonical JSON: sorted keys, no NaN, paths as text, dataclasses as objects."""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return json.dumps(plain, indent=indent, sort_keys=True, allow_nan=False, default=_as_json).encode()


def _as_json(value: Any) -> Any:
    if isinstance(value, Path):
        return value.as_posix()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} is not part of a JSON file")


def read_json(path: Path) -> Any:
    """Read a JSON file that this project wrote; a damaged one is the user's to replace."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a readable JSON file ({error})") from error


def sha256_bytes(content: bytes) -> str:
    """Hex digest of a byte string."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex digest of a file's content."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def remove_partials(directory: Path, stem: str = "*") -> None:
    """Delete what an interrupted write of ours, of files whose names begin with `stem`, has left in `directory`."""
    for leftover in directory.glob(f"{stem}.*.partial"):
        leftover.unlink(missing_ok=True)
