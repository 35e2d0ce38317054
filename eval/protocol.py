"""Protocol: which pixels of a benchmark count, and what is done to a prediction before they are compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from eval.alignment import Alignment
from mde.domain import DomainName
from mde.errors import InputError
from mde.files import json_bytes, sha256_bytes

Crop = Literal["none", "garg", "eigen_kitti", "eigen_nyu"]
KB_HEIGHT, KB_WIDTH = 352, 1216
"""Size to which the KITTI depth benchmark crops: the part that all its cameras share."""
NYU_SIZE = (480, 640)

# Rows (top, bottom) and columns (left, right) as fractions; each edge is rounded down to a pixel.
FRACTIONS: dict[str, tuple[float, float, float, float]] = {
    "garg": (0.40810811, 0.99189189, 0.03594771, 0.96405229),
    "eigen_kitti": (0.3324324, 0.91351351, 0.0359477, 0.96405229),
}
EIGEN_NYU = (45, 471, 41, 601)
"""Rows and columns of a 480x640 frame inside the white border that the NYU images carry."""


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a benchmark is scored. Figures under two protocols are never in one table.

    Common to all: the prediction is repaired (NaN to depth_min, infinities to the ends), aligned over
    the valid pixels, clamped to [depth_min, cap]; a pixel is valid where depth_min < truth < cap, both
    strict, inside the crop; a figure is the unweighted mean over images.
    """

    name: str
    domain: DomainName
    network_input: Literal["full", "kb"]
    """What the network is shown: the whole frame (its own part of that, where it was trained on a part), or its KB crop
    of 352x1216."""
    region: Literal["frame", "input"]
    """What the crop's fractions act on: the input, or the whole frame (a prediction is 0 outside the input)."""
    crop: Crop
    depth_min_m: float
    cap_m: float
    flip_average: bool
    """Whether the prediction is the mean over the image and its mirror image."""
    alignment: Alignment
    version: int = 1
    """Raised when the arithmetic that the protocol stands for changes."""

    def __post_init__(self) -> None:
        if not 0.0 < self.depth_min_m < self.cap_m:
            raise ValueError(f"{self.name}: depth_min_m={self.depth_min_m} must lie between 0 and cap_m={self.cap_m}")

    def digest(self) -> str:
        """Hex digest of everything that decides a figure."""
        return sha256_bytes(json_bytes(self))


Window = tuple[int, int, int, int]
"""Rows (top, bottom) and columns (left, right), half-open."""


def kb_window(height: int, width: int) -> Window:
    """The KB crop: the lowest 352 rows, the middle 1216 columns."""
    if height < KB_HEIGHT or width < KB_WIDTH:
        raise InputError(
            f"a frame of {width}x{height} is smaller than the KB crop of {KB_WIDTH}x{KB_HEIGHT}; "
            "use full-size KITTI frames or a protocol without that crop"
        )
    top, left = height - KB_HEIGHT, (width - KB_WIDTH) // 2
    return top, top + KB_HEIGHT, left, left + KB_WIDTH


def crop_window(crop: Crop, height: int, width: int) -> Window:
    """Rows and columns that count in a map of height x width."""
    if crop == "none":
        return 0, height, 0, width
    if crop == "eigen_nyu":
        if (height, width) != NYU_SIZE:
            raise InputError(f"a frame of {width}x{height} cannot be scored as NYU; expected 640x480")
        return EIGEN_NYU
    top, bottom, left, right = FRACTIONS[crop]
    return int(top * height), int(bottom * height), int(left * width), int(right * width)


def input_window(protocol: Protocol, height: int, width: int) -> Window:
    """The part of a frame that the network is shown."""
    return kb_window(height, width) if protocol.network_input == "kb" else (0, height, 0, width)


def cut(plane: Tensor, window: Window) -> Tensor:
    """The window of a map or image."""
    top, bottom, left, right = window
    return plane[..., top:bottom, left:right]


def scored_truth(true_m: Float[Tensor, "1 height width"], protocol: Protocol) -> Float[Tensor, "1 _ _"]:
    """Ground truth on the region of the protocol."""
    if protocol.region == "frame":
        return true_m
    return cut(true_m, input_window(protocol, *true_m.shape[-2:]))


def valid_mask(true_m: Float[Tensor, "1 height width"], protocol: Protocol) -> Bool[Tensor, "1 height width"]:
    """Where a map on the region counts: inside the crop, depth_min < truth < cap, both strict."""
    inside = torch.zeros_like(true_m, dtype=torch.bool)
    cut(inside, crop_window(protocol.crop, *true_m.shape[-2:])).fill_(True)
    return inside & (true_m > protocol.depth_min_m) & (true_m < protocol.cap_m)


def scored_prediction(
    pred_m: Float[Tensor, "1 _ _"], protocol: Protocol, height: int, width: int
) -> Float[Tensor, "1 _ _"]:
    """A prediction for the input window of a frame of height x width, repaired, on the protocol's region."""
    # BTS pastes into zeros, which its clamp lifts to depth_min.
    return place(repair(pred_m, protocol), protocol, height, width, fill=protocol.depth_min_m)


def place(plane: Tensor, protocol: Protocol, height: int, width: int, *, fill: float) -> Tensor:
    """A map or image of the input window on the protocol's region, `fill` around it."""
    if protocol.region == "input":
        return plane
    frame = plane.new_full((*plane.shape[:-2], height, width), fill)
    cut(frame, input_window(protocol, height, width)).copy_(plane)
    return frame


def repair(pred_m: Tensor, protocol: Protocol) -> Tensor:
    """Positive and finite, so that it can be aligned: NaN and what is too near to depth_min, inf to the cap.

    The upper clamp comes after alignment (`finish`), which may bring a far prediction back into range.
    """
    low, high = protocol.depth_min_m, protocol.cap_m
    return pred_m.nan_to_num(nan=low, posinf=high, neginf=low).clamp_min(low)


def finish(pred_m: Tensor, scale: float, protocol: Protocol) -> Tensor:
    """The prediction that is compared: scaled, then clamped to [depth_min, cap]."""
    return (pred_m * scale).clamp(protocol.depth_min_m, protocol.cap_m)


_KITTI = Protocol(
    name="kitti_eigen_garg_kbcrop",
    domain="driving",
    network_input="kb",
    region="input",
    crop="garg",
    depth_min_m=1e-3,
    cap_m=80.0,
    flip_average=False,
    alignment="none",
)
_NYU = replace(_KITTI, name="nyu_eigen", domain="indoor", network_input="full", crop="eigen_nyu", cap_m=10.0)
PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        _KITTI,
        replace(_KITTI, name="kitti_eigen_garg_kbcrop_flip", flip_average=True),
        replace(_KITTI, name="kitti_eigen_eigen_kbcrop", crop="eigen_kitti"),
        replace(_KITTI, name="kitti_eigen_eigen_kbcrop_flip", crop="eigen_kitti", flip_average=True),
        # BTS offline: the same network input, but the crop's fractions act on the whole frame.
        replace(_KITTI, name="kitti_eigen_garg_full", region="frame"),
        # For networks whose camera is the whole KITTI frame: no KB crop anywhere.
        replace(_KITTI, name="kitti_eigen_garg_uncropped", network_input="full"),
        _NYU,
        replace(_NYU, name="nyu_eigen_flip", flip_average=True),
        replace(_KITTI, name="pairs_driving", network_input="full", depth_min_m=1.0, alignment="median"),
        replace(_NYU, name="pairs_indoor", crop="none", depth_min_m=0.3, alignment="median"),
        replace(
            _NYU,
            name="pairs_warehouse",
            domain="warehouse",
            crop="none",
            depth_min_m=0.5,
            cap_m=20.0,
            alignment="median",
        ),
        replace(
            _KITTI,
            name="pairs_drone",
            domain="drone",
            network_input="full",
            crop="none",
            depth_min_m=2.0,
            cap_m=200.0,
            alignment="median",
        ),
    )
}
"""Presets by name. AdaBins and the Toolbox are the `_flip` rows; figures of `_full` are BTS's offline ones."""
