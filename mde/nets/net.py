"""A depth network as the stages see it: what it is, and depth at the size of the image it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.domain import DomainName
from mde.nets.output import Output
from mde.view import resize_image


@dataclass(frozen=True, kw_only=True)
class NetSpec:
    """What must be known about a network before its depth is used."""

    name: str
    """Name under which `load_teacher` or `load_student` builds it."""
    role: Literal["teacher", "student"]
    domain: DomainName
    native_size: tuple[int, int]
    """(height, width) at which it was trained; a metric network is right at no other field of view."""
    depth_range_m: tuple[float, float]
    licence: str
    weights_sha256: str
    """Digest of the file that the weights came from."""


class DepthNet(nn.Module):
    """A network that answers planar z in metres at input size, whatever its own size is.

    `core` maps an image (B,3,h,w) of the native size, RGB in [0,1], to an `Output` of that size and
    normalises for itself. Here the image is brought to that size and the depth back (bilinear).
    """

    def __init__(self, core: nn.Module, spec: NetSpec) -> None:
        super().__init__()
        self.core = core
        self.spec = spec

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth of `image`, RGB in [0,1], at its size; `raw` and `dpm_logits` stay at the network's own."""
        height, width = image.shape[-2:]
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
