"""Weight files of either format: torch's own, or safetensors, which holds names, shapes and numbers alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.weights import Allowed, read_torch_weights

SOURCE = "source_sha256"
"""Entry of a safetensors file's head: digest of the file that `mde.convert` made it from."""
_LENGTH_BYTES = 8
_MAX_HEAD_BYTES = 100_000_000  # the format's own limit


def read_weights(path: Path, *, entry: str | None = None, allowed: Sequence[Allowed] = ()) -> dict[str, Tensor]:
    """Read the named tensors of `path`; `entry` and `allowed` are for torch's format, safetensors need neither.

    Raises InputError when the file is absent, damaged or of neither format.
    """
    return read_safetensors(path) if is_safetensors(path) else read_torch_weights(path, entry=entry, allowed=allowed)


def is_safetensors(path: Path) -> bool:
    """Whether the file begins as safetensors do: the length of a JSON object, and its brace. False where unreadable."""
    return _head_bytes(path) > 0


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a safetensors file. Raises InputError when it is damaged or holds none."""
    try:
        state = load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is a damaged safetensors file; fetch or convert it again") from error
    if not state:
        raise InputError(f"{path} holds no tensors; expected weights")
    return state


def published_sha256(path: Path) -> str:
    """Digest of the published file: that of `path`, or of the file it was converted from."""
    length = _head_bytes(path)
    if length > 0:
        with open(path, "rb") as stream:
            head = stream.read(_LENGTH_BYTES + length)[_LENGTH_BYTES:]
        try:
            source = json.loads(head)["__metadata__"][SOURCE]
        except (ValueError, KeyError, TypeError):
            source = None
        if isinstance(source, str):
            return source
    return sha256_file(path)


def _head_bytes(path: Path) -> int:
    """Length of the JSON head of a safetensors file; 0 for files of another kind, and unreadable ones."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(_LENGTH_BYTES + 1)
    except OSError:
        return 0
    length = int.from_bytes(start[:_LENGTH_BYTES], "little")
    return length if start[_LENGTH_BYTES:] == b"{" and length <= _MAX_HEAD_BYTES else 0
