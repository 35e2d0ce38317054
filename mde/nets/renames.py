"""Names of tensors in published files, brought to those of our modules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from mde.errors import InputError


def renamed(state: Mapping[str, Tensor], renames: Mapping[str, str], *, path: Path) -> dict[str, Tensor]:
    """`state` with the beginnings of its names changed, rule after rule; `path` is named in messages.

    Raises InputError where two tensors would get the same name, since one would be lost in silence.
    """
    own: dict[str, Tensor] = {}
    for key, tensor in state.items():
        name = key
        for old, new in renames.items():
            if name.startswith(old):
                name = new + name.removeprefix(old)
        if name in own:
            raise InputError(f"{path} has {name} twice, once as {key}; expected each tensor once, fetch the file again")
        own[name] = tensor
    return own
