"""NYU Depth v2 as the official test split is laid out by the published conversion scripts."""

from __future__ import annotations

from pathlib import Path

from eval.frame import FrameEntry, FrameFiles, require_folder
from eval.split_list import SplitRow, find_split, first_file, read_split
from mde.domain import INDOOR
from mde.errors import InputError

FOLDERS = ("official_splits/test", ".")


def nyu_frames(root: Path, split: Path | None = None) -> FrameFiles:
    """Frames `SCENE/rgb_NNNNN.jpg` with `SCENE/sync_depth_NNNNN.png` (uint16 millimetres).

    Without a list in `root` (and none named), every such pair of the folder is taken, sorted.
    Raises InputError for a missing image and where not one depth file is found.
    """
    require_folder(root, "--root")
    rows = read_split(split or find_split(root)) if split or any(root.glob("*.txt")) else _scan(root)
    entries = tuple(_entry(root, row) for row in rows)
    if not any(entry.depth for entry in entries):
        raise InputError(f"--root {root} holds no {FOLDERS[0]}/SCENE/sync_depth_NNNNN.png for its {len(rows)} images")
    return FrameFiles(entries=entries, depth_units_per_metre=INDOOR.depth_units_per_metre)


def _scan(root: Path) -> tuple[SplitRow, ...]:
    folder = next((root / name for name in FOLDERS if (root / name).is_dir()), root)
    images = [path.relative_to(folder).as_posix() for path in sorted(folder.glob("*/rgb_*.jpg"))]
    return tuple(SplitRow(image=name, depth=_depth_name(name)) for name in images)


def _depth_name(image: str) -> str:
    path = Path(image)
    return (path.parent / path.name.replace("rgb_", "sync_depth_", 1)).with_suffix(".png").as_posix()


def _entry(root: Path, row: SplitRow) -> FrameEntry:
    folders = tuple(root / folder for folder in FOLDERS)
    image = first_file(folders, row.image)
    if image is None:
        raise InputError(f"{root / FOLDERS[0] / row.image} does not exist; check --root and the split list")
    depth = None if row.depth is None else first_file(folders, row.depth)
    return FrameEntry(name=f"{image.parent.name}/{image.stem}", scene=image.parent.name, image=image, depth=depth)
