"""AdaBins: metric depth as a mixture of bin centres that the network chooses for each image.

Written from the paper and from facts about the published files; attribute names are those of the files.

Reference: Bhat, Alhashim, Wonka, "AdaBins: depth estimation using adaptive bins", CVPR 2021; weights
published by the authors at github.com/shariqfarooq123/AdaBins (GPL-3.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.domain import Domain, DomainName
from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.imagenet import ImageNetColours
from mde.nets.mini_vit import NUM_POSITIONS, MiniViT
from mde.nets.net import DepthNet, NetSpec
from mde.nets.output import Output
from mde.nets.renames import renamed
from mde.nets.weights import load_strictly
from mde.nets.weights_file import published_sha256, read_weights
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
_TAPS = (0, 1, 2, 4)
"""Stages of the EfficientNet whose features, at 1/2, 1/4, 1/8 and 1/16 of the size, the decoder takes."""
_MOST_BINS = 4096
"""A file that claims more is not of this family."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """How the published weights of one domain were trained."""

    weights: str
    """Name of the published file."""
    weights_sha256: str | None
    """Its digest, where that is known, to tell it from that of the other domain, which has the same shapes."""
    native_size: tuple[int, int]
    frame_size: tuple[int, int] | None


TRAININGS: dict[DomainName, Training] = {
    "indoor": Training(
        weights="AdaBins_nyu.pt",
        weights_sha256="3c917d1b86d058918d4055e70b2cdb9696ec4967bb2d8f05c0051263c1ac9641",
        native_size=(480, 640),
        frame_size=None,
    ),
    "driving": Training(
        weights="AdaBins_kitti.pt",
        weights_sha256=None,
        native_size=(352, 1216),
        frame_size=(375, 1242),
    ),
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
    if domain.name not in TRAININGS:
        known = ", ".join(TRAININGS)
        raise InputError(
            f"teacher adabins knows the domains {known}, got {domain.name!r}; use --domain with one of them"
        )
    training = TRAININGS[domain.name]
    path = found_weights(weights, teacher="adabins", names=(training.weights,), publisher=PUBLISHER)
    state = renamed(read_weights(path, entry="model"), RENAMES, path=path)
    published = published_sha256(path)
    for name, other in TRAININGS.items():
        if published == other.weights_sha256 and name != domain.name:
            raise InputError(f"{path} are AdaBins' {name} weights; expected {domain.name} ones, change file or domain")
    core = AdaBins(domain.depth_range_m, _num_bins(state))
    load_strictly(core, state, path=path)
    spec = NetSpec(
        name="adabins",
        role="teacher",
        domain=domain.name,
        native_size=training.native_size,
        frame_size=training.frame_size,
        depth_range_m=domain.depth_range_m,
        licence="GPL-3.0",
        weights_sha256=sha256_file(path),
        files=(path,),
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
        self.encoder = Encoder(dims.backbone)
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
        """Which sizes are possible, where this one is not: the transformer's patches must be enough and not too many.

        >>> AdaBins((1e-3, 10.0), 16, Dims(backbone="tf_efficientnet_b0")).size_fault(256, 320)
        'its half-size map must hold 129 to 500 patches of 16x16, as at 480x640; heights 415 to 1630 at this width'
        """
        patch, fewest = self.dims.patch, self.dims.channels + 1
        rows, columns = (-(-side // 2) // patch for side in (height, width))
        if fewest <= rows * columns <= NUM_POSITIONS:
            return None
        rule = f"its half-size map must hold {fewest} to {NUM_POSITIONS} patches of {patch}x{patch}, as at 480x640"
        if not 1 <= columns <= NUM_POSITIONS:
            return rule
        least, most = -(-fewest // columns), NUM_POSITIONS // columns
        if most < least:
            return rule
        return f"{rule}; heights {2 * patch * least - 1} to {2 * (patch * (most + 1) - 1)} at this width"


def bin_edges(widths: Float[Tensor, "batch bins"], depth_range_m: tuple[float, float]) -> Float[Tensor, "batch bins+1"]:
    """Edges in metres, from the beginning of the range to its end, of bins with these shares of it.

    >>> bin_edges(torch.tensor([[0.5, 0.25, 0.25]]), (1.0, 9.0))
    tensor([[1., 5., 7., 9.]])
    """
    begin, end = depth_range_m
    return F.pad((end - begin) * widths, (1, 0), value=begin).cumsum(dim=1)


class Encoder(nn.Module):
    """An EfficientNet with TensorFlow's padding, down to the convolution before its pooling."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        model: Any = timm.create_model(backbone, pretrained=False, num_classes=0)
        stages = {stage["module"]: stage["num_chs"] for stage in model.feature_info}
        self.original_model: Any = model
        self.channels = (*(stages[f"blocks.{tap}"] for tap in _TAPS), model.num_features)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> list[Tensor]:
        """Features from fine to coarse, the deepest at 1/32 as they leave the convolution.

        The BatchNorm after that is run for its input alone: it ran in training, so it has statistics to match.
        """
        net: Any = self.original_model
        x = net.bn1(net.conv_stem(image))
        features = []
        for number, stage in enumerate(net.blocks):
            x = stage(x)
            if number in _TAPS:
                features.append(x)
        deepest = net.conv_head(x)
        net.bn2(deepest)
        return [*features, deepest]


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
