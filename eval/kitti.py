"""KITTI in the layout in which it is published: raw drives, annotated depth, a split list."""

from __future__ import annotations

from pathlib import Path

from eval.frame import FrameEntry, FrameFiles
from eval.layout import wrong_layout
from eval.split_list import SplitRow, find_split, first_file, read_split, require_images, require_most_depth
from mde.domain import DRIVING

RAW_FOLDERS = ("raw", ".")
DEPTH_FOLDERS = ("data_depth_annotated", "gts", ".")
DEPTH_PARTS = (".", "train", "val")
"""Annotated depth unzips into train and val, but the lists carry no such prefix."""
PLACES = (
    "*.txt",
    "raw/20*/20*_drive_*_sync/image_02/data/*.png",
    "data_depth_annotated/train/20*_drive_*_sync/proj_depth/groundtruth/image_02/*.png",
    "data_depth_annotated/val/20*_drive_*_sync/proj_depth/groundtruth/image_02/*.png",
)


def kitti_frames(root: Path, split: Path | None = None) -> FrameFiles:
    """Frames of a split list, such as the 697 lines of the Eigen test list, of which 652 have ground truth.

    Images lie in `root/raw/DATE/DRIVE/image_02/data`, depth in
    `root/data_depth_annotated/{train,val}/DRIVE/proj_depth/groundtruth/image_02` (uint16, metres x 256).
    The cameras of its drives differ, so the list states the focal length of each image.
    A line with depth `None` is a frame without ground truth. Raises InputError, with the folders that were
    expected, for missing images and where more than a few depth files are missing.
    """
    if not root.is_dir():
        raise wrong_layout(f"--root {root} is no folder", root, PLACES)
    rows = read_split(split or find_split(root, PLACES))
    images = require_images(rows, tuple(root / folder for folder in RAW_FOLDERS), PLACES)
    entries = tuple(_entry(root, row, image) for row, image in zip(rows, images, strict=True))
    require_most_depth(rows, entries, root, PLACES)
    return FrameFiles(entries=entries, depth_units_per_metre=DRIVING.depth_units_per_metre)


def _entry(root: Path, row: SplitRow, image: Path) -> FrameEntry:
    folders = tuple(root / folder / part for folder in DEPTH_FOLDERS for part in DEPTH_PARTS)
    # An absent file stays in the entry, and is named when it is read: the list says that it exists.
    depth = None if row.depth is None else first_file(folders, row.depth) or root / DEPTH_FOLDERS[0] / row.depth
    drive = next((part for part in Path(row.image).parts if "_drive_" in part), Path(row.image).parent.name)
    return FrameEntry(name=f"{drive}/{image.stem}", scene=drive, image=image, depth=depth, focal_px=row.focal_px)
