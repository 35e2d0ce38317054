"""BTS: metric depth guided by local planes, on DenseNet-161 or ResNet-50.

Written from the paper and from facts about the published files; attribute names are those of the files.

Reference: Lee, Han, Ko, Suh, "From big to small: multi-scale local planar guidance for monocular depth
estimation", arXiv 1907.10326; PyTorch weights published at github.com/cleinc/bts (GPL-3.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.domain import Domain, DomainName
from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.imagenet import ImageNetColours
from mde.nets.net import DepthNet, NetSpec
from mde.nets.output import Output
from mde.nets.plane_guidance import depth_reduction, plane_depth, plane_reduction
from mde.nets.renames import renamed
from mde.nets.weights import Allowed, load_strictly, read_torch_weights
from mde.nets.weights_folder import found_weights

PUBLISHER = "github.com/cleinc/bts (the file `model` in a zip for each network)"
RENAMES = {"module.": ""}
REFERENCE_FOCAL_PX = 715.0873
"""Focal length for which the network of the driving domain answers metres; others scale its answer."""
_UNUSED = ("encoder.base_model.fc.weight", "encoder.base_model.fc.bias")
"""ResNet's classifier, which lies in the file and takes no part in depth."""
_RECONSTRUCT: Any = np.zeros(0).__reduce__()[0]
ALLOWED: tuple[Allowed, ...] = (
    (_RECONSTRUCT, "numpy.core.multiarray._reconstruct"),
    (_RECONSTRUCT, "numpy._core.multiarray._reconstruct"),
    np.ndarray,
    np.dtype,
    np.dtypes.Int32DType,
)
"""What the list of best steps, an array of int32, is made of in the files of a training with evaluation."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """How the published weights of one domain were trained."""

    weights: tuple[str, ...]
    """Published files, with the folders that their zips unpack to."""
    native_size: tuple[int, int]
    frame_size: tuple[int, int] | None
    scales_with_focal: bool


TRAININGS: dict[DomainName, Training] = {
    "indoor": Training(
        weights=("bts_nyu_v2_pytorch_densenet161/model", "bts_nyu_v2_pytorch_resnet50/model"),
        native_size=(480, 640),
        frame_size=None,
        scales_with_focal=False,
    ),
    "driving": Training(
        weights=("bts_eigen_v2_pytorch_densenet161/model", "bts_eigen_v2_pytorch_resnet50/model"),
        native_size=(352, 1216),
        frame_size=(375, 1242),
        scales_with_focal=True,
    ),
}
BACKBONES = {
    "densenet161": ("norm0", "pool0", "transition1", "transition2", "norm5"),
    "resnet50": ("act1", "layer1", "layer2", "layer3", "layer4"),
}
"""Networks of timm, and their layers after which features are taken, at 1/2 to 1/32 of the size."""


def load_bts(weights: Path | None, domain: Domain) -> DepthNet:
    """BTS with the published weights of `domain`, frozen and in eval mode; the file says which backbone.

    Raises:
        InputError: for a domain that BTS was not trained on, when there is no file, and when it is not
            readable or belongs to another network.
    """
    if domain.name not in TRAININGS:
        known = ", ".join(TRAININGS)
        raise InputError(f"teacher bts knows the domains {known}, got {domain.name!r}; use --domain with one of them")
    training = TRAININGS[domain.name]
    path = found_weights(weights, teacher="bts", names=training.weights, publisher=PUBLISHER)
    state = renamed(read_torch_weights(path, entry="model", allowed=ALLOWED), RENAMES, path=path)
    backbone = backbone_of(state)
    state = {key: tensor for key, tensor in state.items() if key not in _UNUSED}
    focal_px = domain.camera.f_px[0] if training.scales_with_focal else None
    core = Bts(backbone, domain.depth_range_m[1], focal_px)
    load_strictly(core, state, path=path)
    spec = NetSpec(
        name="bts",
        role="teacher",
        domain=domain.name,
        native_size=training.native_size,
        frame_size=training.frame_size,
        depth_range_m=domain.depth_range_m,
        licence="GPL-3.0",
        weights_sha256=sha256_file(path),
        weights_path=path,
    )
    return DepthNet(core, spec, size_rule=size_fault).eval().requires_grad_(False)


def backbone_of(state: Mapping[str, Tensor]) -> str:
    """DenseNet names its first convolution conv0, ResNet conv1."""
    return "densenet161" if "encoder.base_model.conv0.weight" in state else "resnet50"


def size_fault(height: int, width: int) -> str | None:
    """Which sizes are possible, where this one is not."""
    if min(height, width) >= 32 and height % 32 == 0 and width % 32 == 0:
        return None
    nearest = "x".join(str(max(32, 32 * round(side / 32))) for side in (height, width))
    return f"both sides must be multiples of 32, as {nearest}"


class Bts(nn.Module):
    """The network at every size whose sides are multiples of 32.

    `raw` is the answer itself, in metres at input size, and `depth_m` the same: up to `max_depth_m`, and where the
    camera's focal length counts (`focal_px` not None) up to that times focal_px / 715.0873.
    """

    def __init__(self, backbone: str, max_depth_m: float, focal_px: float | None) -> None:
        super().__init__()
        self.focal_px = focal_px
        self.max_depth_m = max_depth_m
        self.colours = ImageNetColours()
        self.encoder = Encoder(backbone)
        self.decoder = Decoder(self.encoder.channels, max_depth_m)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth of RGB in [0, 1]; normalises by itself."""
        raw = self.decoder(self.encoder(self.colours(image))).float() * self.max_depth_m
        if self.focal_px is not None:
            raw = raw * (self.focal_px / REFERENCE_FOCAL_PX)
        return Output(depth_m=raw, raw=raw)


class Encoder(nn.Module):
    """A classifier's layers, up to its pooling."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        network: Any = timm.create_model(backbone, pretrained=False, num_classes=0)
        self.base_model: nn.Module = network.features if backbone == "densenet161" else network
        self.taps = BACKBONES[backbone]
        self.channels = tuple(info["num_chs"] for info in network.feature_info)
        if backbone == "densenet161":
            self.channels = (96, 96, 192, 384, 2208)  # timm's table has the blocks, which end before the transitions

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> list[Tensor]:
        """Features from fine to coarse, each after its ReLU where it has one."""
        features, x = [], image
        for name, layer in self.base_model.named_children():
            x = layer(x)
            if name in self.taps:
                features.append(x)
            if name == self.taps[-1]:
                break
        return features


class Decoder(nn.Module):
    """Five steps up to full size, the last three of them shown depth on planes of the step before."""

    def __init__(self, channels: tuple[int, ...], max_depth_m: float) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth, deepest = channels
        self.max_depth_m = max_depth_m
        self.upconv5, self.bn5 = UpConv(deepest, 512), _norm(512)
        self.conv5 = _convolution(512 + sixteenth, 512)
        self.upconv4, self.bn4 = UpConv(512, 256), _norm(256)
        self.conv4, self.bn4_2 = _convolution(256 + eighth, 256), _norm(256)
        joined = 256 + eighth
        self.daspp_3 = Atrous(256, 3, first_norm=False)
        self.daspp_6 = Atrous(joined + 128, 6)
        self.daspp_12 = Atrous(joined + 256, 12)
        self.daspp_18 = Atrous(joined + 384, 18)
        self.daspp_24 = Atrous(joined + 512, 24)
        self.daspp_conv = _convolution(256 + 5 * 128, 128)
        self.reduc8x8 = plane_reduction(128, 128)
        self.upconv3, self.bn3 = UpConv(128, 128), _norm(128)
        self.conv3 = _convolution(128 + quarter + 1, 128)
        self.reduc4x4 = plane_reduction(128, 64)
        self.upconv2, self.bn2 = UpConv(128, 64), _norm(64)
        self.conv2 = _convolution(64 + half + 1, 64)
        self.reduc2x2 = plane_reduction(64, 32)
        self.upconv1 = UpConv(64, 32)
        self.reduc1x1 = depth_reduction(32, 16)
        self.conv1 = _convolution(32 + 4, 32)
        self.get_depth = nn.Sequential(nn.Conv2d(32, 1, 3, padding=1, bias=False), nn.Sigmoid())

    def forward(self, features: list[Tensor]) -> Float[Tensor, "batch 1 _ _"]:
        """Depth as a share of the largest, at the size of the image, from features of 1/2 to 1/32 of it."""
        half, quarter, eighth, sixteenth, deepest = features
        x = self.conv5(torch.cat((self.bn5(self.upconv5(deepest.relu())), sixteenth), dim=1))
        x = self._dense_aspp(torch.cat((self.bn4(self.upconv4(x)), eighth), dim=1))
        by_eight = self._planes(self.reduc8x8(x), 8)
        x = self.conv3(torch.cat((self.bn3(self.upconv3(x)), quarter, by_eight[..., ::4, ::4]), dim=1))
        by_four = self._planes(self.reduc4x4(x), 4)
        x = self.conv2(torch.cat((self.bn2(self.upconv2(x)), half, by_four[..., ::2, ::2]), dim=1))
        by_two = self._planes(self.reduc2x2(x), 2)
        x = self.upconv1(x)
        x = self.conv1(torch.cat((x, self.reduc1x1(x), by_two, by_four, by_eight), dim=1))
        return self.get_depth(x)

    def _dense_aspp(self, joined: Tensor) -> Tensor:
        """Views of five widths, each of the atrous convolutions shown the answers of those before it."""
        x = self.bn4_2(self.conv4(joined))
        answers = [self.daspp_3(x)]
        for wider in (self.daspp_6, self.daspp_12, self.daspp_18, self.daspp_24):
            answers.append(wider(torch.cat((joined, *answers), dim=1)))
        return self.daspp_conv(torch.cat((x, *answers), dim=1))

    def _planes(self, numbers: Tensor, side: int) -> Tensor:
        return plane_depth(numbers, side, self.max_depth_m) / self.max_depth_m


class UpConv(nn.Module):
    """Twice the size by repeated pixels, then a convolution."""

    def __init__(self, channels: int, channels_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels_out, 3, padding=1, bias=False)

    def forward(self, x: Float[Tensor, "batch _ _ _"]) -> Float[Tensor, "batch _ _ _"]:
        """Features at twice the size."""
        return F.elu(self.conv(F.interpolate(x, scale_factor=2, mode="nearest")))


class Atrous(nn.Module):
    """A convolution with holes that sees as far as `rate` pixels, to 128 channels."""

    def __init__(self, channels: int, rate: int, *, first_norm: bool = True) -> None:
        super().__init__()
        self.atrous_conv = nn.Sequential()
        if first_norm:
            self.atrous_conv.add_module("first_bn", nn.BatchNorm2d(channels))
        narrow = (nn.ReLU(), nn.Conv2d(channels, 256, 1, bias=False), nn.BatchNorm2d(256))
        wide = (nn.ReLU(), nn.Conv2d(256, 128, 3, padding=rate, dilation=rate, bias=False))
        self.atrous_conv.add_module("aconv_sequence", nn.Sequential(*narrow, *wide))

    def forward(self, x: Float[Tensor, "batch _ height width"]) -> Float[Tensor, "batch 128 height width"]:
        """Features of the same size."""
        return self.atrous_conv(x)


def _convolution(channels: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, channels_out, 3, padding=1, bias=False), nn.ELU())


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1.1e-5)
