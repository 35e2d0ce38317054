"""AdaBins as the Monocular-Depth-Estimation-Toolbox trains it: one of TIE-KD's teachers.

Another network than the authors' own (`mde.nets.adabins`), with which it shares encoder and mini-ViT: its decoder
has ReLU, convolutions without bias before BatchNorm, and no border at the coarsest size.

Reference: Bhat, Alhashim, Wonka, "AdaBins: depth estimation using adaptive bins", CVPR 2021; attribute names are
those of the weight files of zhyever/Monocular-Depth-Estimation-Toolbox.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from jaxtyping import Float
from torch import Tensor, nn

from mde.domain import Domain, DomainName
from mde.nets.adabins import bin_edges
from mde.nets.efficientnet import EfficientNet
from mde.nets.mini_vit import MiniViT, patches_fault
from mde.nets.net import DepthNet
from mde.nets.skip_decoder import decode, skip_decoder
from mde.nets.toolbox import DESCENDED_LICENCE, Depther, load_depther, read_toolbox_weights

CHANNELS = 128
"""Of the decoder's answer and of a token."""
PATCH = 16
NUM_BINS = 256
FILES: dict[DomainName, tuple[str, ...]] = {
    "driving": ("adabins_efnetb5ap_kitti_24e.pth",),
    "indoor": ("adabins_efnetb5ap_nyu_24e.pth",),
}


def load_toolbox_adabins(weights: Path | None, domain: Domain) -> DepthNet:
    """The network frozen and in eval mode.

    Raises InputError for a domain that it was not trained on, and for a file that is absent, damaged or belongs
    to another network.
    """
    source = read_toolbox_weights("toolbox-adabins", weights, domain, names=FILES)
    core = toolbox_adabins(domain.depth_range_m)
    return load_depther(core, source, source.state, domain, size_rule=size_fault, licence=DESCENDED_LICENCE)


def toolbox_adabins(
    depth_range_m: tuple[float, float], backbone: str = "tf_efficientnet_b5", decoder_channels: int = 2048
) -> Depther:
    """The network with weights as they are drawn; smaller ones are for tests."""
    encoder = EfficientNet(backbone)
    return Depther(
        backbone=encoder,
        neck=nn.Identity(),
        decode_head=Head(encoder.channels, decoder_channels, depth_range_m),
        depth_range_m=depth_range_m,
    )


class Head(nn.Module):
    """Depth at half size as a mixture of bins."""

    def __init__(
        self, encoder_channels: Sequence[int], decoder_channels: int, depth_range_m: tuple[float, float]
    ) -> None:
        super().__init__()
        self.depth_range_m = depth_range_m
        widths = [decoder_channels >> step for step in range(len(encoder_channels))]
        self.conv_list = skip_decoder(widths, tuple(reversed(encoder_channels)), _convolution)
        self.decode_final_conv = nn.Conv2d(widths[-1], CHANNELS, 3, padding=1)
        self.adaptive_bins_layer = MiniViT(CHANNELS, NUM_BINS, PATCH)
        self.conv_out = nn.Sequential(nn.Conv2d(CHANNELS, NUM_BINS, 1))
        self.conv_depth = nn.Conv2d(CHANNELS, 1, 3, padding=1)  # in the files, though nothing uses it

    def forward(self, features: Sequence[Float[Tensor, "batch _ _ _"]]) -> Float[Tensor, "batch 1 _ _"]:
        """Metres, at the size of the first map."""
        plane = self.decode_final_conv(decode(self.conv_list, features))
        widths, likeness = self.adaptive_bins_layer(plane)
        edges = bin_edges(widths, self.depth_range_m)
        centres = (edges[:, :-1] + edges[:, 1:]) / 2
        shares = self.conv_out(likeness).softmax(dim=1)
        return (shares * centres[:, :, None, None]).sum(dim=1, keepdim=True)


def _convolution(num_in: int, num_out: int) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(num_in, num_out, 3, padding=1, bias=False),
            bn=nn.BatchNorm2d(num_out),
            activate=nn.ReLU(inplace=True),
        )
    )


def size_fault(height: int, width: int) -> str | None:
    """Which sizes are possible, where this one is not."""
    return patches_fault(height, width, channels=CHANNELS, patch=PATCH)
