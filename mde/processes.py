"""Processes: those that train one student together, each on its part of every batch.

`accelerate launch` starts them and tells them of each other; a command that is started plainly is alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import torch
from torch import Tensor, distributed

from mde.device import DeviceName, pick_device
from mde.errors import InputError

PATIENCE = timedelta(days=2)
"""How long the others wait while the first one renders."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Processes:
    """This process among `num`, and where it computes."""

    rank: int = 0
    num: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes files and draws bars."""
        return self.rank == 0

    def places(self, batch_size: int) -> range:
        """The places of a batch that are this process's. Raises InputError when the batch cannot be shared evenly."""
        if batch_size % self.num:
            raise InputError(f"--train.batch-size {batch_size} cannot be shared evenly by {self.num} processes")
        share = batch_size // self.num
        return range(self.rank * share, (self.rank + 1) * share)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace every tensor by its mean over the processes, in one exchange."""
        if self.num == 1 or not tensors:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        distributed.all_reduce(flat)
        parts = flat.div_(self.num).split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    @contextmanager
    def first_ahead(self) -> Iterator[None]:
        """The block is run by the first process, and by the others once it has left; it makes what they then find."""
        if not self.is_first:
            distributed.barrier()
        yield
        if self.is_first and self.num > 1:
            distributed.barrier()


def join_processes(name: DeviceName) -> Processes:
    """This process among those of `accelerate launch`, on the device of that name; alone when started plainly."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Processes(device=pick_device(name))
    from accelerate import PartialState  # imported here: a second, which single processes need not spend

    state = PartialState(cpu=pick_device(name).type == "cpu", timeout=PATIENCE)
    return Processes(rank=state.process_index, num=state.num_processes, device=state.device)
