"""Feature stages: what precedes a student that imitates features: a first student, then the translation for its ghost.

Both lie in the run's folder and are taken from there when it is started again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from distill.acclimation_fit import ACCLIMATION, Ghost, fit_acclimation, load_acclimation, save_acclimation, worth_of
from distill.feature_config import FeatureConfig
from distill.imitation import Imitation
from distill.lesson import Lesson
from distill.training import TrainConfig, train
from mde.checkpoint import MANIFEST, TENSORS, load_directory
from mde.errors import InputError
from mde.nets.net import DepthNet
from mde.nets.student import STUDENT, StudentCard, save_student
from mde.nets.student_net import PyramidStudent, Student
from mde.nets.taps import tapped
from mde.nets.weights import load_strictly
from mde.processes import Processes
from mde.shards import ShardReader

RESPONSE = "response"
"""Folder of the first student's training in a run."""


def check_features(config: FeatureConfig, teacher: DepthNet, student: Student, name: str) -> None:
    """Raise InputError where features are wanted and the teacher names none, or the student has no ghost."""
    if config.kind == "off":
        return
    if not isinstance(student, PyramidStudent):
        raise InputError(
            f"--features.kind {config.kind} needs a student whose decoder can be asked by itself, as those of this "
            f"program; {name} is taught by depth alone: leave the option out"
        )
    with tapped(teacher):
        pass


@contextmanager
def feature_stages(
    begin: Callable[[], Student],
    card: StudentCard,
    lesson: Lesson,
    reader: ShardReader,
    features: FeatureConfig,
    train_config: TrainConfig,
    out: Path,
    *,
    seed: int,
    processes: Processes,
) -> Iterator[tuple[Student, Lesson]]:
    """The student that training begins with, and its lesson: as they are where features are off, else both stages on.

    `begin` builds a student with the weights of its first step. Of several processes all train the first student, and
    the first one fits the translation.
    """
    if features.kind == "off":
        yield begin(), lesson
        return
    folder = out / RESPONSE / STUDENT
    if not (folder / MANIFEST).is_file():
        (out / RESPONSE).mkdir(parents=True, exist_ok=True)
        first = begin()
        length = replace(train_config, num_steps=features.response_steps or train_config.num_steps)
        train(first, lesson, reader, length, out / RESPONSE, seed=seed, processes=processes, progress="first student")
        with processes.first_ahead():
            if processes.is_first:
                save_student(folder, first, replace(card, step=length.num_steps))
    student, weights = begin(), load_directory(folder).tensors
    load_strictly(student, dict(weights), path=folder / TENSORS)
    with tapped(lesson.teacher) as taps:
        heard = replace(lesson, taps=taps)
        with processes.first_ahead():
            if not (out / ACCLIMATION / MANIFEST).is_file():
                frozen = begin()
                load_strictly(frozen, dict(weights), path=folder / TENSORS)
                assert isinstance(frozen, PyramidStudent)
                ghost = Ghost(frozen, heard, reader, train_config, seed=seed)
                acclimation = fit_acclimation(ghost, features)
                save_acclimation(out / ACCLIMATION, acclimation, worth_of(ghost, acclimation, features))
        acclimation, worth = load_acclimation(out / ACCLIMATION)
        if worth.gain < features.min_gain:
            if processes.is_first:
                print(
                    f"features are not imitated: depth from translated ones is {worth.gain:.1f} times as near to the "
                    f"teacher's as the first student's; --features.min-gain asks for {features.min_gain:g}"
                )
            yield student, lesson
            return
        imitation = Imitation(acclimation=acclimation.to(processes.device), weight=worth.weight(features.share))
        yield student, replace(heard, imitation=imitation)


def features_report(config: FeatureConfig, out: Path) -> dict[str, Any] | None:
    """What the report says of the features; None where they are off."""
    if config.kind == "off":
        return None
    acclimation, worth = load_acclimation(out / ACCLIMATION)
    return {
        "is_imitated": worth.gain >= config.min_gain,
        "gain": worth.gain,
        "weight": worth.weight(config.share),
        "levels": [asdict(level) for level in acclimation.levels],
        **asdict(worth),
    }
