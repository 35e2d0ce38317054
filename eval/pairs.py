"""Pairs: a plain folder of images, each with its own depth file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from eval.frame import METRES, FrameEntry, FrameFiles
from eval.layout import wrong_layout
from mde.errors import InputError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
DEPTH_SUFFIXES = (".png", METRES)
DEPTH_MARK = "_depth"
IMAGE_FOLDER, DEPTH_FOLDER = "images", "depth"
BESIDE = ("NAME.jpg or .png", "NAME_depth.png or .npy")
APART = ("images/NAME.jpg or .png", "depth/NAME.png or .npy")
PLACES = ("*.jpg", "*.png", f"*{DEPTH_MARK}.png", f"*{DEPTH_MARK}.npy", f"{IMAGE_FOLDER}/*", f"{DEPTH_FOLDER}/*")


def pairs_frames(root: Path, depth_units_per_metre: float | None) -> FrameFiles:
    """Frames of a folder with `NAME.jpg` or `.png` and `NAME_depth.png` (16 bit, 0 = none) or `NAME_depth.npy`
    (metres), or with `images/NAME.jpg` and `depth/NAME.png` or `.npy`; sorted by name.

    An image without depth is a frame without ground truth. Frames whose names differ only in a last
    number belong to one scene, as do those of one subfolder of `images`. Raises InputError for a folder without
    a single pair, for two images or depths of one name, for pictures of depth without a scale and for a scale
    without such pictures.
    """
    if not root.is_dir():
        raise wrong_layout(f"--root {root} is no folder", root, PLACES)
    is_apart = (root / IMAGE_FOLDER).is_dir() and (root / DEPTH_FOLDER).is_dir()
    images = _by_name(_apart_images(root) if is_apart else _beside_images(root), IMAGE_SUFFIXES)
    depths = _by_name(_apart_depths(root) if is_apart else _beside_depths(root), DEPTH_SUFFIXES)
    entries = tuple(_entry(name, image, depths.get(name)) for name, image in images.items())
    if not any(entry.depth for entry in entries):
        expected = f"{' with '.join(BESIDE)}, or {' with '.join(APART)}"
        raise wrong_layout(f"--root {root} holds {len(images)} images but no pair; expected {expected}", root, PLACES)
    is_metres = all(entry.depth is None or entry.depth.suffix == METRES for entry in entries)
    if is_metres and depth_units_per_metre not in (None, 1.0):
        raise InputError(f"--depth-scale {depth_units_per_metre:g} has nothing to divide: .npy depth is metres")
    if not is_metres and depth_units_per_metre is None:
        raise InputError("--dataset pairs needs --depth-scale: units of the depth files per metre, such as 256 or 1000")
    units = 1.0 if depth_units_per_metre is None else depth_units_per_metre
    return FrameFiles(entries=entries, depth_units_per_metre=units)


Named = Iterator[tuple[str, Path]]


def _beside_images(root: Path) -> Named:
    return ((path.stem, path) for path in sorted(root.iterdir()) if not path.stem.endswith(DEPTH_MARK))


def _beside_depths(root: Path) -> Named:
    paths = sorted(root.glob(f"*{DEPTH_MARK}.*"))
    return ((path.stem.removesuffix(DEPTH_MARK), path) for path in paths)


def _apart_images(root: Path) -> Named:
    return _stems(root / IMAGE_FOLDER)


def _apart_depths(root: Path) -> Named:
    return ((name.removesuffix(DEPTH_MARK), path) for name, path in _stems(root / DEPTH_FOLDER))


def _stems(folder: Path) -> Named:
    return ((path.relative_to(folder).with_suffix("").as_posix(), path) for path in sorted(folder.rglob("*.*")))


def _by_name(named: Named, suffixes: tuple[str, ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for name, path in named:
        if path.suffix.lower() not in suffixes:
            continue
        if name in found:
            raise InputError(f"{path} and {found[name].name} have one name; remove one of them")
        found[name] = path
    return found


def _entry(name: str, image: Path, depth: Path | None) -> FrameEntry:
    scene = name.rsplit("/", 1)[0] if "/" in name else scene_of(name)
    return FrameEntry(name=name, scene=scene, image=image, depth=depth)


def scene_of(name: str) -> str:
    """The name without its last number.

    >>> scene_of("odo04_017"), scene_of("kitchen")
    ('odo04', 'kitchen')
    """
    return re.sub(r"[_-]?\d+$", "", name) or name
