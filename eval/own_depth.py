"""Own depth: what a network says to a picture that it was not made for, and for which camera that holds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from eval.answer import predict
from eval.own_image import OwnImage
from mde.camera import Camera
from mde.domain import DOMAINS
from mde.dpm import dpm_interval
from mde.errors import InputError
from mde.framing import Framing
from mde.nets.metadata import camera_of
from mde.nets.net import DepthNet, NetSpec, resize_prediction
from mde.nets.output import Output
from mde.nets.student_net import Student

INTERVAL_MASS = 0.8
"""Share of the probability that the interval holds."""
ASPECT_TOLERANCE = 0.02
"""Shapes that differ by less are one: a row more or less of rounding, not another camera."""
LENS_TOLERANCE = 0.05
"""Focal lengths that differ by less are one: EXIF states whole millimetres."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What the network saw, at its own size, and its depth there, which no resizing has blurred."""

    image: Float[Tensor, "3 height width"]
    depth_m: Float[Tensor, "height width"]
    """NaN where there is none."""
    camera: Camera


@dataclass(frozen=True, kw_only=True)
class OwnDepth:
    """Depth of one picture."""

    depth_m: Float[Tensor, "height width"]
    """Planar z at the picture's size; NaN where there is none."""
    interval_m: Float[Tensor, "height width"] | None
    """Width of the central interval that holds `INTERVAL_MASS` of the DPM; None for networks without DPM."""
    camera: Camera
    """Of the picture."""
    focal_factor: float
    """What the network's metres were multiplied by, for the focal length of `--focal-px`."""
    sight: Sight
    remarks: tuple[str, ...]
    """What should be known before metres are believed."""


def own_depth(net: DepthNet, own: OwnImage, *, focal_px: float | None) -> OwnDepth:
    """Ask `net` for the depth of a whole picture, which it is shown as `NetSpec.framing` says: squeezed to its size.

    A picture that has the network's own size is taken for what it was trained on. Where the network sees a part only
    (`frame_size`), there is no depth beside that part. With `focal_px`, in pixels of the picture, the metres of the
    network are multiplied by what its focal length has become over the one of training: an
    object looks the same at twice the distance through twice the focal length.

    Differs from Metric3D (Yin et al., 2023), which trains on images brought to one camera: here the answer of a network
    of one camera is brought to another, which holds for what it knows by the size of things, and not beyond its range.
    """
    spec, size = net.spec, own.size
    framing = Framing(size) if size == spec.native_size else spec.framing
    home = _home(spec, framing)
    camera = picture_camera(home, size, focal_px=focal_px)
    factor = _focal_factor(spec, home, camera) if focal_px is not None else 1.0
    shown = framing.image(own.image[None])[0]
    output = predict(net, shown)
    seen_m = _known(output.depth_m) * factor
    interval_m = interval_width(net, output)
    return OwnDepth(
        depth_m=_put_back(seen_m, framing, size),
        interval_m=None if interval_m is None else _put_back(_resize(interval_m, shown) * factor, framing, size),
        camera=camera,
        focal_factor=factor,
        sight=Sight(image=shown, depth_m=seen_m[0, 0], camera=framing.camera(camera)),
        remarks=tuple(_remarks(spec, home, own, is_told=focal_px is not None)),
    )


def check_answers(net: DepthNet, name: str) -> None:
    """Raise InputError for a network that answers no metres, or NaN to a grey picture."""
    if net.spec.kind != "metric":
        raise InputError(f"{name} answers {net.spec.kind} depth, which has no metres; expected a metric network")
    grey = torch.full((3, *net.spec.native_size), 0.5)
    if not bool(predict(net, grey).depth_m.isfinite().all()):
        raise InputError(f"{name} answers NaN or infinity to a grey picture; its weights are damaged, export it again")


def picture_camera(home: Camera, size: tuple[int, int], *, focal_px: float | None) -> Camera:
    """Camera of a picture of `size`: `home` brought to it, where it has that shape and no other focal length is told.

    Else a camera with square pixels that looks through the middle. Without `focal_px` its focal length is the geometric
    mean of what `home` would have across and down.
    """
    height, width = size
    scaled = home.resize(height, width)
    if focal_px is None and have_one_shape(home.size, size):
        return scaled
    focal_px = focal_px or math.sqrt(math.prod(scaled.f_px))
    return Camera(f_px=(focal_px, focal_px), c_px=(width / 2, height / 2), height=height, width=width)


def interval_width(net: DepthNet, output: Output) -> Float[Tensor, "1 1 _ _"] | None:
    """Width of the interval in metres at the DPM's own size; None where a student's bins are not there to be read."""
    core = net.core
    if output.dpm_logits is None or not isinstance(core, Student):
        return None
    low_m, high_m = dpm_interval(output.dpm_logits.float().softmax(dim=1), core.bins, mass=INTERVAL_MASS)
    return high_m - low_m


def _home(spec: NetSpec, framing: Framing) -> Camera:
    """Camera of the pictures that the network was trained on, of which `framing` shows it a part or all."""
    if framing.frame is None:
        return camera_of(spec)
    return DOMAINS[spec.domain].camera.resize(*framing.frame)


def _focal_factor(spec: NetSpec, home: Camera, camera: Camera) -> float:
    """Focal length of the picture, squeezed to the size of training, over that of training."""
    shown_px = math.sqrt(math.prod(camera.resize(*home.size).f_px))
    return shown_px / (spec.focal_px or math.sqrt(math.prod(home.f_px)))


def have_one_shape(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether pictures of these sizes, (height, width), have one shape."""
    return abs(math.log(other[1] / other[0] * size[0] / size[1])) < ASPECT_TOLERANCE


def _remarks(spec: NetSpec, home: Camera, own: OwnImage, *, is_told: bool) -> list[str]:
    """How the picture differs from those of training, and what helps."""
    height, width = own.size
    stated_px, ours_px = own.exif_focal_px, picture_camera(home, own.size, focal_px=None).f_px[0]
    way_out = "give --focal-px"
    if stated_px is not None:
        way_out = f"its file states a focal length of about {stated_px:.0f} px: try --focal-px {stated_px:.0f}"
    if spec.calibration is not None:
        return [
            f"calibrated: {spec.calibration.formula()}; metres hold for pictures of the camera it was calibrated by"
        ]
    if not have_one_shape(home.size, own.size):
        squeezed = f"{width}x{height} has another shape than the {home.width}x{home.height} of training and is squeezed"
        return [squeezed if is_told else f"{squeezed}; metres are off by a factor ({way_out})"]
    if not is_told and stated_px is not None and abs(math.log(stated_px / ours_px)) > LENS_TOLERANCE:
        return [f"the camera of training has {ours_px:.0f} px at this size; metres are off by a factor ({way_out})"]
    return []


def _known(depth_m: Tensor) -> Tensor:
    """Depth that is a positive number, NaN in place of any other."""
    return torch.where(depth_m.isfinite() & (depth_m > 0), depth_m, torch.nan)


def _resize(plane: Tensor, like: Tensor) -> Tensor:
    return resize_prediction(plane, like.shape[-2], like.shape[-1])


def _put_back(part: Float[Tensor, "1 1 _ _"], framing: Framing, size: tuple[int, int]) -> Float[Tensor, "_ _"]:
    """The map in its place in the picture, NaN around it."""
    (top, left), (height, width) = framing.corner, framing.size
    whole = part.new_full((1, 1, *framing.frame_size), torch.nan)
    whole[..., top : top + height, left : left + width] = part
    return resize_prediction(whole, *size)[0, 0]
