"""Metadata: what an exported student says about itself, in every format the same words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from mde.calibration import Calibration
from mde.camera import Camera
from mde.domain import DOMAINS
from mde.errors import InputError
from mde.macs import count_macs
from mde.nets.net import DepthNet, NetSpec

PROGRAM = "depth-distillation"
VERSION = "1"


def metadata_of(net: DepthNet) -> dict[str, str]:
    """Unit, range, size, camera, digest and cost of a metric network, as text: what exported files carry.

    `f_px` and `c_px` are those of the domain's camera at native size. A metric network is right at that field of view
    alone: images of another lens are first to be brought to this one. Inverse: `spec_of`.
    """
    spec = net.spec
    assert spec.kind == "metric", "students answer metres"
    camera = camera_of(spec)
    macs = count_macs(net, torch.zeros(1, 3, *spec.native_size))
    return {
        "program": PROGRAM,
        "version": VERSION,
        "name": spec.name,
        "kind": "metric_depth",
        "unit": "metre",
        "input": "image (B,3,H,W), RGB in [0,1]",
        "output": "depth_m (B,1,H,W), distance along the optical axis",
        "domain": spec.domain,
        "depth_range_m": _words(spec.depth_range_m),
        "native_size": _words(spec.native_size),
        "frame_size": _words(spec.framing.frame_size),
        "f_px": _words(camera.f_px),
        "c_px": _words(camera.c_px),
        "weights_sha256": spec.weights_sha256,
        "licence": spec.licence,
        "num_parameters": str(sum(parameter.numel() for parameter in net.parameters())),
        "num_macs": str(macs),
        **({} if spec.calibration is None else _calibration_words(spec.calibration)),
    }


def calibrated_metadata(
    metadata: Mapping[str, str], calibration: Calibration, *, weights_sha256: str
) -> dict[str, str]:
    """The metadata of a student once its depth is calibrated: the range moves along, its digest is another."""
    depth_range_m = calibration.apply(np.array(metadata["depth_range_m"].split(), np.float64))
    return {
        **metadata,
        **_calibration_words(calibration),
        "depth_range_m": " ".join(map(str, depth_range_m.tolist())),
        "weights_sha256": weights_sha256,
    }


def camera_of(spec: NetSpec) -> Camera:
    """The camera of the images that the network was trained on, in pixels of its native size."""
    return spec.framing.camera(DOMAINS[spec.domain].camera)


def spec_of(metadata: Mapping[str, str], *, where: Path) -> NetSpec:
    """What `metadata_of` was told of the network. Raises InputError where the words are not ours."""
    if metadata.get("program") != PROGRAM or metadata.get("version") != VERSION:
        raise InputError(
            f"{where} holds no metadata of version {VERSION} of this program; give a file written by: "
            "python -m distill.export"
        )
    try:
        native_size, frame_size = _sizes(metadata["native_size"]), _sizes(metadata["frame_size"])
        low_m, high_m = map(float, metadata["depth_range_m"].split())
        if not (0.0 < low_m < high_m < math.inf):
            raise ValueError(f"depth range {low_m} to {high_m}")
        spec = NetSpec(
            name=metadata["name"],
            role="student",
            domain=DOMAINS[metadata["domain"]].name,
            native_size=native_size,
            frame_size=None if frame_size == native_size else frame_size,
            depth_range_m=(low_m, high_m),
            licence=metadata["licence"],
            weights_sha256=metadata["weights_sha256"],
            calibration=_calibration(metadata),
        )
        camera_of(spec)  # refuses a cut that its frame cannot hold
    except (KeyError, ValueError) as error:
        raise InputError(f"{where} has metadata that cannot be used ({error!r}); export it again") from error
    return spec


def _calibration_words(calibration: Calibration) -> dict[str, str]:
    """Scale, shift and least depth, and whose depth they were fitted to."""
    numbers = (calibration.scale, calibration.shift_m, calibration.least_m)
    return {"calibration": " ".join(map(str, numbers)), "calibrated_from": calibration.student_sha256}


def _calibration(metadata: Mapping[str, str]) -> Calibration | None:
    if "calibration" not in metadata:
        return None
    scale, shift_m, least_m = map(float, metadata["calibration"].split())
    return Calibration(scale=scale, shift_m=shift_m, least_m=least_m, student_sha256=metadata["calibrated_from"])


def _words(numbers: tuple[float, float] | tuple[int, int]) -> str:
    return " ".join(map(str, numbers))


def _sizes(words: str) -> tuple[int, int]:
    height, width = map(int, words.split())
    if min(height, width) < 1:
        raise ValueError(f"size {words}")
    return height, width
