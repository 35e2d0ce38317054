"""Fitting an acclimation: the translation of a teacher's features learns from the frozen decoder of a first student."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from distill.acclimation import Acclimation, Level, Translated, imitation_loss, openness, paired_levels
from distill.draw import Pictures, drawn
from distill.feature_config import FeatureConfig
from distill.lesson import Lesson, Taught, check_some_aligned, in_precision, taught
from distill.losses import gradient_loss, log_l1_loss
from distill.objective import objective_loss
from distill.training import TrainConfig
from mde.checkpoint import TENSORS, Checkpoint, load_directory, save_directory
from mde.errors import InputError
from mde.nets.output import Output
from mde.nets.student_net import PyramidStudent
from mde.nets.weights import load_strictly
from mde.shards import ShardReader

ACCLIMATION = "acclimation"
"""Folder of the translation in a run."""
VERSION = 1
"""Of the files of a translation."""
GRADIENT_WEIGHT = 0.5
"""Of the gradient loss beside mean |ln z - ln d|."""
MOST_OPEN = 0.5
"""Mean of the gates up to which opening them is free."""
NUM_MEASURED = 16
"""Batches, of those that come after the fitted ones, over which it is stated what a translation is worth."""


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a fitted translation gives, on pictures that it was not fitted to."""

    ghost_error: float
    """Mean |ln z - ln d| between the depth that the ghost makes of translated features and the teacher's."""
    student_error: float
    """The same of the first student itself."""
    openness: float
    """Mean of the gates."""
    objective: float
    """Objective of the first student, without features."""
    distance: float
    """`imitation_loss` between the first student's features and translated ones."""

    @property
    def gain(self) -> float:
        """How many times nearer to the teacher's depth translated features lead."""
        return self.student_error / max(self.ghost_error, 1e-9)

    def weight(self, share: float) -> float:
        """Of `imitation_loss` in the objective, so that it begins as that share of the whole."""
        return share / (1.0 - share) * self.objective / max(self.distance, 1e-9)


class Ghost:
    """A first student, frozen: its decoder makes depth of translated features, its own features stand beside them."""

    def __init__(
        self, student: PyramidStudent, lesson: Lesson, reader: ShardReader, config: TrainConfig, *, seed: int
    ) -> None:
        self.student = student.eval().requires_grad_(False)
        self.lesson, self.reader, self.config, self.seed = lesson, reader, config, seed
        self.device = next(student.parameters()).device

    def batches(self, steps: range) -> Iterator[tuple[int, Iterator[Taught]]]:
        """For each step the pictures that training draws for it, in parts of `--train.micro-batch`.

        Raises InputError, once its parts were asked for, where the teacher's depth can be aligned in none.
        """
        pictures = drawn(
            self.reader,
            self.lesson.teacher.spec.framing,
            self.config.batch_size,
            self.lesson.augment,
            seed=self.seed,
            steps=steps,
            places=range(self.config.batch_size),
            with_depth=self.lesson.align_teacher,
            num_threads=self.config.num_threads,
        )
        for step, batch in pictures:
            yield step, self._parts(step, batch)

    def _parts(self, step: int, batch: Pictures) -> Iterator[Taught]:
        size = self.config.micro_batch or self.config.batch_size
        num_taught = 0
        for start in range(0, self.config.batch_size, size):
            part = taught(
                self.lesson,
                batch.part(start, size),
                self.student.depth_range_m,
                self.device,
                seed=self.seed,
                step=step,
                first=start,
                precision=self.config.precision,
            )
            num_taught += len(part.images)
            if len(part.images):
                yield part
        check_some_aligned(num_taught, step)

    def answer(self, part: Taught) -> Output:
        """What the first student itself answers, its maps in float32."""
        with torch.no_grad(), in_precision(self.config.precision, self.device):
            output = self.student(part.images)
        return replace(output, features=tuple(one.float() for one in output.features))

    def depth_m(self, part: Taught, translated: Sequence[Translated | None], own: Sequence[Tensor]) -> Tensor:
        """Depth (B,1,H,W) that the decoder makes of translated features, and of `own` where there are none."""
        seen = [mine if other is None else other.beside(mine) for other, mine in zip(translated, own, strict=True)]
        with in_precision(self.config.precision, self.device):
            return self.student.decode(seen, part.images).depth_m.float()


def fit_acclimation(ghost: Ghost, config: FeatureConfig) -> Acclimation:
    """Fit a translation, and its gates, to the teacher's depth; both networks stay as they are.

    Minimises mean |ln z - ln d| + 0.5 gradient + max(0, mean A - 0.5)^2, z the ghost's depth and A the gates. Raises
    InputError where the loss is not finite, and where no map of the teacher has about the size of one of the student's.
    """
    acclimation = _fresh(ghost, config)
    optimizer = torch.optim.Adam(acclimation.parameters(), lr=config.learning_rate)
    for step, parts in tqdm(ghost.batches(range(config.num_steps)), total=config.num_steps, desc="acclimate"):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * 0.5 * (1.0 + math.cos(math.pi * step / config.num_steps))
        optimizer.zero_grad(set_to_none=True)
        for part in parts:
            loss = _fit_loss(ghost, part, acclimation)
            if not bool(torch.isfinite(loss)):
                raise InputError(
                    f"the loss of the translation became {loss.item()} at step {step}; lower --features.learning-rate"
                )
            (loss * len(part.images) / ghost.config.batch_size).backward()
        optimizer.step()
    return acclimation.eval().requires_grad_(False)


def _fresh(ghost: Ghost, config: FeatureConfig) -> Acclimation:
    """An untrained translation between the sizes of both networks' maps."""
    (_, parts), *_ = ghost.batches(range(1))
    part, *_ = parts
    levels = paired_levels(part.maps, ghost.answer(part).features)
    if all(level.teacher is None for level in levels):
        raise InputError(
            f"no map of teacher {ghost.lesson.teacher.spec.name} has about the size of one of the student's: there is "
            "nothing to translate"
        )
    torch.manual_seed(ghost.seed)  # the one generator that torch's initialisers know
    return Acclimation(levels, is_attentive=config.kind == "attentive").to(ghost.device)


def _fit_loss(ghost: Ghost, part: Taught, acclimation: Acclimation) -> Tensor:
    own = ghost.answer(part).features
    translated = acclimation(part.maps, own)
    depth_m = ghost.depth_m(part, translated, own)
    loss = log_l1_loss(depth_m, part.depth_m) + GRADIENT_WEIGHT * gradient_loss(depth_m, part.depth_m)
    return loss.mean() + (openness(translated) - MOST_OPEN).clamp_min(0.0).square()


@torch.no_grad()
def worth_of(ghost: Ghost, acclimation: Acclimation, config: FeatureConfig) -> Worth:
    """What a translation gives, over the batches that come after those that it was fitted to."""
    rows = []
    for _, parts in ghost.batches(range(config.num_steps, config.num_steps + NUM_MEASURED)):
        for part in parts:
            output = ghost.answer(part)
            translated = acclimation(part.maps, output.features)
            losses, _ = objective_loss(output, part.depth_m, ghost.student.bins, ghost.lesson.objective)
            depth_m = ghost.depth_m(part, translated, output.features)
            figures = (
                log_l1_loss(depth_m, part.depth_m),
                log_l1_loss(output.depth_m.float(), part.depth_m),
                openness(translated).expand(len(losses)),
                losses,
                imitation_loss(translated, output.features),
            )
            rows.append(torch.stack(figures).double().cpu())
    ghost_error, student_error, open_share, objective, distance = torch.cat(rows, dim=1).mean(dim=1).tolist()
    return Worth(
        ghost_error=ghost_error,
        student_error=student_error,
        openness=open_share,
        objective=objective,
        distance=distance,
    )


def save_acclimation(directory: Path, acclimation: Acclimation, worth: Worth) -> None:
    """Write the translation as a checkpoint directory, atomically."""
    sidecar = {
        "version": VERSION,
        "levels": [asdict(level) for level in acclimation.levels],
        "is_attentive": acclimation.is_attentive,
        "worth": asdict(worth),
    }
    save_directory(directory, Checkpoint(tensors=acclimation.state_dict(), sidecar=sidecar))


def load_acclimation(directory: Path) -> tuple[Acclimation, Worth]:
    """The translation in `directory`, frozen. Raises InputError when files are damaged or of another version."""
    checkpoint = load_directory(directory)
    sidecar = checkpoint.sidecar
    if sidecar.get("version") != VERSION:
        raise InputError(f"{directory} was written by another version of this program; choose another --out")
    levels = [Level(**level) for level in sidecar["levels"]]
    acclimation = Acclimation(levels, is_attentive=sidecar["is_attentive"])
    load_strictly(acclimation, dict(checkpoint.tensors), path=directory / TENSORS)
    return acclimation.eval().requires_grad_(False), Worth(**sidecar["worth"])
