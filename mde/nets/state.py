"""State of a network: digests of all its numbers, to show that a teacher was only asked, never changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mde.errors import InputError
from mde.files import json_bytes, sha256_bytes


@dataclass(frozen=True)
class State:
    """SHA-256 of every parameter and buffer by name, those included that a weight file does not hold."""

    digests: dict[str, str]

    @property
    def sha256(self) -> str:
        """One digest of all names, types, shapes and numbers."""
        return sha256_bytes(json_bytes(self.digests))


def state_of(network: nn.Module) -> State:
    """The state of `network` now, wherever its tensors live; equal numbers on another device give equal digests."""
    tensors = [*network.named_parameters(remove_duplicate=False), *network.named_buffers(remove_duplicate=False)]
    return State({name: _digest(tensor) for name, tensor in tensors})


def check_unchanged(network: nn.Module, before: State, *, name: str) -> None:
    """Raise InputError, in one line, when `network` (the teacher called `name`) is not in the state `before`."""
    now = state_of(network).digests
    changed = [key for key in {**before.digests, **now} if before.digests.get(key) != now.get(key)]
    if changed:
        raise InputError(
            f"teacher {name!r} changed while it taught: {len(changed)} of {len(now)} tensors (first: {changed[0]}); "
            "expected a frozen network in eval mode, what this run learned since its last checkpoint is not kept"
        )


def _digest(tensor: Tensor) -> str:
    plain = tensor.detach().cpu().contiguous()
    head = f"{plain.dtype} {tuple(plain.shape)} ".encode()
    digest = hashlib.sha256(head)
    digest.update(plain.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
