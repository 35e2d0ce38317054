"""Split list: the text file that says which images a published benchmark is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.frame import FrameEntry
from eval.layout import wrong_layout
from mde.errors import InputError

MAX_MISSING_SHARE = 0.1


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


def find_split(root: Path, places: Sequence[str]) -> Path:
    """The one text file in `root`. Raises InputError, with the layout `places`, for none and for more than one."""
    found = sorted(root.glob("*.txt"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        message = f"--root {root} must hold one split list (*.txt), found {names}; name it with --split"
        raise wrong_layout(message, root, places)
    return found[0]


def first_file(folders: tuple[Path, ...], name: str) -> Path | None:
    """The file of that name in the first of the folders that has it."""
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def require_images(rows: Sequence[SplitRow], folders: tuple[Path, ...], places: Sequence[str]) -> tuple[Path, ...]:
    """The image of every row. Raises InputError, with their number and the layout, where some are missing."""
    images = [first_file(folders, row.image) for row in rows]
    missing = [row.image for row, image in zip(rows, images, strict=True) if image is None]
    if missing:
        what = f"{folders[0] / missing[0]} does not exist, one of {len(missing)} missing among {len(rows)} images"
        message = f"{what}; unpack them, or name a list of those that you have with --split"
        raise wrong_layout(
            message, folders[-1], (*places, (folders[0] / missing[0]).relative_to(folders[-1]).as_posix())
        )
    return tuple(image for image in images if image is not None)


def require_most_depth(
    rows: Sequence[SplitRow], entries: Sequence[FrameEntry], root: Path, places: Sequence[str]
) -> None:
    """Raise InputError where more than a tenth of the depth files that the list names are missing.

    A mean over half a benchmark looks like one over the whole. A few missing files are named frame by frame.
    """
    named = [entry.depth for row, entry in zip(rows, entries, strict=True) if row.depth is not None and entry.depth]
    missing = [depth for depth in named if not depth.is_file()]
    if not named:
        raise InputError(f"the split list names no depth file for its {len(rows)} images; nothing could be scored")
    if len(missing) > MAX_MISSING_SHARE * len(named):
        message = f"{len(missing)} of {len(named)} depth files are missing, such as {missing[0]}"
        raise wrong_layout(f"{message}; unpack them, or name a list of those that you have with --split", root, places)
