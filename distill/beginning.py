"""Beginning: a student before its first step, drawn from the run's seed or begun from published weights."""

from __future__ import annotations

from pathlib import Path

import torch

from mde.domain import Domain
from mde.nets.backbone_weights import load_backbone
from mde.nets.student import StudentCard, build_student, new_student
from mde.nets.student_net import Student


def check_beginning(name: str, backbone: Path | None, domain: Domain) -> Student:
    """The student; InputError now where it cannot be built, or cannot begin from its backbone's weights."""
    student = new_student(name, domain.bins, domain.depth_range_m)
    if backbone is not None:
        load_backbone(student, backbone)
    return student


def first_student(card: StudentCard, *, own: tuple[str, ...], backbone: Path | None, seed: int) -> Student:
    """The student that `card` describes, with the weights of its first step; `own` as in `build_student`."""
    torch.manual_seed(seed)  # the one generator that torch's initialisers know
    student = build_student(card, own=own)
    if backbone is not None:
        load_backbone(student, backbone)
    return student
