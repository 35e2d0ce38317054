"""Device: where tensors live."""

from __future__ import annotations

from typing import Literal

import torch

from mde.errors import InputError

DeviceName = Literal["auto", "cpu", "cuda"]


def pick_device(name: DeviceName) -> torch.device:
    """The device of that name; `auto` is CUDA where present. Raises InputError for CUDA that is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch finds no CUDA device here; use --device cpu or auto")
    return torch.device(name)
