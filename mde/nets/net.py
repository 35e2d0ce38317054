"""A depth network as the stages see it: what it is, and depth at the size of the image it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.calibration import Calibration
from mde.domain import DomainName
from mde.errors import InputError
from mde.framing import Framing
from mde.nets.output import Output
from mde.view import resize_image

Kind = Literal["metric", "disparity", "relative"]
"""What a network knows: depth in metres; inverse depth up to one factor; inverse depth up to factor and offset."""
SizeRule = Callable[[int, int], str | None]
"""From (height, width) to None, or to a phrase that says which sizes are possible instead."""


@dataclass(frozen=True, kw_only=True)
class NetSpec:
    """What must be known about a network before its depth is used."""

    name: str
    """Name under which `load_teacher` or `load_student` builds it."""
    role: Literal["teacher", "student", "recording"]
    """A recording is not run: its answers lie in files."""
    domain: DomainName
    native_size: tuple[int, int]
    """(height, width) at which it was trained; a metric network is right at no other field of view."""
    frame_size: tuple[int, int] | None = None
    """(height, width) of the domain's whole image, where `native_size` is a cut from it and not all of it, resized."""
    focal_px: float | None = None
    """Focal length of the images of which it answers metres; its depth of others grows in proportion to theirs. None
    for networks that do not ask."""
    kind: Kind = "metric"
    """Of `Output.depth_m`; that of other kinds than metric is depth in an unknown unit."""
    depth_range_m: tuple[float, float]
    licence: str
    taps: tuple[str, ...] = ()
    """Modules of the network whose answers are its features (`mde.nets.taps`), for feature distillation."""
    weights_sha256: str
    """Digest of the file that the weights came from."""
    calibration: Calibration | None = None
    """What `eval.calibrate` did to its depth; None for depth as it was learned."""
    files: tuple[Path, ...] = ()
    """Files that it was loaded from, which may be others than those of `--weights`, for the list of what a run read."""

    @property
    def framing(self) -> Framing:
        """The part of the domain's image that the network sees."""
        return Framing(self.native_size, self.frame_size)


class DepthNet(nn.Module):
    """A network that answers planar z in metres at input size, whatever its own size is.

    `core` maps an image (B,3,h,w), RGB in [0,1], to an `Output` of that size and normalises for itself. Without a
    `size_rule` it sees images of its native size alone: here the image is brought to that size and the depth back
    (bilinear). With one, it sees every image as it is, and sizes that it cannot take are refused.
    """

    def __init__(self, core: nn.Module, spec: NetSpec, *, size_rule: SizeRule | None = None) -> None:
        super().__init__()
        self.core = core
        self.spec = spec
        self.size_rule = size_rule

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth of `image`, RGB in [0,1], at its size; `raw` and `dpm_logits` stay at the network's own.

        Raises InputError, with the sizes that are possible, for a size that the network cannot take.
        """
        height, width = image.shape[-2:]
        if self.size_rule is not None:
            fault = self.size_rule(height, width)
            if fault is not None:
                raise InputError(f"{self.spec.name} cannot take images of {height}x{width}; {fault}")
            whole: Output = self.core(image)
            return whole
        output: Output = self.core(resize_image(image, *self.spec.native_size))
        return Output(
            depth_m=resize_prediction(output.depth_m, height, width),
            raw=output.raw,
            dpm_logits=output.dpm_logits,
        )


def resize_prediction(
    depth_m: Float[Tensor, "batch 1 _ _"], height: int, width: int
) -> Float[Tensor, "batch 1 {height} {width}"]:
    """Resize a dense prediction, which has no holes, bilinearly (measured depth goes by `View.resize`)."""
    if tuple(depth_m.shape[-2:]) == (height, width):
        return depth_m
    return F.interpolate(depth_m, size=(height, width), mode="bilinear", align_corners=False)
