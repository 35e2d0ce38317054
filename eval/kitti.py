"""KITTI in the layout in which it is published: raw drives, annotated depth, a split list."""

from __future__ import annotations

from pathlib import Path

from eval.frame import FrameEntry, FrameFiles, require_folder
from eval.split_list import SplitRow, find_split, first_file, read_split
from mde.domain import DRIVING
from mde.errors import InputError

RAW_FOLDERS = ("raw", ".")
DEPTH_FOLDERS = ("data_depth_annotated", "gts", ".")
DEPTH_PARTS = (".", "train", "val")
"""Annotated depth unzips into train and val, but the lists carry no such prefix."""


def kitti_frames(root: Path, split: Path | None = None) -> FrameFiles:
    """Frames of a split list, such as the 697 lines of the Eigen test list.

    Images lie in `root/raw/DATE/DRIVE/image_02/data`, depth in
    `root/data_depth_annotated/{train,val}/DRIVE/proj_depth/groundtruth/image_02` (uint16, metres x 256).
    The cameras of its drives differ, so the list states the focal length of each image.
    A line with depth `None` and one whose depth file is absent are frames without ground truth.
    Raises InputError for a missing image and where not one depth file is found.
    """
    require_folder(root, "--root")
    rows = read_split(split or find_split(root))
    entries = tuple(_entry(root, row) for row in rows)
    if not any(entry.depth for entry in entries):
        places = " or ".join(str(root / folder) for folder in DEPTH_FOLDERS[:2])
        raise InputError(f"none of the {len(rows)} depth files of the split list is in {places}")
    return FrameFiles(entries=entries, depth_units_per_metre=DRIVING.depth_units_per_metre)


def _entry(root: Path, row: SplitRow) -> FrameEntry:
    image = first_file(tuple(root / folder for folder in RAW_FOLDERS), row.image)
    if image is None:
        raise InputError(f"{root / RAW_FOLDERS[0] / row.image} does not exist; check --root and the split list")
    depth_folders = tuple(root / folder / part for folder in DEPTH_FOLDERS for part in DEPTH_PARTS)
    depth = None if row.depth is None else first_file(depth_folders, row.depth)
    drive = next((part for part in Path(row.image).parts if "_drive_" in part), Path(row.image).parent.name)
    name = f"{drive}/{image.stem}"
    return FrameEntry(name=name, scene=drive, image=image, depth=depth, focal_px=row.focal_px)
