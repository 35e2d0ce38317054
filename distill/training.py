"""The training loop: draw, transform, teach, learn, report."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from distill.alignment import align
from distill.objective import ObjectiveConfig, objective_terms, weighted_sum
from mde.batch import depth_batches, image_batches
from mde.checkpoint import Checkpoint, flatten_optimizer, latest_step, restore_optimizer, save_step
from mde.errors import InputError
from mde.nets.net import DepthNet
from mde.nets.output import Output
from mde.nets.state import check_unchanged, state_of
from mde.nets.student_net import Student
from mde.shards import ShardReader

CHECKPOINTS = "checkpoints"
METRICS = "metrics.jsonl"
EVENTS = "tensorboard"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """How long and how fast a student learns."""

    num_steps: int = 10_000
    """Optimiser steps, not epochs."""
    batch_size: int = 8
    """Images per step."""
    learning_rate: float = 8e-3
    """Peak of the schedule: linear warm-up over the first tenth, then a cosine to zero. High, since students
    begin from scratch: at 2e-3 a MobileNetV2 hardly learns in its first 400 steps (LOG.md)."""
    weight_decay: float = 1e-2
    """AdamW's decoupled decay."""
    checkpoint_every: int = 500
    """Steps between checkpoints; what a kill can cost at most."""

    def __post_init__(self) -> None:
        for name in ("num_steps", "batch_size", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name.replace('_', '-')} {getattr(self, name)} must be at least 1")
        if self.learning_rate <= 0 or self.weight_decay < 0:
            raise InputError("the learning rate must be positive and the weight decay not negative")


@dataclass(frozen=True, kw_only=True)
class TrainSummary:
    """What a finished training did."""

    final: dict[str, float]
    """Mean of every logged quantity over the last tenth of the steps."""
    images_per_second: float
    """Of the steps of this process; not a number when a finished run was only read again."""
    seconds: float
    resumed_from: int


class DepthCache(Protocol):
    """A teacher's depth of images that it may have answered before (`distill.teacher_cache`)."""

    def depth_m(self, teacher: DepthNet, images: Tensor) -> Tensor:
        """Depth of `images` (B,3,H,W), (B,1,H,W)."""
        ...


def warmup_cosine(step: int, num_steps: int) -> float:
    """Factor on the learning rate: up linearly over the first tenth of the steps, then a cosine to zero."""
    num_warmup = max(1, num_steps // 10)
    if step < num_warmup:
        return (step + 1) / num_warmup
    progress = (step - num_warmup) / max(1, num_steps - num_warmup)
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def train(
    student: Student,
    teacher: DepthNet,
    transformation: nn.Module | None,
    reader: ShardReader,
    config: TrainConfig,
    objective: ObjectiveConfig,
    out: Path,
    *,
    seed: int,
    cache: DepthCache | None = None,
    align_teacher: bool = False,
    progress: str = "distil",
) -> TrainSummary:
    """Train `student` in place on the teacher's depth of `reader`'s images, from the last good checkpoint on.

    With `align_teacher` that depth is first fitted to the render's, image by image (`distill.alignment`), and images
    that cannot be are left out of their step.

    Student and teacher see the same pixels: mirrored at random, then transformed. Everything random
    depends on (seed, step) alone, so a run that was killed ends with the same weights, bit for bit, on
    the same machine and versions. Writes checkpoints, `metrics.jsonl` and TensorBoard events into `out`.
    Raises InputError when the objective stops being finite, when no image of a step can be aligned, and when the
    teacher is no longer what it was, before a checkpoint holds what a changed one taught.
    """
    device = next(student.parameters()).device
    optimizer = torch.optim.AdamW(
        student.parameters(),
        lr=config.learning_rate,
        betas=(0.9, 0.99),
        weight_decay=config.weight_decay,
        fused=True,  # one kernel for all tensors: 1 ms instead of 6 for a small student on a CPU
    )
    start = _resume(student, optimizer, out)
    before = state_of(teacher)
    student.train()
    steps = range(start, config.num_steps)
    begin = time.monotonic()
    with (
        _metrics_log(out, start) as log,
        tqdm(total=config.num_steps, initial=start, desc=progress, unit="step") as bar,
    ):
        for step, images, render_m in _batches(
            reader, teacher, config, seed=seed, steps=steps, with_depth=align_teacher
        ):
            images = images.to(device).contiguous(memory_format=torch.channels_last)
            with torch.no_grad():
                if transformation is not None:
                    images = transformation(images)
                teacher_m = teacher(images).depth_m if cache is None else cache.depth_m(teacher, images)
                if render_m is not None:
                    images, teacher_m = _aligned(images, teacher_m, render_m.to(device), teacher, student, step)
                teacher_m = teacher_m.clamp(*student.depth_range_m)

            output = student(images)
            terms = objective_terms(output, teacher_m, student.bins)
            loss = weighted_sum(terms, objective).mean()
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * warmup_cosine(step, config.num_steps)
            gradient_norm = _descend(student, optimizer, loss, step)

            shares = {"share_aligned": len(images) / config.batch_size} if align_teacher else {}
            row = {"step": step, "loss": loss, "gradient_norm": gradient_norm, **_means(terms, output, teacher_m)}
            log.write({**row, **shares})
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
            bar.update()
            if (step + 1) % config.checkpoint_every == 0 or step + 1 == config.num_steps:
                check_unchanged(teacher, before, name=teacher.spec.name)
                save_step(out / CHECKPOINTS, step + 1, _checkpoint(student, optimizer))
    seconds = time.monotonic() - begin
    student.eval()
    return TrainSummary(
        final=final_means(out / METRICS, config.num_steps),
        images_per_second=len(steps) * config.batch_size / seconds if len(steps) else math.nan,
        seconds=seconds,
        resumed_from=start,
    )


def _batches(
    reader: ShardReader, teacher: DepthNet, config: TrainConfig, *, seed: int, steps: range, with_depth: bool
) -> Iterator[tuple[int, Tensor, Tensor | None]]:
    """(step, images, depth of the renders or None); the images are the same with and without their depth."""
    framing = teacher.spec.framing
    if with_depth:
        for step, (images, render_m) in depth_batches(reader, framing, config.batch_size, seed=seed, steps=steps):
            yield step, images, render_m
    else:
        for step, images in image_batches(reader, framing, config.batch_size, seed=seed, steps=steps):
            yield step, images, None


def _aligned(
    images: Tensor, teacher_depth: Tensor, render_m: Tensor, teacher: DepthNet, student: Student, step: int
) -> tuple[Tensor, Tensor]:
    """The images whose teacher depth can be aligned, and that depth in metres."""
    teacher_m, is_sound = align(teacher_depth, render_m, teacher.spec.kind, student.depth_range_m)
    if not bool(is_sound.any()):
        raise InputError(
            f"the teacher's depth follows the renders' in no image of step {step}; look at its depth of a few renders "
            "(is it depth where inverse depth is declared, or normalised twice?)"
        )
    return images[is_sound], teacher_m[is_sound]


def _descend(student: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, step: int) -> Tensor:
    """One clipped step downhill; a loss that is not finite stops the run before it harms the weights."""
    if not torch.isfinite(loss):
        raise InputError(
            f"the objective became {loss.item()} at step {step}; lower --train.learning-rate and begin in a new --out"
        )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    gradient_norm = nn.utils.clip_grad_norm_(student.parameters(), max_norm=10.0)
    optimizer.step()
    return gradient_norm


def _means(terms: dict[str, Tensor], output: Output, teacher_m: Tensor) -> dict[str, Tensor]:
    """Batch means of the terms, and the student's relative error to its teacher."""
    abs_rel = ((output.depth_m.detach() - teacher_m).abs() / teacher_m).mean()
    return {**{name: term.detach().mean() for name, term in terms.items()}, "abs_rel_to_teacher": abs_rel}


def _checkpoint(student: nn.Module, optimizer: torch.optim.Optimizer) -> Checkpoint:
    weights = {f"student.{name}": tensor for name, tensor in student.state_dict().items()}
    moments = {f"optimizer.{name}": tensor for name, tensor in flatten_optimizer(optimizer).items()}
    return Checkpoint(tensors={**weights, **moments}, sidecar={"kind": "training", "version": 1})


def _resume(student: nn.Module, optimizer: torch.optim.Optimizer, out: Path) -> int:
    """Load the newest good checkpoint and answer the number of steps it has seen."""
    found = latest_step(out / CHECKPOINTS)
    if found is None:
        return 0
    step, checkpoint = found
    student.load_state_dict(_below("student.", checkpoint))
    restore_optimizer(optimizer, _below("optimizer.", checkpoint))
    return step


def _below(prefix: str, checkpoint: Checkpoint) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in checkpoint.tensors.items() if name.startswith(prefix)}


class _MetricsLog:
    """The same numbers as lines of JSON and as TensorBoard events."""

    def __init__(self, lines: Any, events: SummaryWriter) -> None:
        self._lines = lines
        self._events = events

    def write(self, row: dict[str, Any]) -> None:
        plain = {name: value.item() if isinstance(value, Tensor) else value for name, value in row.items()}
        self._lines.write(json.dumps(plain) + "\n")
        self._lines.flush()
        for name, value in plain.items():
            if name != "step":
                self._events.add_scalar(f"train/{name}", value, plain["step"])


@contextmanager
def _metrics_log(out: Path, start: int) -> Iterator[_MetricsLog]:
    """Open the log at step `start`: what a killed run wrote after its last checkpoint is taken back."""
    path = out / METRICS
    kept = [line for line in path.read_text().splitlines() if _step_of(line) < start] if path.is_file() else []
    path.write_text("".join(line + "\n" for line in kept))
    events = SummaryWriter(log_dir=str(out / EVENTS), purge_step=start)
    try:
        with open(path, "a") as lines:
            yield _MetricsLog(lines, events)
    finally:
        events.close()


def _step_of(line: str) -> float:
    """Step of a metrics line; infinite for the torn last line of a killed run."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf


def final_means(path: Path, num_steps: int) -> dict[str, float]:
    """Mean of every logged quantity over the last tenth of the steps of a finished `metrics.jsonl`."""
    rows = [json.loads(line) for line in path.read_text().splitlines()][-max(1, num_steps // 10) :]
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0] if name != "step"}
