"""Split list: the text file that says which images a published benchmark is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from mde.errors import InputError


@dataclass(frozen=True, kw_only=True)
class SplitRow:
    """One line, `image depth focal`: paths as written, depth None where the list says so."""

    image: str
    depth: str | None
    focal_px: float | None = None
    """Focal length of the image's camera; None where the line has no third column."""


def read_split(path: Path) -> tuple[SplitRow, ...]:
    """Rows of a list of AdaBins, BTS or the Toolbox; a leading slash is not the root of the disk.

    Raises InputError for a missing file, a line without two columns, a focal length that is no positive number, and
    a path that leaves the root.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"split list {path} cannot be read ({error})") from error
    rows = [_row(path, number, line.split()) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise InputError(f"split list {path} has no lines; expected 'image depth focal' on each")
    return tuple(rows)


def _row(path: Path, number: int, columns: list[str]) -> SplitRow:
    if len(columns) not in (2, 3):
        raise InputError(f"{path} line {number} has {len(columns)} columns; expected 'image depth focal'")
    image, depth = (column.lstrip("/") for column in columns[:2])
    for name in (image, depth):
        if ".." in Path(name).parts:
            raise InputError(f"{path} line {number}: {name} leads out of the data folder")
    focal_px = _focal_px(path, number, columns[2]) if len(columns) == 3 else None
    return SplitRow(image=image, depth=None if depth == "None" else depth, focal_px=focal_px)


def _focal_px(path: Path, number: int, text: str) -> float:
    try:
        focal_px = float(text)
    except ValueError:
        focal_px = math.nan
    if not 0.0 < focal_px < math.inf:
        raise InputError(f"{path} line {number}: focal length {text!r} is no positive number of pixels")
    return focal_px


def find_split(root: Path) -> Path:
    """The one text file in `root`. Raises InputError where there is none or more than one."""
    found = sorted(root.glob("*.txt"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise InputError(f"--root {root} must hold one split list (*.txt), found {names}; name it with --split")
    return found[0]


def first_file(folders: tuple[Path, ...], name: str) -> Path | None:
    """The file of that name in the first of the folders that has it."""
    return next((folder / name for folder in folders if (folder / name).is_file()), None)
