"""What an evaluation may read and write, told from its options before anything is opened."""

from __future__ import annotations

from pathlib import Path

from eval.links import link_targets
from eval.nyu_mat import SPLIT_MAT
from mde.allowance import Allowance, absolute
from mde.domain import DOMAINS, DomainName
from mde.nets.own_file import own_file
from mde.nets.student import STUDENT
from mde.nets.teacher_files import own_code, teacher_allowance
from mde.run_directory import REPORT
from mde.seal import SEAL_FILE


def run_allowance(
    *,
    root: Path,
    split: Path | None,
    models: tuple[Path, ...],
    own: tuple[str, ...],
    predictions: tuple[Path, ...],
    teacher: str | None,
    weights: Path | None,
    domain: DomainName | None,
    out: Path,
) -> Allowance:
    """The benchmark and the maps of other programs, with what links below them lead to; the students with their seals;
    the teacher's files, of every domain where none is named; `out` to write, and nothing else.
    """
    folders = (root, *predictions, *models)
    linked = [target for folder in folders for target in link_targets(folder)]
    seals = [place for model in models for place in _seal(model)]
    lists = Allowance(
        reads=absolute([*folders, split, *seals, *_beside(root)]) + tuple(linked),
        writes=absolute([out]),
        lists=absolute([root.parent]) if root.is_file() else (),
    )
    for file in filter(None, map(own_file, own)):
        lists |= own_code(file[0])
    if teacher is not None:
        for known in DOMAINS.values() if domain is None else (DOMAINS[domain],):
            lists |= teacher_allowance(teacher, weights, known.name)
    return lists


def _beside(root: Path) -> list[Path]:
    """The split lists that lie beside a labelled file of NYU."""
    return [root.parent / SPLIT_MAT, *root.parent.glob("*.txt")] if root.is_file() else []


def _seal(model: Path) -> list[Path]:
    """Where the seal of a student lies that is given without its run: in the folder around it."""
    around = model.resolve().parent
    return [] if (model / STUDENT).is_dir() else [around / SEAL_FILE, around / REPORT]
