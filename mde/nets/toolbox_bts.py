"""BTS with ResNet-50 as the Monocular-Depth-Estimation-Toolbox trains it: one of TIE-KD's teachers.

Another network than the authors' own: its last convolution has a bias, and depth does not follow the focal length.

Reference: Lee, Han, Ko, Suh, "From big to small: multi-scale local planar guidance for monocular depth
estimation", arXiv 1907.10326; attribute names are those of the weight files of
zhyever/Monocular-Depth-Estimation-Toolbox.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import timm
from jaxtyping import Float
from torch import Tensor, nn

from mde.domain import Domain, DomainName
from mde.nets.bts import size_fault
from mde.nets.net import DepthNet
from mde.nets.plane_decoder import PlaneDecoder
from mde.nets.renames import renamed
from mde.nets.toolbox import DESCENDED_LICENCE, Depther, load_depther, read_toolbox_weights

FILES: dict[DomainName, tuple[str, ...]] = {"driving": ("bts_r50_kitti_24e.pth",), "indoor": ("bts_r50_nyu_24e.pth",)}
_RENAMES = {"decode_head.conv_depth.": "decode_head.get_depth.0."}


def load_toolbox_bts(weights: Path | None, domain: Domain) -> DepthNet:
    """The network frozen and in eval mode.

    Raises InputError for a domain that it was not trained on, and for a file that is absent, damaged or belongs
    to another network.
    """
    source = read_toolbox_weights("toolbox-bts", weights, domain, names=FILES)
    state = renamed(source.state, _RENAMES, path=source.path)
    core = toolbox_bts(domain.depth_range_m)
    return load_depther(core, source, state, domain, size_rule=size_fault, licence=DESCENDED_LICENCE)


def toolbox_bts(depth_range_m: tuple[float, float]) -> Depther:
    """The network with weights as they are drawn."""
    features: Any = timm.create_model("resnet50", pretrained=False, features_only=True)
    return Depther(
        backbone=features,
        neck=nn.Identity(),
        decode_head=Head(tuple(features.feature_info.channels()), depth_range_m[1]),
        depth_range_m=depth_range_m,
    )


class Head(PlaneDecoder):
    """The decoder of the authors' BTS, with a bias in its last convolution, to depth at full size."""

    def __init__(self, channels: tuple[int, ...], max_depth_m: float) -> None:
        super().__init__(channels, max_depth_m)
        self.get_depth = nn.Sequential(nn.Conv2d(32, 1, 3, padding=1), nn.Sigmoid())

    def forward(self, features: list[Tensor]) -> Float[Tensor, "batch 1 _ _"]:
        """Metres."""
        return super().forward(features) * self.max_depth_m
