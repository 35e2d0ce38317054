"""Datasets: the names under which frames can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eval.frame import FrameFiles
from eval.kitti import kitti_frames
from eval.nyu import nyu_frames
from eval.pairs import pairs_frames
from mde.domain import DOMAINS, DRIVING, INDOOR, DomainName
from mde.errors import InputError

DatasetName = Literal["pairs", "kitti", "nyu"]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Frames, the domain they belong to and the protocol under which they are scored unless told otherwise."""

    frames: FrameFiles
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
    if name == "kitti":
        return Dataset(frames=kitti_frames(root, split), domain=fixed, protocol="kitti_eigen_garg_kbcrop")
    return Dataset(frames=nyu_frames(root, split), domain=fixed, protocol="nyu_eigen")


def _pairs(root: Path, split: Path | None, depth_scale: float | None, domain: DomainName | None) -> Dataset:
    if split is not None:
        raise InputError(f"--split {split} is for --dataset kitti and nyu; pairs are all pairs of the folder")
    if depth_scale is None:
        raise InputError("--dataset pairs needs --depth-scale: units of the depth files per metre, such as 256 or 1000")
    by_scale = {float(domain.depth_units_per_metre): domain.name for domain in (INDOOR, DRIVING)}
    chosen = domain or by_scale.get(float(depth_scale))
    frames = pairs_frames(root, depth_scale)
    if chosen is None:
        known = ", ".join(DOMAINS)
        raise InputError(f"--depth-scale {depth_scale:g} does not tell the domain; add --domain, one of {known}")
    return Dataset(frames=frames, domain=chosen, protocol=f"pairs_{chosen}")
