"""BTS with ResNet-50 as the Monocular-Depth-Estimation-Toolbox trains it: one of TIE-KD's teachers.

Another network than the authors' own: its last convolution has a bias, and depth does not follow the focal length.

Reference: Lee, Han, Ko, Suh, "From big to small: multi-scale local planar guidance for monocular depth
estimation", arXiv 1907.10326; attribute names are those of the weight files of
zhyever/Monocular-Depth-Estimation-Toolbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import timm
from jaxtyping import Float
from torch import Tensor, nn

from mde.domain import Domain
from mde.nets.bts_decoder import BtsDecoder
from mde.nets.net import DepthNet
from mde.nets.toolbox import Depther, load_depther, read_toolbox_weights

_FILES = {"driving": ("bts_r50_kitti_24e.pth",), "indoor": ("bts_r50_nyu_24e.pth",)}


def load_toolbox_bts(weights: Path | None, domain: Domain) -> DepthNet:
    """The network frozen and in eval mode.

    Raises InputError for a domain that it was not trained on, and for a file that is absent, damaged or belongs
    to another network.
    """
    source = read_toolbox_weights("toolbox-bts", weights, domain, names=_FILES)
    return load_depther(toolbox_bts(domain.depth_range_m), source, source.state, domain, size_rule=size_fault)


def toolbox_bts(depth_range_m: tuple[float, float], backbone: str = "resnet50", width: int = 512) -> Depther:
    """The network with weights as they are drawn; smaller ones are for tests."""
    features: Any = timm.create_model(backbone, pretrained=False, features_only=True)
    return Depther(
        backbone=features,
        neck=nn.Identity(),
        decode_head=Head(features.feature_info.channels(), depth_range_m[1], width),
        depth_range_m=depth_range_m,
    )


class Head(BtsDecoder):
    """Depth at full size."""

    def __init__(self, skips: Sequence[int], max_depth_m: float, width: int) -> None:
        super().__init__(skips, max_depth_m, width)
        self.conv_depth = nn.Conv2d(width // 16, 1, 3, padding=1)

    def forward(self, features: Sequence[Float[Tensor, "batch _ _ _"]]) -> Float[Tensor, "batch 1 _ _"]:
        """Metres."""
        return self.conv_depth(super().forward(features)).sigmoid() * self.max_depth_m


def size_fault(height: int, width: int) -> str | None:
    """Both sides must be multiples of 32 pixels, since each step up doubles them."""
    if height % 32 == 0 and width % 32 == 0:
        return None
    return "both sides must be multiples of 32 pixels, as at 480x640 or 352x1216"
