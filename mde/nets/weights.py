"""Weight files of others: read without running anything in them, loaded whole or not at all."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mde.errors import InputError

_ZIP_HEAD = b"PK\x03\x04"
_PICKLE_HEAD = b"\x80"
_MAX_TENSORS = 20_000
"""More than ten times what the largest teacher has; listing a million takes minutes."""

Allowed = Callable[..., Any] | tuple[Callable[..., Any], str]
"""Something harmless that a file may construct, with the name that the file has for it where that differs."""


def read_torch_weights(path: Path, *, entry: str | None = None, allowed: Sequence[Allowed] = ()) -> dict[str, Tensor]:
    """Read the named tensors of a file written by `torch.save(network.state_dict(), path)`.

    The file is memory-mapped where its format allows it, and unpickled by torch's restricted reader
    only: whatever it asks to construct beside tensors and what is `allowed` is refused, never tried.
    Checkpoints of a training hold the tensors in one `entry` of several; the others are dropped, and a file
    without that entry is taken for the tensors alone. Plain values beside the tensors,
    such as an image size or an epoch, are left out; `load_strictly` sees to it that nothing is lacking.

    Raises:
        InputError: when there is no such file, it is no torch file, it is damaged, or it holds no
            tensors by name.
    """
    content = _unpickle(path, is_zip=_is_zip(path), allowed=allowed)
    if isinstance(content, Mapping) and entry is not None:
        content = content.get(entry, content)
    if not isinstance(content, Mapping):
        raise InputError(f"{path} holds a {type(content).__name__}; expected tensors by name (a saved state_dict)")
    state = {key: value for key, value in content.items() if isinstance(key, str) and isinstance(value, Tensor)}
    if not state:
        found = ", ".join(repr(key) for key in list(content)[:3]) or "nothing"
        raise InputError(f"{path} holds {found} and no tensors by name; expected a saved state_dict")
    return state


def read_torch_content(path: Path, *, allowed: Sequence[Allowed] = ()) -> object:
    """Read whatever a torch file holds, as `read_torch_weights` does, before its tensors are picked out."""
    return _unpickle(path, is_zip=_is_zip(path), allowed=allowed)


def load_strictly(module: nn.Module, state: Mapping[str, Tensor], *, path: Path) -> None:
    """Copy `state` into `module`; every tensor must have its place, and every place its tensor.

    Values must be finite and running variances of BatchNorm positive, since a network with one bad
    number answers NaN or noise. On refusal the module is left as it was. `path` is named in messages.

    Raises:
        InputError: when names, shapes or values are not those of a trained `module`.
    """
    check_layout(module.state_dict(), state, path=path)
    check_values(state, path=path)
    module.load_state_dict(dict(state), strict=True)


def check_values(state: Mapping[str, Tensor], *, path: Path) -> None:
    """Raise InputError for NaN, infinity, and running variances that are not positive."""
    check_finite(state, path=path)
    for key, tensor in state.items():
        if key.rpartition(".")[2] == "running_var" and not bool((tensor > 0).all()):
            raise InputError(f"{path} has a variance of 0 or less in {key}; expected those of a trained network")


def check_finite(state: Mapping[str, Tensor], *, path: Path) -> None:
    """Raise InputError for NaN and infinity."""
    for key, tensor in state.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise InputError(f"{path} has NaN or infinity in {key}; expected finite weights, fetch the file again")


def _is_zip(path: Path) -> bool:
    """Whether this is torch's zip format (since 1.6) or the older one; refuses what is neither."""
    try:
        with open(path, "rb") as stream:
            head = stream.read(len(_ZIP_HEAD))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; expected a file of weights") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); expected a file of weights") from error
    if not head:
        raise InputError(f"{path} is empty; expected a file of weights, fetch it again")
    if head != _ZIP_HEAD and not head.startswith(_PICKLE_HEAD):
        raise InputError(f"{path} is not a torch file; expected one written by torch.save")
    return head == _ZIP_HEAD


def _unpickle(path: Path, *, is_zip: bool, allowed: Sequence[Allowed]) -> object:
    try:
        if is_zip:
            _check_sums(path)
        with (
            torch.serialization.safe_globals(list(allowed)),
            warnings.catch_warnings(),
        ):  # torch's remarks on odd files; the refusal says what matters
            warnings.simplefilter("ignore")
            return torch.load(path, weights_only=True, mmap=is_zip, map_location="cpu")
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path} holds more than torch reads safely, or is damaged; expected tensors alone: "
            "fetch it again, or save the network's state_dict anew"
        ) from error
    except InputError:
        raise
    except Exception as error:  # a damaged file makes zipfile and torch raise nearly anything
        raise InputError(f"{path} is damaged or not a file of weights; fetch it again") from error


def _check_sums(path: Path) -> None:
    """Refuse archives that grow when they are read, then compare the checksums, which torch does not.

    torch stores tensors as they are, so a compressed member, or members larger than the file, are no work of its own.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > _MAX_TENSORS:
            raise InputError(f"{path} has {len(members)} parts; expected at most {_MAX_TENSORS}, as networks have")
        is_stored = all(member.compress_type == zipfile.ZIP_STORED for member in members)
        if not is_stored or sum(member.file_size for member in members) > path.stat().st_size:
            raise InputError(f"{path} is compressed, and torch's files are not; expected one written by torch.save")
        broken = archive.testzip()
    if broken is not None:
        raise zipfile.BadZipFile(f"checksum of {broken} is wrong")


def check_layout(expected: Mapping[str, Tensor], state: Mapping[str, Tensor], *, path: Path) -> None:
    """Raise InputError where names, shapes or kinds of number are not those of `expected`."""
    missing = [key for key in expected if key not in state]
    unexpected = [key for key in state if key not in expected]
    misshapen = [key for key in expected if key in state and _layout(expected[key]) != _layout(state[key])]
    if not missing and not unexpected and not misshapen:
        return
    firsts = [f"{word} {keys[0]}" for word, keys in (("no", missing), ("unknown", unexpected)) if keys]
    firsts += [f"{key} is {_layout(state[key])}, not {_layout(expected[key])}" for key in misshapen[:1]]
    raise InputError(
        f"{path} are weights of another network: of {len(expected)} tensors {len(missing)} are missing and "
        f"{len(misshapen)} have another shape, {len(unexpected)} are unexpected (first: {firsts[0]})"
    )


def _layout(tensor: Tensor) -> str:
    """Shape and kind of number; the width of the number may differ (half-precision files are fine)."""
    if tensor.is_meta or tensor.is_quantized or tensor.layout is not torch.strided:
        kind = "not dense"
    else:
        kind = "real" if tensor.is_floating_point() else "complex" if tensor.is_complex() else "integer"
    return f"{kind} {tuple(tensor.shape)}"
