"""Protocol: which pixels of a benchmark count, and what is done to a prediction before they are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from eval.alignment import Alignment, Fit
from eval.metrics import DeltaRule, RmseMean
from mde.domain import DomainName
from mde.errors import InputError
from mde.files import json_bytes, sha256_bytes

Crop = Literal["none", "garg", "eigen_kitti", "eigen_nyu"]
Validity = Literal["open_range", "measured"]
Resize = Literal["corners", "centres"]
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

    Common to all: arithmetic is in float32 up to the ratios and differences of pixels, means are in float64. Each pass
    is clamped to [depth_min, cap], passes are averaged, the mean is brought to the input's size, and NaN is repaired
    last, as AdaBins does it. Under an alignment the passes are averaged as they are, and the clamp comes after the fit,
    which may bring a far prediction back into range. A figure is the unweighted mean over images.
    """

    name: str
    domain: DomainName
    network_input: Literal["full", "kb"]
    """What the network is shown: the whole frame (its own part of that, where it was trained on a part), or its KB crop
    of 352x1216."""
    region: Literal["frame", "input"]
    """What the crop's fractions act on: the input, or the whole frame (a prediction is 0 outside the input)."""
    crop: Crop
    depth_units_per_metre: int | None
    """Ground truth is the stored 16-bit integer divided by this, in float32; None where the caller states the unit."""
    validity: Validity = "open_range"
    """open_range: pixels with depth_min < truth < cap, both strict; measured: all with truth > 0."""
    depth_min_m: float
    cap_m: float
    flip_average: bool
    """Whether the prediction is the mean over the image and its mirror image."""
    resize: Resize = "corners"
    """How a prediction of another size than the input is brought to it, bilinear: with corner pixels on corner pixels
    (`align_corners=True`) or with image borders on image borders."""
    nan: Literal["depth_min", "cap"] = "depth_min"
    """What NaN becomes; infinities become the ends by the clamp."""
    delta: DeltaRule = "<"
    """Whether a ratio that is exactly the threshold counts."""
    rmse: RmseMean = "mean_of_roots"
    """Over images, the mean of each one's root mean square, or the root of the mean of their mean squares."""
    alignment: Alignment
    version: int = 2
    """Raised when the arithmetic that the protocol stands for changes. 2: passes are clamped before they are averaged,
    and an alignment is fitted to what the network said, before any clamp."""

    def __post_init__(self) -> None:
        if not 0.0 < self.depth_min_m < self.cap_m:
            raise ValueError(f"{self.name}: depth_min_m={self.depth_min_m} must lie between 0 and cap_m={self.cap_m}")

    def digest(self) -> str:
        """Hex digest of everything that decides a figure, so not of the name: some protocols have several."""
        fields = asdict(self)
        del fields["name"]
        return sha256_bytes(json_bytes(fields))


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
    """Where a map on the region counts: inside the crop, and as `Protocol.validity` says."""
    inside = torch.zeros_like(true_m, dtype=torch.bool)
    cut(inside, crop_window(protocol.crop, *true_m.shape[-2:])).fill_(True)
    if protocol.validity == "measured":
        return inside & (true_m > 0.0)
    return inside & (true_m > protocol.depth_min_m) & (true_m < protocol.cap_m)


def place(plane: Tensor, protocol: Protocol, height: int, width: int, *, fill: float) -> Tensor:
    """A map or image of the input window on the protocol's region, `fill` around it."""
    if protocol.region == "input":
        return plane
    frame = plane.new_full((*plane.shape[:-2], height, width), fill)
    cut(frame, input_window(protocol, height, width)).copy_(plane)
    return frame


def clamp_pass(pred_m: Tensor, protocol: Protocol) -> Tensor:
    """One pass, before it is averaged with the other: in [depth_min, cap], NaN where it was NaN."""
    return pred_m.clamp(protocol.depth_min_m, protocol.cap_m)


def resize_pass(
    pred: Float[Tensor, "1 1 _ _"], height: int, width: int, protocol: Protocol
) -> Float[Tensor, "1 1 _ _"]:
    """A dense prediction at another size, as the protocol does it."""
    if tuple(pred.shape[-2:]) == (height, width):
        return pred
    return F.interpolate(pred, size=(height, width), mode="bilinear", align_corners=protocol.resize == "corners")


def finish(pred: Tensor, fit: Fit, protocol: Protocol) -> Tensor:
    """The prediction that is compared: aligned, then clamped to [depth_min, cap], NaN repaired."""
    low, high = protocol.depth_min_m, protocol.cap_m
    return fit.apply(pred).clamp(low, high).nan_to_num(nan=low if protocol.nan == "depth_min" else high)


_KITTI = Protocol(
    name="kitti_eigen_garg_kbcrop",
    domain="driving",
    network_input="kb",
    region="input",
    crop="garg",
    depth_units_per_metre=256,
    depth_min_m=1e-3,
    cap_m=80.0,
    flip_average=False,
    alignment="none",
)
_NYU = replace(
    _KITTI,
    name="nyu_eigen",
    domain="indoor",
    network_input="full",
    crop="eigen_nyu",
    depth_units_per_metre=1000,
    cap_m=10.0,
)
# Pictures of one's own: the file format does not tell the unit, resampling is this project's.
_PAIRS = replace(
    _KITTI, network_input="full", crop="none", depth_units_per_metre=None, resize="centres", alignment="median"
)


def _kitti() -> Iterator[Protocol]:
    """Two crops on two regions, with and without flip average."""
    for base, where in ((_KITTI, "kbcrop"), (replace(_KITTI, region="frame"), "full")):
        for cropped, crop in ((base, "garg"), (replace(base, crop="eigen_kitti"), "eigen")):
            name = f"kitti_eigen_{crop}_{where}"
            yield replace(cropped, name=name)
            yield replace(cropped, name=f"{name}_flip", flip_average=True)


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        *_kitti(),
        # For networks whose camera is the whole KITTI frame: no KB crop anywhere.
        replace(_KITTI, name="kitti_eigen_garg_uncropped", network_input="full"),
        _NYU,
        replace(_NYU, name="nyu_eigen_flip", flip_average=True),
        # TIE-KD tests in the Toolbox, whose figures are AdaBins'.
        replace(_KITTI, name="tiekd_kitti", flip_average=True),
        replace(_NYU, name="tiekd_nyu", flip_average=True),
        # Hu et al. 2019: whatever was measured counts, also beyond 10 m; theirs has no clamp and no repair, which
        # changes nothing for depth between 1 mm and 10 m.
        replace(_NYU, name="junjh_nyu", crop="none", validity="measured", delta="<=", rmse="root_of_means"),
        replace(_PAIRS, name="pairs_driving", crop="garg", depth_min_m=1.0),
        replace(_PAIRS, name="pairs_indoor", domain="indoor", depth_min_m=0.3, cap_m=10.0),
        replace(_PAIRS, name="pairs_warehouse", domain="warehouse", depth_min_m=0.5, cap_m=20.0),
        replace(_PAIRS, name="pairs_drone", domain="drone", depth_min_m=2.0, cap_m=200.0),
    )
}
"""Presets by name. `kbcrop` is the region of AdaBins and the Toolbox (whose figures are the `_flip` ones), `full` that
of BTS's offline programs."""
