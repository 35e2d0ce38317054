"""Networks that a command was asked for, by the names under which its figures and files stand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from eval.memory import NetOpener
from mde.domain import DomainName
from mde.errors import InputError
from mde.nets import load_student, load_teacher
from mde.nets.exported import SUFFIX, load_exported
from mde.nets.net import DepthNet


def openers_of(
    models: Mapping[str, Path],
    *,
    own: tuple[str, ...],
    teacher: str | None,
    weights: Path | None,
    domain: DomainName | None,
) -> dict[str, NetOpener]:
    """What loads each network, by name, also in another process: the teacher, if any, then the students.

    `domain` is what the teacher was trained on; students say so themselves. Raises InputError for a teacher without.
    """
    openers: dict[str, NetOpener] = {}
    if teacher is not None:
        if domain is None:
            raise InputError(f"--teacher {teacher} needs --domain: what its weights were trained on")
        openers["teacher"] = partial(load_teacher, teacher, weights, domain=domain)
    for name, path in models.items():
        openers[name] = partial(load_model, path, own=own)
    return openers


def load_model(path: Path, *, own: tuple[str, ...]) -> DepthNet:
    """A student from its folder or its ONNX file."""
    return load_exported(path) if path.suffix == SUFFIX else load_student(path, own=own)


def model_names(paths: tuple[Path, ...]) -> tuple[str, ...]:
    """Short names for folders and files: the last part that is not `student`, with parents where two would agree.

    Raises InputError where one is named twice.
    """
    resolved = [path.resolve() for path in paths]
    if len(set(resolved)) != len(resolved):
        raise InputError(f"one network is named twice: {', '.join(map(str, paths))}")
    parts = [[part for part in path.parts if part != "student"] for path in resolved]
    for depth in range(1, 1 + max(map(len, parts), default=0)):
        names = tuple("/".join(part[-depth:]) for part in parts)
        if len(set(names)) == len(names) and "teacher" not in names:
            return names
    return tuple(str(path) for path in paths)
