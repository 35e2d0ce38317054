"""AdaBins: metric depth as a mixture of bin centres that the network chooses for each image.

Written from the paper and from facts about the published files; attribute names are those of the files.

Reference: Bhat, Alhashim, Wonka, "AdaBins: depth estimation using adaptive bins", CVPR 2021; weights
published by the authors at github.com/shariqfarooq123/AdaBins (GPL-3.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.domain import Domain, DomainName
from mde.nets.efficientnet import EfficientNet
from mde.nets.imagenet import ImageNetColours
from mde.nets.mini_vit import MiniViT, patches_fault
from mde.nets.net import DepthNet
from mde.nets.output import Output
from mde.nets.published import BENCHMARK_FRAMINGS, check_domain, published_spec, training_of
from mde.nets.renames import renamed
from mde.nets.weights import load_strictly
from mde.nets.weights_file import read_weights
from mde.nets.weights_folder import found_weights

PUBLISHER = "github.com/shariqfarooq123/AdaBins"
RENAMES = {
    "module.": "",
    "adaptive_bins_layer.embedding_conv.": "adaptive_bins_layer.conv3x3.",
    "adaptive_bins_layer.patch_transformer.embedding_encoder.": (
        "adaptive_bins_layer.patch_transformer.embedding_convPxP."
    ),
}
"""Beginnings of names: as wrapped for several devices, and as in the released files, older than the code."""
_MOST_BINS = 4096
"""A file that claims more is not of this family."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """The published weights of one domain."""

    weights: str
    """Name of the published file."""
    weights_sha256: str | None
    """Its digest, where that is known, to tell it from that of the other domain, which has the same shapes."""


TRAININGS: dict[DomainName, Training] = {
    "indoor": Training(
        weights="AdaBins_nyu.pt",
        weights_sha256="3c917d1b86d058918d4055e70b2cdb9696ec4967bb2d8f05c0051263c1ac9641",
    ),
    "driving": Training(weights="AdaBins_kitti.pt", weights_sha256=None),
}


@dataclass(frozen=True, kw_only=True)
class Dims:
    """How large the network is; smaller ones are for tests."""

    backbone: str = "tf_efficientnet_b5"
    decoder_channels: int = 2048
    channels: int = 128
    """Of the decoder's answer, of a token, and as many queries."""
    patch: int = 16
    """Side of a patch, at half the size of the image."""


def load_adabins(weights: Path | None, domain: Domain) -> DepthNet:
    """AdaBins with the published weights of `domain`, frozen and in eval mode.

    The number of bins is the file's, the depth range the domain's: the file does not say it.

    Raises:
        InputError: for a domain that AdaBins was not trained on, when there is no file, and when it is
            not readable, belongs to another network, or is the published file of the other domain.
    """
    training = training_of(TRAININGS, domain, teacher="adabins")
    path = found_weights(weights, teacher="adabins", names=(training.weights,), publisher=PUBLISHER)
    state = renamed(read_weights(path, entry="model"), RENAMES, path=path)
    check_domain(path, {name: other.weights_sha256 for name, other in TRAININGS.items()}, domain, owner="AdaBins'")
    core = AdaBins(domain.depth_range_m, _num_bins(state))
    load_strictly(core, state, path=path)
    spec = published_spec(
        "adabins", domain, BENCHMARK_FRAMINGS[domain.name], path, licence="GPL-3.0", taps=("encoder",)
    )
    return DepthNet(core, spec, size_rule=core.size_fault).eval().requires_grad_(False)


def _num_bins(state: Mapping[str, Tensor]) -> int:
    """Rows of the last convolution; those of the release where the file is of another network."""
    rows = state["conv_out.0.weight"].shape[:1] if "conv_out.0.weight" in state else ()
    return rows[0] if rows and 1 <= rows[0] <= _MOST_BINS else 256


class AdaBins(nn.Module):
    """The network at every size whose half-size map holds more patches than queries, and at most 500.

    `raw` is the answer itself in metres at half the size, rounded up, and `bin_edges` the bins that it is a
    mixture of; `depth_m` is `raw` at input size, bilinear with corners on corners, as the authors resize.
    """

    def __init__(self, depth_range_m: tuple[float, float], num_bins: int, dims: Dims | None = None) -> None:
        super().__init__()
        dims = dims or Dims()
        self.depth_range_m = depth_range_m
        self.dims = dims
        self.colours = ImageNetColours()
        self.encoder = EfficientNet(dims.backbone)
        self.decoder = Decoder(self.encoder.channels, dims)
        self.adaptive_bins_layer = MiniViT(dims.channels, num_bins, dims.patch)
        self.conv_out = nn.Sequential(nn.Conv2d(dims.channels, num_bins, 1))

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth of RGB in [0, 1]; normalises by itself."""
        features = self.decoder(self.encoder(self.colours(image)))
        widths, likeness = self.adaptive_bins_layer(features)
        edges = bin_edges(widths, self.depth_range_m)
        centres = (edges[:, :-1] + edges[:, 1:]) / 2.0
        probabilities = self.conv_out(likeness).float().softmax(dim=1)
        raw = (probabilities * centres[:, :, None, None]).sum(dim=1, keepdim=True)
        depth_m = F.interpolate(
            raw.clamp(*self.depth_range_m), size=image.shape[-2:], mode="bilinear", align_corners=True
        )
        return Output(depth_m=depth_m.clamp(*self.depth_range_m), raw=raw, bin_edges=edges)

    def size_fault(self, height: int, width: int) -> str | None:
        """Which sizes are possible, where this one is not."""
        return patches_fault(height, width, channels=self.dims.channels, patch=self.dims.patch)


def bin_edges(widths: Float[Tensor, "batch bins"], depth_range_m: tuple[float, float]) -> Float[Tensor, "batch bins+1"]:
    """Edges in metres, from the beginning of the range to its end, of bins with these shares of it.

    >>> bin_edges(torch.tensor([[0.5, 0.25, 0.25]]), (1.0, 9.0))
    tensor([[1., 5., 7., 9.]])
    """
    begin, end = depth_range_m
    return F.pad((end - begin) * widths, (1, 0), value=begin).cumsum(dim=1)


class Decoder(nn.Module):
    """Four steps up, each joined with the encoder's features of its size, to half the size of the image."""

    def __init__(self, channels: tuple[int, ...], dims: Dims) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth, deepest = channels
        width = dims.decoder_channels
        self.conv2 = nn.Conv2d(deepest, width, 1, padding=1)  # so it grows by a border, which is the bias alone
        self.up1 = Up(width, sixteenth, width // 2)
        self.up2 = Up(width // 2, eighth, width // 4)
        self.up3 = Up(width // 4, quarter, width // 8)
        self.up4 = Up(width // 8, half, width // 16)
        self.conv3 = nn.Conv2d(width // 16, dims.channels, 3, padding=1)

    def forward(self, features: list[Tensor]) -> Float[Tensor, "batch channels _ _"]:
        """From features, fine to coarse, to one map at the size of the finest."""
        half, quarter, eighth, sixteenth, deepest = features
        x = self.up2(self.up1(self.conv2(deepest), sixteenth), eighth)
        return self.conv3(self.up4(self.up3(x, quarter), half))


class Up(nn.Module):
    """Coarse features at the size of the skip, both joined by two convolutions."""

    def __init__(self, channels: int, skip_channels: int, channels_out: int) -> None:
        super().__init__()
        self._net = nn.Sequential(
            *(nn.Conv2d(channels + skip_channels, channels_out, 3, padding=1), nn.BatchNorm2d(channels_out)),
            *(nn.LeakyReLU(), nn.Conv2d(channels_out, channels_out, 3, padding=1), nn.BatchNorm2d(channels_out)),
            nn.LeakyReLU(),
        )

    def forward(
        self, x: Float[Tensor, "batch _ _ _"], skip: Float[Tensor, "batch _ height width"]
    ) -> Float[Tensor, "batch _ height width"]:
        """Features at the size of `skip`."""
        grown = F.interpolate(x, size=skip.shape[-2:], mode="bilinear", align_corners=True)
        return self._net(torch.cat((grown, skip), dim=1))
