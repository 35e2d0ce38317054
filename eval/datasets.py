"""Datasets: the names under which frames can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eval.frame import Frames
from eval.kitti import kitti_frames
from eval.nyu import nyu_frames
from eval.nyu_mat import find_mat, nyu_mat_frames
from eval.pairs import pairs_frames
from eval.scannet import scannet_frames
from eval.tum import tum_frames
from mde.domain import DOMAINS, DRIVING, INDOOR, DomainName
from mde.errors import InputError

DatasetName = Literal["pairs", "kitti", "nyu", "tum", "scannet"]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Frames, the domain they belong to and the protocol under which they are scored unless told otherwise."""

    frames: Frames
    domain: DomainName
    protocol: str


def open_dataset(
    name: DatasetName,
    root: Path,
    *,
    split: Path | None = None,
    depth_scale: float | None = None,
    domain: DomainName | None = None,
) -> Dataset:
    """List the frames of a dataset; nothing is decoded yet.

    `depth_scale` (units per metre) and `domain` are of the pairs alone: the published datasets fix both.
    Raises InputError for options that the dataset does not know and for files that are missing.
    """
    if name == "pairs":
        return _pairs(root, split, depth_scale, domain)
    if depth_scale is not None:
        raise InputError(f"--depth-scale {depth_scale:g} is for --dataset pairs; {name} has its own, leave it out")
    fixed: DomainName = "driving" if name == "kitti" else "indoor"
    if domain not in (None, fixed):
        raise InputError(f"--domain {domain} does not fit --dataset {name}, which is {fixed}; leave it out")
    if split is not None and name not in ("kitti", "nyu"):
        raise InputError(f"--split {split} is for --dataset kitti and nyu; of {name} all frames are taken")
    return Dataset(frames=_published(name, root, split), domain=fixed, protocol=PUBLISHED[name])


PUBLISHED = {
    "kitti": "kitti_eigen_garg_kbcrop",
    "nyu": "nyu_eigen",
    "tum": "pairs_indoor",
    "scannet": "pairs_indoor",
}
"""Protocol of each dataset that fixes its scale and domain."""


def _published(name: DatasetName, root: Path, split: Path | None) -> Frames:
    if name == "kitti":
        return kitti_frames(root, split)
    if name == "nyu":
        mat = find_mat(root)
        return nyu_frames(root, split) if mat is None else nyu_mat_frames(mat, split)
    return tum_frames(root) if name == "tum" else scannet_frames(root)


def _pairs(root: Path, split: Path | None, depth_scale: float | None, domain: DomainName | None) -> Dataset:
    if split is not None:
        raise InputError(f"--split {split} is for --dataset kitti and nyu; pairs are all pairs of the folder")
    frames = pairs_frames(root, depth_scale)
    by_scale = {float(known.depth_units_per_metre): known.name for known in (INDOOR, DRIVING)}
    chosen = domain or by_scale.get(frames.depth_units_per_metre)
    if chosen is None:
        scale = "depth in metres" if depth_scale is None else f"--depth-scale {depth_scale:g}"
        raise InputError(f"{scale} does not tell the domain; add --domain, one of {', '.join(DOMAINS)}")
    return Dataset(frames=frames, domain=chosen, protocol=f"pairs_{chosen}")
