"""NYU Depth v2 as the official test split is laid out by the published conversion scripts."""

from __future__ import annotations

from pathlib import Path

from eval.frame import FrameEntry, FrameFiles
from eval.layout import wrong_layout
from eval.split_list import SplitRow, find_split, first_file, read_split, require_images, require_most_depth
from mde.domain import INDOOR

FOLDERS = ("official_splits/test", ".")
PLACES = ("official_splits/test/*/rgb_*.jpg", "official_splits/test/*/sync_depth_*.png")


def nyu_frames(root: Path, split: Path | None = None) -> FrameFiles:
    """Frames `SCENE/rgb_NNNNN.jpg` with `SCENE/sync_depth_NNNNN.png` (uint16 millimetres).

    Without a list in `root` (and none named), every such pair of the folder is taken, sorted.
    Raises InputError, with the folders that were expected, for missing images and where more than a few
    depth files are missing.
    """
    if not root.is_dir():
        raise wrong_layout(f"--root {root} is no folder", root, PLACES)
    rows = read_split(split or find_split(root, PLACES)) if split or any(root.glob("*.txt")) else _scan(root)
    if not rows:
        raise wrong_layout(f"--root {root} holds no image of NYU", root, PLACES)
    folders = tuple(root / folder for folder in FOLDERS)
    images = require_images(rows, folders, PLACES)
    entries = tuple(_entry(folders, row, image) for row, image in zip(rows, images, strict=True))
    require_most_depth(rows, entries, root, PLACES)
    return FrameFiles(entries=entries, depth_units_per_metre=INDOOR.depth_units_per_metre)


def _scan(root: Path) -> tuple[SplitRow, ...]:
    folder = next((root / name for name in FOLDERS if (root / name).is_dir()), root)
    images = [path.relative_to(folder).as_posix() for path in sorted(folder.glob("*/rgb_*.jpg"))]
    return tuple(SplitRow(image=name, depth=_depth_name(name)) for name in images)


def _depth_name(image: str) -> str:
    path = Path(image)
    return (path.parent / path.name.replace("rgb_", "sync_depth_", 1)).with_suffix(".png").as_posix()


def _entry(folders: tuple[Path, ...], row: SplitRow, image: Path) -> FrameEntry:
    # An absent file stays in the entry, and is named when it is read.
    depth = None if row.depth is None else first_file(folders, row.depth) or folders[0] / row.depth
    return FrameEntry(name=f"{image.parent.name}/{image.stem}", scene=image.parent.name, image=image, depth=depth)
