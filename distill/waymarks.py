"""Waymarks: digests of a student's weights on its way, by which others can tell that they repeat the same training.

They stand 1, 2, 4, 8 ... steps behind the beginning and behind every checkpoint, so that a few steps are enough to
compare; a digest takes milliseconds, so there are few.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from distill.ema import Ema
from mde.files import read_json, sha256_bytes, write_json
from mde.nets.state import state_of

WAYMARKS = "weights.json"


def is_waymark(num_steps_done: int, num_steps: int, checkpoint_every: int) -> bool:
    """Whether the weights after so many steps are noted: powers of two behind a checkpoint, checkpoints, the end."""
    behind = num_steps_done % checkpoint_every
    return behind & (behind - 1) == 0 or num_steps_done == num_steps  # zero, a checkpoint, among them


def set_waymark(out: Path, num_steps_done: int, student: nn.Module, ema: Ema) -> None:
    """Note the weights and their average in `out`; a run that goes on writes over what it has noted."""
    written = read_json(out / WAYMARKS)["weights"] if (out / WAYMARKS).is_file() else {}
    weights = {**written, str(num_steps_done): weights_sha256(student, ema)}
    write_json(out / WAYMARKS, {"num_threads": torch.get_num_threads(), "weights": weights})


def waymarks_of(out: Path) -> dict[int, str]:
    """Digests of the weights of a run by the number of steps; none in runs of earlier versions."""
    written = read_json(out / WAYMARKS)["weights"] if (out / WAYMARKS).is_file() else {}
    return {int(step): str(digest) for step, digest in written.items()}


def weights_sha256(student: nn.Module, ema: Ema) -> str:
    """One digest of the weights that learn and of their average."""
    average = nn.Module()
    for number, tensor in enumerate(ema.state.values()):
        average.register_buffer(str(number), tensor)
    return sha256_bytes((state_of(student).sha256 + state_of(average).sha256).encode())
