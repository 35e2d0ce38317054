"""Student on disk: weights, and the card that says what they are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from mde.bins import Bins
from mde.checkpoint import MANIFEST, TENSORS, Checkpoint, load_directory, save_directory
from mde.domain import DOMAINS, DomainName
from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.edge import BACKBONES, EdgeStudent
from mde.nets.net import DepthNet, NetSpec
from mde.nets.weights import load_strictly

STUDENT = "student"
"""Name of the student's directory inside a run."""


@dataclass(frozen=True, kw_only=True)
class StudentCard:
    """Everything that is needed to build a student, and where it comes from."""

    name: str
    domain: DomainName
    native_size: tuple[int, int]
    """(height, width) of training."""
    frame_size: tuple[int, int] | None = None
    """(height, width) of the whole image, where `native_size` was cut from it (see `Framing`)."""
    depth_range_m: tuple[float, float]
    bins: Bins
    teacher: str
    teacher_sha256: str
    teacher_licence: str
    step: int
    """Optimiser steps taken."""
    images_painted_by: str | None = None
    """The diffusion model that painted the training images, itself trained on real ones; None for plain renders."""
    version: int = 1


def build_student(card: StudentCard) -> EdgeStudent:
    """A student with fresh weights, as its card describes it. Raises InputError for an unknown name."""
    if card.name not in BACKBONES:
        raise InputError(f"student {card.name!r} is unknown; expected one of {', '.join(BACKBONES)}")
    return EdgeStudent(card.name, card.bins, card.depth_range_m)


def save_student(directory: Path, student: nn.Module, card: StudentCard) -> None:
    """Write the student as a checkpoint directory, atomically."""
    save_directory(directory, Checkpoint(tensors=student.state_dict(), sidecar=asdict(card)))


def load_student(path: Path | str) -> DepthNet:
    """Load a finished student from a run directory or from its own; the twin of `load_teacher`.

    Answers an eval-mode network that takes any image size. Raises InputError when the path holds no
    student, an unfinished run, damaged files or a card of another version.
    """
    path = Path(path)
    directory = path / STUDENT if (path / STUDENT).is_dir() else path
    if not (directory / MANIFEST).is_file():
        raise InputError(f"{path} holds no finished student; give a folder written by: python -m distill.run")
    checkpoint = load_directory(directory)
    card = read_card(checkpoint.sidecar, where=directory)
    core = build_student(card)
    load_strictly(core, dict(checkpoint.tensors), path=directory / TENSORS)
    spec = NetSpec(
        name=card.name,
        role="student",
        domain=card.domain,
        native_size=card.native_size,
        frame_size=card.frame_size,
        depth_range_m=card.depth_range_m,
        licence=f"teacher: {card.teacher_licence}",
        weights_sha256=sha256_file(directory / TENSORS),
    )
    return DepthNet(core, spec).eval().requires_grad_(False)


def read_card(sidecar: Any, *, where: Path) -> StudentCard:
    """A card from its JSON form. Raises InputError when it is not one."""
    try:
        card = StudentCard(
            **{
                **sidecar,
                "native_size": tuple(sidecar["native_size"]),
                "frame_size": None if sidecar.get("frame_size") is None else tuple(sidecar["frame_size"]),
                "depth_range_m": tuple(sidecar["depth_range_m"]),
                "bins": Bins(**sidecar["bins"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{where} is not a student of this program ({error!r})") from error
    if card.version != 1 or card.domain not in DOMAINS:
        raise InputError(
            f"{where} has version {card.version} and domain {card.domain!r}; expected 1 and {list(DOMAINS)}"
        )
    return card
