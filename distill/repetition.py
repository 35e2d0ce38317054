"""Repetition: some steps of a finished run done again, and held against what it noted then."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from distill.acclimation_fit import ACCLIMATION
from distill.feature_stages import RESPONSE
from distill.inputs import FITTED
from distill.metrics_log import METRICS
from distill.run import DistillConfig, train_student
from distill.teacher_cache import TeacherCache
from distill.training import CHECKPOINTS
from distill.waymarks import WAYMARKS, waymarks_of
from mde.checkpoint import TENSORS
from mde.config_file import read_config
from mde.errors import InputError
from mde.files import read_json, sha256_file
from mde.nets import load_teacher
from mde.nets.student import STUDENT
from mde.nets.transformation import load_transformation
from mde.run_directory import REPORT, environment
from mde.shards import ShardReader

TOLERANCE = 0.01
"""Relative difference of the losses of single steps that another processor or version may make. Ours: roundings grow
with the steps, so few steps say more than many."""


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """Steps `first` to `last`, done again."""

    first: int
    last: int
    compared: tuple[int, ...]
    """Numbers of steps after which the weights were compared."""
    faults: tuple[str, ...]
    """What differs in bits, a line each; none for the same training."""
    worst_loss: float
    """Largest relative difference of a step's loss."""
    unlike: tuple[str, ...]
    """What of machine and versions is not as it was, which excuses roundings."""

    @property
    def is_same(self) -> bool:
        """The same bits, or, where machine or versions are others, the same losses but for roundings."""
        return not self.faults or (bool(self.unlike) and self.worst_loss <= TOLERANCE)


def repeat_training(
    run: Path, work: Path, *, num_steps: int, from_checkpoint: bool, data: Path | None, weights: Path | None
) -> Repetition:
    """Train the first `num_steps` steps of `run` again in the empty folder `work`, or those behind a checkpoint.

    Raises InputError where the run, its teacher or its renders cannot be read.
    """
    config = read_config(run, "distill.run", DistillConfig)
    if not (run / WAYMARKS).is_file():
        raise InputError(f"{run / WAYMARKS} does not exist: the run noted no weights to compare with")
    domain, folder = config.domain, data or config.data
    if domain is None or folder is None:
        raise InputError(f"{run} does not say where its renders lie; give --data")
    teacher = load_teacher(config.teacher, weights or config.weights, domain=domain)
    fitted = run / FITTED
    transformation = (
        load_transformation(fitted, teacher_sha256=teacher.spec.weights_sha256) if fitted.is_dir() else None
    )
    first = _begin_at_checkpoint(run, work) if from_checkpoint else 0
    for stage in (RESPONSE, ACCLIMATION):  # named, as the transformation is, and not made again
        if (run / stage).is_dir():
            shutil.copytree(run / stage, work / stage)
    last = min(first + num_steps, config.train.num_steps)
    again = replace(config, choose="last", weights=weights or config.weights, data=folder)
    with _threads(int(read_json(run / WAYMARKS)["num_threads"])):
        cache = None if config.teacher_cache is None else TeacherCache(work / "cache", teacher)
        train_student(again, teacher, transformation, ShardReader(folder), work, cache=cache, until=last)
    return _compared(run, work, first, last)


def _begin_at_checkpoint(run: Path, work: Path) -> int:
    """Copy the oldest checkpoint that the run has kept; answers its step."""
    folders = sorted((run / CHECKPOINTS).glob("step_*"))[:-1]  # nothing follows on the last
    if not folders:
        raise InputError(f"{run / CHECKPOINTS} holds no checkpoint before the last; leave out --from-checkpoint")
    shutil.copytree(folders[0], work / CHECKPOINTS / folders[0].name)
    return int(folders[0].name.removeprefix("step_"))


def _compared(run: Path, work: Path, first: int, last: int) -> Repetition:
    then, now = _losses(run, first, last), _losses(work, first, last)
    faults = [f"step {step}: loss {then.get(step)}, now {loss}" for step, loss in now.items() if then.get(step) != loss]
    worst = max((abs(now[step] - then.get(step, math.inf)) / abs(now[step]) for step in now), default=math.inf)
    noted = waymarks_of(run)
    marks = {step: digest for step, digest in waymarks_of(work).items() if first < step <= last and step in noted}
    faults += [
        f"weights after {step} steps are others" for step, digest in sorted(marks.items()) if noted[step] != digest
    ]
    report = read_json(run / REPORT)
    is_whole = last == read_config(run, "distill.run", DistillConfig).train.num_steps == report["checkpoint"]["step"]
    if is_whole and sha256_file(work / STUDENT / TENSORS) != sha256_file(run / STUDENT / TENSORS):
        faults.append("the finished student has other weights")
    if not marks:
        faults.append(f"no weights were noted between steps {first} and {last}")
    return Repetition(
        first=first,
        last=last,
        compared=tuple(sorted(marks)),
        faults=tuple(faults),
        worst_loss=worst,
        unlike=tuple(_unlike(report)),
    )


def _losses(out: Path, first: int, last: int) -> dict[int, float]:
    rows = [json.loads(line) for line in (out / METRICS).read_text().splitlines()]
    return {row["step"]: row["loss"] for row in rows if first <= row["step"] < last}


def _unlike(report: dict[str, Any]) -> Iterator[str]:
    """Names of what rounds differently here."""
    then, now = report["environment"], environment()
    for name in ("processor", "machine"):
        if then[name] != now[name]:
            yield f"{name} {then[name]}, now {now[name]}"
    for name in ("torch", "torchvision", "timm", "numpy", "pillow"):
        if then["packages"].get(name) != now["packages"].get(name):
            yield f"{name} {then['packages'].get(name)}, now {now['packages'].get(name)}"
    if report["training"]["num_processes"] > 1:
        yield f"{report['training']['num_processes']} processes, now one"


@contextmanager
def _threads(num: int) -> Iterator[None]:
    """As many threads as then: sums depend on how they are split."""
    before = torch.get_num_threads()
    torch.set_num_threads(num)
    try:
        yield
    finally:
        torch.set_num_threads(before)
