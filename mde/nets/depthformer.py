"""DepthFormer: a Swin transformer beside one convolution, for metric depth, as a teacher.

Written afresh; attribute names are those of the published weight files.

Reference: Li, Chen, Liu, Jiang, "DepthFormer: exploiting long-range correlation and local information for
accurate monocular depth estimation", arXiv 2203.14211; public repository
zhyever/Monocular-Depth-Estimation-Toolbox (Apache-2.0).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.domain import Domain, DomainName
from mde.errors import InputError
from mde.nets.hahi import HeterogeneousNeck
from mde.nets.net import DepthNet
from mde.nets.skip_decoder import decode, skip_decoder
from mde.nets.swin import SWIN_L, SWIN_T, Swin, SwinSize, relative_position_index
from mde.nets.toolbox import LICENCE, Depther, any_size, load_depther, read_toolbox_weights

_STEM_CHANNELS = 64
NECK_CHANNELS = {SWIN_T: 256, SWIN_L: 512}
"""Sizes that are published, and the channels in which the attention of each one's neck works."""
FILES: dict[DomainName, tuple[str, ...]] = {
    "driving": ("depthformer_swinl_22k_w7_kitti.pth",),
    "indoor": ("depthformer_swinl_22k_w7_nyu.pth", "depthformer_swint_w7_nyu.pth"),
}


def load_depthformer(weights: Path | None, domain: Domain) -> DepthNet:
    """DepthFormer, Swin-T or Swin-L as the file has it, frozen and in eval mode.

    Raises InputError for a domain that it was not trained on, and for a file that is absent, damaged or belongs
    to another network.
    """
    source = read_toolbox_weights("depthformer", weights, domain, names=FILES)
    size = _size_in(source.state, source.path)
    core = depthformer(size, NECK_CHANNELS[size], domain.depth_range_m)
    state = _without_constants(source.state, source.path)
    return load_depther(core, source, state, domain, size_rule=any_size, licence=LICENCE)


def depthformer(size: SwinSize, neck_channels: int, depth_range_m: tuple[float, float]) -> Depther:
    """The network with weights as they are drawn."""
    widths = (_STEM_CHANNELS, *size.stage_channels)
    return Depther(
        backbone=Backbone(size),
        neck=HeterogeneousNeck(widths, neck_channels),
        decode_head=Head(widths, min_depth_m=depth_range_m[0]),
        depth_range_m=depth_range_m,
    )


class Backbone(Swin):
    """Swin's four maps, and before them the map of a convolution at half size."""

    def __init__(self, size: SwinSize) -> None:
        super().__init__(size)
        self.conv1 = nn.Conv2d(3, _STEM_CHANNELS, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(_STEM_CHANNELS)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> list[Tensor]:
        """Maps at strides 2, 4, 8, 16 and 32."""
        return [F.relu(self.bn1(self.conv1(image))), *super().forward(image)]


class Head(nn.Module):
    """Depth at half size from five maps; without BatchNorm."""

    def __init__(self, widths: Sequence[int], *, min_depth_m: float) -> None:
        super().__init__()
        self.min_depth_m = min_depth_m
        coarse_first = tuple(reversed(widths))
        self.conv_list = skip_decoder(coarse_first, coarse_first, _convolution)
        self.conv_depth = nn.Conv2d(widths[0], 1, 3, padding=1)

    def forward(self, features: Sequence[Float[Tensor, "batch _ _ _"]]) -> Float[Tensor, "batch 1 _ _"]:
        """Metres, at the size of the first map; not bounded above."""
        return F.relu(self.conv_depth(decode(self.conv_list, features))) + self.min_depth_m


def _convolution(num_in: int, num_out: int) -> nn.Module:
    activate = nn.LeakyReLU(0.01, inplace=True)
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(num_in, num_out, 3, padding=1), activate=activate))


def _size_in(state: Mapping[str, Tensor], path: Path) -> SwinSize:
    """Which Swin a file holds, by the channels of its first layer."""
    first = state.get("backbone.patch_embed.projection.bias")
    for size in NECK_CHANNELS:
        if first is not None and tuple(first.shape) == (size.channels,):
            return size
    raise InputError(f"{path} are weights of another network; expected DepthFormer with Swin-T or Swin-L")


def _without_constants(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Drop the table of relative positions that the file repeats in every block, once it is seen to be right."""
    constants = {key for key in state if key.endswith(".relative_position_index")}
    expected = relative_position_index()
    for key in constants:
        if state[key].shape != expected.shape or bool((state[key] != expected).any()):
            raise InputError(f"{path} are weights of another network: {key} is not that of 7x7 windows")
    return {key: tensor for key, tensor in state.items() if key not in constants}
