"""ScanNet: scenes as its own reader exports them, a folder of colour pictures and one of depth."""

from __future__ import annotations

from pathlib import Path

from eval.frame import FrameEntry, FrameFiles
from eval.layout import wrong_layout

UNITS_PER_METRE = 1000.0
PLACES = ("color/*.jpg", "depth/*.png")


def scannet_frames(root: Path) -> FrameFiles:
    """Frames `color/N.jpg` with `depth/N.png` (uint16 millimetres) of one scene, or of a folder of scenes.

    Colour has 1296x968 pixels, depth 640x480: images are brought to the size of their depth, as is usual. A colour
    picture without depth is a frame without ground truth. Raises InputError, with the folders that were expected, for
    a folder without such pictures and for a scene without any depth.

    Reference: A. Dai et al., "ScanNet: Richly-annotated 3D Reconstructions of Indoor Scenes", 2017.
    """
    scenes = [root] if (root / "color").is_dir() else sorted(path.parent for path in root.glob("*/color"))
    if not scenes:
        raise wrong_layout(f"--root {root} holds no scene of ScanNet", root, (*PLACES, *(f"*/{p}" for p in PLACES)))
    entries = tuple(entry for scene in scenes for entry in _scene(scene))
    return FrameFiles(entries=entries, depth_units_per_metre=UNITS_PER_METRE, has_own_depth_size=True)


def _scene(folder: Path) -> list[FrameEntry]:
    images = sorted((folder / "color").glob("*.jpg"), key=_number)
    depths = {path.stem: path for path in (folder / "depth").glob("*.png")}
    entries = [
        FrameEntry(
            name=f"{folder.resolve().name}/{image.stem}",
            scene=folder.resolve().name,
            image=image,
            depth=depths.get(image.stem),
        )
        for image in images
    ]
    if not any(entry.depth for entry in entries):
        raise wrong_layout(f"{folder} has {len(images)} colour pictures and no depth for any of them", folder, PLACES)
    return entries


def _number(path: Path) -> tuple[int, str]:
    """Pictures are numbered without leading zeros."""
    return (int(path.stem) if path.stem.isdecimal() else -1), path.stem
