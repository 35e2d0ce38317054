"""Student on disk: weights, and the card that says what they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from mde.bins import Bins
from mde.checkpoint import MANIFEST, TENSORS, Checkpoint, load_directory, save_directory
from mde.domain import DOMAINS, DomainName
from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.edge import BACKBONES, EdgeStudent
from mde.nets.local_global import add_branches
from mde.nets.net import DepthNet, NetSpec
from mde.nets.own_file import own_file
from mde.nets.own_student import build_own, code_sha256, own_name, trusted_file
from mde.nets.student_net import Student
from mde.nets.tiekd import LAYOUTS, TiekdStudent
from mde.nets.weights import load_strictly

STUDENT = "student"
"""Name of the student's directory inside a run."""
LOCAL_GLOBAL = "+lg"
"""Behind a student's name: with local-global convolutions in its backbone (`mde.nets.local_global`)."""


def _with_branches(name: str, bins: Bins, depth_range_m: tuple[float, float]) -> EdgeStudent | TiekdStudent:
    """A student with branches; drawn from the same seed, all else is that of the student without."""
    student = _PLAIN[name](bins, depth_range_m)
    add_branches(student.backbone)
    return student


_PLAIN: dict[str, Callable[[Bins, tuple[float, float]], EdgeStudent | TiekdStudent]] = {
    **{name: partial(EdgeStudent, name) for name in BACKBONES},
    **{name: partial(TiekdStudent, name) for name in LAYOUTS},
}
STUDENTS: dict[str, Callable[[Bins, tuple[float, float]], Student]] = {
    **_PLAIN,
    **{name + LOCAL_GLOBAL: partial(_with_branches, name) for name in _PLAIN},
}
"""Students by name: the edge track, then TIE-KD's own for comparison; then all of these with branches."""
KNOWN = f"one of {', '.join(_PLAIN)}, each also with {LOCAL_GLOBAL} behind its name (local-global convolutions)"
"""The names of STUDENTS in words."""


@dataclass(frozen=True, kw_only=True)
class StudentCard:
    """Everything that is needed to build a student, and where it comes from."""

    name: str
    """One of STUDENTS; with `code_sha256`, FILE.py:FUNCTION of the user's own."""
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
    backbone_sha256: str | None = None
    """File of weights, learned from real images, that the backbone began from; None for a student from scratch."""
    code_sha256: str | None = None
    """File that builds a student of the user's own; None for those of this program."""
    version: int = 1


def check_student(name: str) -> None:
    """Raise InputError for a name that is neither in STUDENTS nor a FILE.py:FUNCTION. Nothing is read or run."""
    if name not in STUDENTS and own_file(name) is None:
        raise InputError(f"student {name!r} is unknown; expected {KNOWN}, or your own FILE.py:FUNCTION")


def new_student(name: str, bins: Bins, depth_range_m: tuple[float, float]) -> Student:
    """A student with fresh weights; the file of a FILE.py:FUNCTION is run. Raises InputError where it cannot be."""
    check_student(name)
    own = own_file(name)
    return STUDENTS[name](bins, depth_range_m) if own is None else build_own(*own, bins, depth_range_m)


def identity_of(name: str) -> tuple[str, str | None]:
    """`name` and `code_sha256` in the card of what `new_student` builds from `name`."""
    own = own_file(name)
    return (name, None) if own is None else (own_name(*own), code_sha256(*own))


def build_student(card: StudentCard, *, own: Sequence[str] = ()) -> Student:
    """A student with fresh weights, as its card describes it.

    A student of the user's own is built by the file among `own`, each FILE.py:FUNCTION, that its card names by digest,
    and by no other: a card makes no code run. Raises InputError for an unknown name and where no such file is given.
    """
    if card.code_sha256 is None:
        if card.name not in STUDENTS:
            raise InputError(f"student {card.name!r} is unknown; expected {KNOWN}")
        return STUDENTS[card.name](card.bins, card.depth_range_m)
    return build_own(*trusted_file(card.name, card.code_sha256, own), card.bins, card.depth_range_m)


def save_student(directory: Path, student: nn.Module, card: StudentCard) -> None:
    """Write the student as a checkpoint directory, atomically."""
    save_directory(directory, Checkpoint(tensors=student.state_dict(), sidecar=asdict(card)))


def load_student(path: Path | str, *, own: Sequence[str] = ()) -> DepthNet:
    """Load a finished student from a run directory or from its own; the twin of `load_teacher`.

    `own` are the files, each FILE.py:FUNCTION, that may be run where the student was built by one of them; without
    them no code is run. Answers an eval-mode network that takes any image size. Raises InputError when the path holds
    no student, an unfinished run, damaged files, a card of another version, or a student whose file is not in `own`.
    """
    path = Path(path)
    directory = path / STUDENT if (path / STUDENT).is_dir() else path
    if not (directory / MANIFEST).is_file():
        raise InputError(f"{path} holds no finished student; give a folder written by: python -m distill.run")
    checkpoint = load_directory(directory)
    card = read_card(checkpoint.sidecar, where=directory)
    core = build_student(card, own=own)
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
