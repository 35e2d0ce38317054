"""Pairs: a plain folder of images, each beside its own depth file."""

from __future__ import annotations

import re
from pathlib import Path

from eval.frame import FrameEntry, FrameFiles, require_folder
from mde.errors import InputError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
DEPTH_ENDING = "_depth.png"


def pairs_frames(root: Path, depth_units_per_metre: float) -> FrameFiles:
    """Frames of a folder with `NAME.jpg` or `NAME.png` and `NAME_depth.png` (16 bit, 0 = none), sorted by name.

    An image without depth is a frame without ground truth. Frames whose names differ only in a last
    number belong to one scene. Raises InputError for a folder without a single pair, and for two
    images of one name.
    """
    require_folder(root, "--root")
    images: dict[str, Path] = {}
    for path in sorted(root.iterdir()):
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.endswith(DEPTH_ENDING):
            continue
        if path.stem in images:
            raise InputError(f"{path} and {images[path.stem].name} would share one depth file; remove one of them")
        images[path.stem] = path
    entries = tuple(_entry(name, path) for name, path in images.items())
    if not any(entry.depth for entry in entries):
        raise InputError(
            f"--root {root} holds {len(entries)} images but no pair; expected NAME.jpg or NAME.png with NAME_depth.png"
        )
    return FrameFiles(entries=entries, depth_units_per_metre=depth_units_per_metre)


def _entry(name: str, image: Path) -> FrameEntry:
    depth = image.with_name(name + DEPTH_ENDING)
    return FrameEntry(name=name, scene=scene_of(name), image=image, depth=depth if depth.is_file() else None)


def scene_of(name: str) -> str:
    """The name without its last number.

    >>> scene_of("odo04_017"), scene_of("kitchen")
    ('odo04', 'kitchen')
    """
    return re.sub(r"[_-]?\d+$", "", name) or name
