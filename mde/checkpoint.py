"""Checkpoint: a directory of tensors and a typed sidecar, complete and verified or not there at all.

A checkpoint is written under a temporary name, synced and renamed, so a kill or a full disk leaves
the previous one as it was. A manifest of digests tells a damaged checkpoint from a good one.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mde.errors import InputError
from mde.files import read_json, sha256_file, sync_directory, write_json

TENSORS = "tensors.safetensors"
SIDECAR = "sidecar.json"
MANIFEST = "manifest.json"
_STEP = re.compile(r"step_(\d{8})")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Named tensors and the plain values beside them."""

    tensors: Mapping[str, Tensor]
    sidecar: Mapping[str, Any]


def save_directory(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint as the directory `path`, replacing an older one only when the new one is whole."""
    partial = path.with_name(path.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        save_file(
            {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}, partial / TENSORS
        )
        _sync_file(partial / TENSORS)
        write_json(partial / SIDECAR, dict(checkpoint.sidecar))
        write_json(partial / MANIFEST, {name: sha256_file(partial / name) for name in (TENSORS, SIDECAR)})
        sync_directory(partial)
        if path.exists():
            shutil.rmtree(path)
        partial.rename(path)
    except SafetensorError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise OSError(_errno_of(error), f"cannot write the checkpoint ({error})", str(path)) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    sync_directory(path.parent)


def _sync_file(path: Path) -> None:
    with open(path, "rb") as stream:
        os.fsync(stream.fileno())


def _errno_of(error: SafetensorError) -> int:
    """The operating system's number in a safetensors message; 5 (input/output error) when it has none."""
    found = re.search(r"os error (\d+)", str(error))
    return int(found.group(1)) if found else 5


def load_directory(path: Path) -> Checkpoint:
    """Read a checkpoint back. Raises InputError when a file is missing, damaged or of another format."""
    manifest = read_json(path / MANIFEST)
    for name in (TENSORS, SIDECAR):
        if not (path / name).is_file() or sha256_file(path / name) != manifest.get(name):
            raise InputError(f"{path / name} is missing or damaged (its SHA-256 is not that of {MANIFEST})")
    return Checkpoint(tensors=load_file(path / TENSORS), sidecar=read_json(path / SIDECAR))


def save_step(directory: Path, step: int, checkpoint: Checkpoint, *, keep: int = 2) -> Path:
    """Write `directory/step_00001000` and delete all but the newest `keep` steps."""
    path = directory / f"step_{step:08d}"
    save_directory(path, checkpoint)
    for old in _steps(directory)[:-keep]:
        shutil.rmtree(directory / f"step_{old:08d}")
    return path


def latest_step(directory: Path) -> tuple[int, Checkpoint] | None:
    """The newest step that verifies; damaged and unfinished ones are passed over. None when there is none."""
    for step in reversed(_steps(directory)):
        try:
            return step, load_directory(directory / f"step_{step:08d}")
        except InputError:
            continue
    return None


def _steps(directory: Path) -> list[int]:
    if not directory.is_dir():
        return []
    found = (_STEP.fullmatch(path.name) for path in directory.iterdir() if path.is_dir())
    return sorted(int(match.group(1)) for match in found if match)


def flatten_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """All tensors of an optimiser's state as `index.name`, by the position of the parameter."""
    state = optimizer.state_dict()["state"]
    return {
        f"{index}.{name}": torch.as_tensor(value) for index, entry in state.items() for name, value in entry.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser of the same parameters back what `flatten_optimizer` took.

    Moments lie in memory as their parameters do: fused kernels walk both side by side, and files know no strides.
    """
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, _, name = key.partition(".")
        parameter = parameters[int(index)]
        is_moment = value.shape == parameter.shape
        state.setdefault(int(index), {})[name] = (
            torch.empty_like(parameter, dtype=value.dtype).copy_(value) if is_moment else value.clone()
        )
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
