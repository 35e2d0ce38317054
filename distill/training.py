"""The training loop: draw, transform, teach, learn, report."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from distill.draw import Pictures, drawn
from distill.ema import Ema
from distill.failed_batch import write_failed_batch
from distill.guards import Guards
from distill.lesson import Lesson, Precision, check_some_aligned, in_precision, lesson_loss, taught
from distill.metrics_log import METRICS, final_means, metrics_log
from distill.schedule import SCHEDULES, ScheduleName
from distill.waymarks import is_waymark, set_waymark
from mde.checkpoint import Checkpoint, flatten_optimizer, latest_step, restore_optimizer, save_step
from mde.errors import InputError
from mde.nets.cross_batchnorm import across_processes
from mde.nets.output import Output
from mde.nets.state import check_unchanged, state_of
from mde.nets.student_net import Student
from mde.processes import Processes
from mde.shards import ShardReader

CHECKPOINTS = "checkpoints"
VERSION = 2
"""Of checkpoints; 1 had no average of weights."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """How long and how fast a student learns."""

    num_steps: int = 10_000
    """Optimiser steps, not epochs."""
    batch_size: int = 8
    """Images per step, of all processes together."""
    micro_batch: int = 0
    """Images in memory at once; 0 is all of a step. Gradients add up to the step's, BatchNorm sees micro-batches."""
    learning_rate: float = 8e-3
    """Peak of the schedule. High, since students begin from scratch: at 2e-3 a MobileNetV2 hardly learns in its first
    400 steps (LOG.md)."""
    schedule: ScheduleName = "cosine"
    """cosine: linear warm-up over a tenth of the steps, then down to zero; or one-cycle, as TIE-KD has it."""
    weight_decay: float = 1e-2
    """AdamW's decoupled decay."""
    clip_norm: float = 10.0
    """Largest norm of a step's gradient."""
    ema_decay: float = 0.999
    """Decay of the moving average of weights that becomes the student; with 0 the last weights do."""
    precision: Precision = "fp32"
    """bf16 lets both networks compute in bfloat16 where that is safe; losses and weights stay in float32."""
    compile: bool = False
    """Compile the student with torch.compile: a minute at the start, pays on GPUs (on two CPU cores it did not)."""
    guard: bool = True
    """Stop when the student's depth collapses to one value or drifts from the teacher's scale (distill/guards.py)."""
    checkpoint_every: int = 500
    """Steps between checkpoints; what a kill can cost at most."""
    num_threads: int = 2
    """Threads that read, decode and mix images ahead; on a GPU about one for 200 images per second (make bench)."""

    def __post_init__(self) -> None:
        for name in ("num_steps", "batch_size", "checkpoint_every", "num_threads"):
            if getattr(self, name) < 1:
                raise InputError(f"--train.{name.replace('_', '-')} {getattr(self, name)} must be at least 1")
        if not 0.0 < self.learning_rate < math.inf or not 0.0 < self.clip_norm or self.weight_decay < 0:
            raise InputError("learning rate and clip norm must be positive and the weight decay not negative")
        if not 0.0 <= self.ema_decay < 1.0:
            raise InputError(f"--train.ema-decay {self.ema_decay} must be at least 0 and below 1")
        if self.micro_batch < 0:
            raise InputError(f"--train.micro-batch {self.micro_batch} must not be negative; 0 is the whole batch")


@dataclass(frozen=True, kw_only=True)
class TrainSummary:
    """What a finished training did."""

    final: dict[str, float]
    """Mean of every logged quantity over the last tenth of the steps."""
    images_per_second: float
    """Of the steps of this process; not a number when a finished run was only read again."""
    seconds: float
    resumed_from: int
    num_processes: int = 1


def train(
    student: Student,
    lesson: Lesson,
    reader: ShardReader,
    config: TrainConfig,
    out: Path,
    *,
    seed: int,
    processes: Processes | None = None,
    progress: str = "distil",
    judge: Callable[[nn.Module, int], None] | None = None,
    until: int | None = None,
) -> TrainSummary:
    """Train `student` in place on the teacher's depth of `reader`'s images, from the last good checkpoint on.

    Student and teacher see the same pixels: mirrored at random, mixed, transformed, randomised. Everything random
    depends on (seed, step, place) alone, so a run that was killed ends with the same weights, bit for bit, on the same
    machine and versions. Of several processes each takes its places of every batch; gradients and BatchNorm are those
    of the whole batch, so the weights are those of one process but for rounding. Writes checkpoints, `metrics.jsonl`
    and TensorBoard events into `out`, and digests of the weights on the way (`distill.waymarks`); `judge` is shown the
    averaged student and the step at every checkpoint. With `until`, the first steps of the same training and no more.

    Raises InputError when the objective stops being finite (the batch is written into `out`), when a guard finds that
    the run has gone wrong (`distill.guards`), when no image of a step can be aligned, and when the teacher is no longer
    what it was, before a checkpoint holds what a changed one taught.
    """
    teacher, processes = lesson.teacher, processes or Processes()
    if processes.num > 1:
        across_processes(student, processes.device)
    optimizer = torch.optim.AdamW(
        student.parameters(),
        lr=config.learning_rate,
        betas=(0.9, 0.99),
        weight_decay=config.weight_decay,
        fused=True,  # one kernel for all tensors: 1 ms instead of 6 for a small student on a CPU
    )
    ema = Ema(student, config.ema_decay)
    start = _resume(student, optimizer, ema, out)
    before = state_of(teacher)
    forward = torch.compile(student, dynamic=False) if config.compile else student
    guards = Guards(config.num_steps)
    places = processes.places(config.batch_size)
    student.train()
    steps = range(start, min(config.num_steps, until or config.num_steps))
    begin = time.monotonic()
    with ExitStack() as stack:
        log = stack.enter_context(metrics_log(out, start)) if processes.is_first else None
        bar = stack.enter_context(
            tqdm(total=config.num_steps, initial=start, desc=progress, unit="step", disable=not processes.is_first)
        )
        pictures = drawn(
            reader,
            teacher.spec.framing,
            config.batch_size,
            lesson.augment,
            seed=seed,
            steps=steps,
            places=places,
            with_depth=lesson.align_teacher,
            num_threads=config.num_threads,
        )
        for step, drawn_now in pictures:
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * SCHEDULES[config.schedule](step, config.num_steps)
            optimizer.zero_grad(set_to_none=True)
            means = _backward(
                forward, student, lesson, drawn_now, config, out, seed=seed, step=step, first=places.start
            )
            processes.average([parameter.grad for parameter in student.parameters() if parameter.grad is not None])
            processes.average(list(means.values()))
            means["gradient_norm"] = nn.utils.clip_grad_norm_(student.parameters(), max_norm=config.clip_norm)
            optimizer.step()
            ema.update(student, step)

            row = {name: value.item() for name, value in means.items()}
            if log is not None:
                log.write({"step": step, **row})
            if config.guard:
                guards.watch(step, row)
            bar.set_postfix(loss=f"{row['loss']:.3f}", refresh=False)
            bar.update()
            if processes.is_first and is_waymark(step + 1, config.num_steps, config.checkpoint_every):
                set_waymark(out, step + 1, student, ema)
            if (step + 1) % config.checkpoint_every == 0 or step + 1 == config.num_steps:
                check_unchanged(teacher, before, name=teacher.spec.name)
                if processes.is_first:
                    if judge is not None:
                        judge(averaged(student, ema), step + 1)
                    save_step(out / CHECKPOINTS, step + 1, _checkpoint(student, optimizer, ema))
    seconds = time.monotonic() - begin
    student.load_state_dict(ema.state)
    student.eval()
    return TrainSummary(
        final=final_means(out / METRICS, config.num_steps) if processes.is_first else {},
        images_per_second=len(steps) * config.batch_size / seconds if len(steps) else math.nan,
        seconds=seconds,
        resumed_from=start,
        num_processes=processes.num,
    )


def _backward(
    forward: Callable[[Tensor], Output],
    student: Student,
    lesson: Lesson,
    pictures: Pictures,
    config: TrainConfig,
    out: Path,
    *,
    seed: int,
    step: int,
    first: int,
) -> dict[str, Tensor]:
    """Add the step's gradient to the student's, part by part; answers means over its pictures, by name."""
    device = next(student.parameters()).device
    num = len(pictures.image)
    sums: dict[str, Tensor] = {}
    num_taught = 0
    for start in range(0, num, config.micro_batch or num):
        shown = pictures.part(start, config.micro_batch or num)
        part = taught(
            lesson,
            shown,
            student.depth_range_m,
            device,
            seed=seed,
            step=step,
            first=first + start,
            precision=config.precision,
        )
        if len(part.images) == 0:
            continue
        with in_precision(config.precision, device):
            output = forward(part.images)
        losses, terms = lesson_loss(lesson, part, output, student.bins)
        if not bool(torch.isfinite(losses).all()):
            picture = write_failed_batch(
                out, part.images, part.depth_m, output.depth_m, terms, step=step, numbers=shown.numbers
            )
            raise InputError(
                f"the objective became {losses.mean().item()} at step {step}; look at {picture}, lower "
                "--train.learning-rate and begin in a new --out"
            )
        (losses.sum() / num).backward()
        num_taught += len(part.images)
        for name, value in {"loss": losses, **terms, **_comparisons(output.depth_m, part.depth_m)}.items():
            sums[name] = sums.get(name, 0.0) + value.detach().sum()
    check_some_aligned(num_taught, step)
    means = {name: total / num_taught for name, total in sums.items()}
    return {**means, "share_aligned": means["loss"].new_tensor(num_taught / num)} if lesson.align_teacher else means


@torch.no_grad()
def _comparisons(student_m: Tensor, teacher_m: Tensor) -> dict[str, Tensor]:
    """Per sample, (B,): relative error to the teacher, and what the guards watch."""
    ln_y, ln_d = student_m.log().flatten(1), teacher_m.log().flatten(1)
    return {
        "abs_rel_to_teacher": ((student_m - teacher_m).abs() / teacher_m).flatten(1).mean(1),
        "log_bias": (ln_y - ln_d).mean(1),
        "spread": ln_y.std(1),
        "teacher_spread": ln_d.std(1),
    }


def averaged(student: nn.Module, ema: Ema) -> nn.Module:
    """A copy of the student with the averaged weights, in eval mode."""
    copied = copy.deepcopy(student)
    copied.load_state_dict(ema.state)
    return copied.eval()


def _checkpoint(student: nn.Module, optimizer: torch.optim.Optimizer, ema: Ema) -> Checkpoint:
    parts = {"student": student.state_dict(), "optimizer": flatten_optimizer(optimizer), "ema": ema.state}
    tensors = {f"{part}.{name}": tensor for part, named in parts.items() for name, tensor in named.items()}
    return Checkpoint(tensors=tensors, sidecar={"kind": "training", "version": VERSION})


def _resume(student: nn.Module, optimizer: torch.optim.Optimizer, ema: Ema, out: Path) -> int:
    """Load the newest good checkpoint and answer the number of steps it has seen."""
    found = latest_step(out / CHECKPOINTS)
    if found is None:
        return 0
    step, checkpoint = found
    if checkpoint.sidecar.get("version") != VERSION:
        raise InputError(f"{out / CHECKPOINTS} was written by another version of this program; choose another --out")
    student.load_state_dict(_below("student.", checkpoint))
    restore_optimizer(optimizer, _below("optimizer.", checkpoint))
    ema.load(_below("ema.", checkpoint))
    return step


def _below(prefix: str, checkpoint: Checkpoint) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in checkpoint.tensors.items() if name.startswith(prefix)}
