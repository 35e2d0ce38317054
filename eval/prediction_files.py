"""Prediction files: what is written for one picture and one network, and a sidecar that says what it means."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from eval.depth_file import DepthFile, encode_depth_file
from eval.own_depth import INTERVAL_MASS, OwnDepth
from eval.own_image import OwnImage
from eval.plate import interval_scale, own_depth_scale, plate_png
from eval.point_cloud import AXES, GRAZING_RAD, Cloud, CloudName, cloud_of, encode_cloud
from mde.domain import DOMAINS
from mde.errors import InputError
from mde.files import read_json, write_bytes, write_json
from mde.nets.net import NetSpec

DEPTH, SIDECAR, COLOURS, INTERVAL = "_depth.png", "_depth.json", "_colours.png", "_interval.png"


def claim_name(path: Path, folders: list[Path]) -> str:
    """Name of a picture's files: its own without suffix, with names of its folders before it where another has that.

    Who has a name is told by the sidecars in `folders`, so pictures of one name never overwrite each other, in one
    call or in several.
    """
    return next(name for name in _names(path) if all(_is_free(folder / f"{name}{SIDECAR}", path) for folder in folders))


def _names(path: Path) -> Iterator[str]:
    parts = path.resolve().with_suffix("").parts[1:]
    yield from ("_".join(parts[-count:]) for count in range(1, len(parts) + 1))
    yield from (f"{path.stem}_{number}" for number in itertools.count(2))


def _is_free(sidecar: Path, path: Path) -> bool:
    return not sidecar.exists() or read_json(sidecar).get("image") == path.resolve().as_posix()


def is_done(folder: Path, name: str, own: OwnImage, spec: NetSpec) -> bool:
    """Whether the files of this picture, byte for byte, by this network are there; the sidecar is written last."""
    if not (folder / f"{name}{SIDECAR}").is_file():
        return False
    found = read_json(folder / f"{name}{SIDECAR}")
    is_same = found["image_sha256"] == own.sha256 and found["network"]["weights_sha256"] == spec.weights_sha256
    return is_same and all((folder / file).is_file() for file in found["files"].values())


def write_prediction(
    folder: Path, name: str, own: OwnImage, found: OwnDepth, spec: NetSpec, *, cloud: CloudName
) -> dict[str, Any]:
    """Write all files of one picture, the sidecar last; answers the sidecar. Raises InputError for no depth at all."""
    if not bool(found.depth_m.isfinite().any()):
        raise InputError(f"{own.path}: {spec.name} answers no depth at all, only NaN or numbers that are not positive")
    depth = encode_depth_file(
        found.depth_m,
        units_per_metre=DOMAINS[spec.domain].depth_units_per_metre,
        farthest_m=spec.depth_range_m[1] * found.focal_factor,
    )
    contents = {"depth": (DEPTH, depth.content), "colours": (COLOURS, _colours(own, found))}
    if found.interval_m is not None:
        contents["interval"] = (INTERVAL, _interval(own, found))
    points = None if cloud == "none" else cloud_of(found.sight)
    if cloud != "none" and points is not None:
        contents["cloud"] = (f"_cloud.{cloud}", encode_cloud(points, cloud))
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, content in contents.values():
        write_bytes(folder / f"{name}{suffix}", content)
    files = {kind: f"{name}{suffix}" for kind, (suffix, _) in contents.items()}
    sidecar = {**_facts(own, found, spec, depth), "files": files, "cloud": _cloud_facts(points, cloud)}
    write_json(folder / f"{name}{SIDECAR}", sidecar)
    return sidecar


def _colours(own: OwnImage, found: OwnDepth) -> bytes:
    return plate_png(own.image, found.depth_m, own_depth_scale(found.depth_m), title="depth z in metres")


def _interval(own: OwnImage, found: OwnDepth) -> bytes:
    assert found.interval_m is not None
    title = f"width in metres of the interval that holds {INTERVAL_MASS:.0%} of the probability"
    return plate_png(own.image, found.interval_m, interval_scale(found.interval_m), title=title)


def _facts(own: OwnImage, found: OwnDepth, spec: NetSpec, depth: DepthFile) -> dict[str, Any]:
    known = found.depth_m[found.depth_m.isfinite()].numpy()
    low, median, high = (float(f"{value:.6g}") for value in np.quantile(known, (0.0, 0.5, 1.0)))
    return {
        "image": own.path.resolve().as_posix(),
        "image_sha256": own.sha256,
        "depth": {
            "kind": "z",
            "unit": "metre",
            "units_per_metre": depth.units_per_metre,
            "invalid": 0,
            "rounding_m": depth.rounding_m,
            "num_none": depth.num_none,
            "num_capped": depth.num_capped,
        },
        "depth_m": {"nearest": low, "median": median, "farthest": high},
        "camera": asdict(found.camera),
        "focal_factor": found.focal_factor,
        "exif_focal_px": own.exif_focal_px,
        "remarks": list(found.remarks),
        "network": asdict(spec),
    }


def _cloud_facts(points: Cloud | None, cloud: CloudName) -> Mapping[str, Any] | None:
    if points is None:
        return None
    return {
        "axes": AXES[cloud],
        "unit": "metre",
        "num_points": len(points.points_m),
        "num_dropped": points.num_dropped,
        "dropped_below_rad": GRAZING_RAD,
    }
