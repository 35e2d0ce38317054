"""Choice of a checkpoint without a real image: the last one, unless the proxy finds an earlier one clearly better."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from distill.proxy import Proxy, proxy_of
from mde.checkpoint import MANIFEST, Checkpoint, load_directory, save_directory
from mde.files import read_json, write_json
from mde.nets.net import DepthNet
from mde.shards import ShardReader

BEST = "best"
SCORES = "proxy.json"
MARGIN = 0.02
"""Share by which an earlier checkpoint must be better than the last. Ours: what checkpoints of one run differ by has
not been measured; seeds differ by 4 % and more (LOG.md)."""


class ProxyJudge:
    """Shown the averaged student at checkpoints of the second half, it scores and keeps the best.

    The scores of a run that was killed are found again, so that a resumed run chooses as one that was not.
    """

    def __init__(
        self, teacher: DepthNet, transformation: nn.Module | None, held_out: ShardReader, out: Path, num_steps: int
    ) -> None:
        self._teacher, self._transformation, self._held_out = teacher, transformation, held_out
        self._out, self._num_steps = out, num_steps

    def __call__(self, student: nn.Module, step: int) -> None:
        """Score the student after `step` steps; before the half, when it is still unlike itself, do nothing."""
        if 2 * step < self._num_steps:
            return
        scores = {name: row for name, row in scores_of(self._out).items() if int(name) < step}
        proxy = proxy_of(student, self._teacher, self._held_out, transformation=self._transformation)
        is_best = all(proxy.worst < row["worst"] for row in scores.values())
        if is_best:
            save_directory(
                self._out / BEST, Checkpoint(tensors=student.state_dict(), sidecar={"kind": "best", "step": step})
            )
        write_json(self._out / SCORES, {**scores, str(step): row_of(proxy)})


def row_of(proxy: Proxy) -> dict[str, Any]:
    """A proxy as it is written."""
    return {**asdict(proxy), "worst": proxy.worst}


def scores_of(out: Path) -> dict[str, dict[str, Any]]:
    """Proxies of a run's checkpoints by their step; none where nothing was judged."""
    return read_json(out / SCORES) if (out / SCORES).is_file() else {}


def choose(student: nn.Module, out: Path, num_steps: int) -> int:
    """Give the student the weights of the best checkpoint where it beats the last by `MARGIN`; answers its step.

    The margin, since the lowest of several noisy scores is lower than it should be.
    """
    scores = scores_of(out)
    if not scores or not (out / BEST / MANIFEST).is_file():
        return num_steps
    best = load_directory(out / BEST)
    step = int(best.sidecar["step"])
    if scores[str(step)]["worst"] > (1.0 - MARGIN) * scores[str(num_steps)]["worst"]:
        return num_steps
    student.load_state_dict(dict(best.tensors))
    return step
