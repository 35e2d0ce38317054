"""Edge student: a mobile backbone, a light decoder, and a depth probability map at quarter resolution.

Plain convolutions, BatchNorm, ReLU and resizing only, so that it runs whole on phone accelerators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import timm
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.bins import Bins
from mde.dpm import dpm_mean
from mde.nets.output import Output
from mde.nets.plain import WIDTHS, PlainBackbone
from mde.nets.student_net import PyramidStudent

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
DECODER_WIDTHS = (160, 96, 64, 32)
"""Channels at strides 16, 8, 4 and 2."""


class EdgeStudent(PyramidStudent):
    """Maps image (B,3,H,W), RGB in [0,1], to depth at the same size, explained by a DPM at quarter size.

    depth = up2(sum_i p_i c_i) * exp(r): p is the softmax over `bins` at stride 4, r a correction at
    stride 2 that starts at zero, so the DPM stays what explains the answer. Any H, W from 32 up.

    Differs from TIE-KD's student: a full-resolution map of 257 bins and a decoder of 200 GMAC at
    480x640 become 128 bins at a quarter and about 2 GMAC.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: str, bins: Bins, depth_range_m: tuple[float, float]) -> None:
        super().__init__(bins, depth_range_m)
        self.backbone, channels = BACKBONES[backbone]()
        self.decoder = EdgeDecoder(channels)
        self.dpm_head = nn.Conv2d(DECODER_WIDTHS[2], bins.num_bins, kernel_size=1)
        self.residual_head = nn.Conv2d(DECODER_WIDTHS[3], 1, kernel_size=3, padding=1)
        nn.init.zeros_(self.residual_head.weight)
        nn.init.zeros_(self.residual_head.bias)  # type: ignore[arg-type]
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def features(self, image: Float[Tensor, "batch 3 height width"]) -> list[Tensor]:
        """Five maps, at strides 2 to 32."""
        return list(self.backbone((image - self.mean) / self.std))

    def decode(self, features: Sequence[Tensor], image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth in metres inside the range, with the logits of the DPM."""
        quarter, half = self.decoder(features)
        logits = self.dpm_head(quarter)
        residual = self.residual_head(half)
        coarse_m = dpm_mean(logits.float().softmax(dim=1), self.bins)
        depth_m = _upsample(coarse_m, residual) * residual.float().exp()
        depth_m = F.interpolate(depth_m, size=image.shape[-2:], mode="bilinear", align_corners=False)
        return Output(depth_m=depth_m.clamp(*self.depth_range_m), dpm_logits=logits, features=tuple(features))


class EdgeDecoder(nn.Module):
    """From backbone features at strides 2..32 to two maps, at strides 4 and 2.

    Each step: depthwise 5x5 and pointwise convolution, nearest upsampling to the skip's size, and the
    skip added after a pointwise convolution. After FastDepth (Wofk et al., ICRA 2019), whose decoder
    has no additive projection.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        skips = list(channels[-2::-1])
        inputs = [channels[-1], *DECODER_WIDTHS[:-1]]
        self.steps = nn.ModuleList(_separable(i, o) for i, o in zip(inputs, DECODER_WIDTHS, strict=True))
        self.skips = nn.ModuleList(nn.Conv2d(s, o, 1) for s, o in zip(skips, DECODER_WIDTHS, strict=True))

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Features from fine to coarse, as backbones give them."""
        maps = [features[-1]]
        for step, project, skip in zip(self.steps, self.skips, features[-2::-1], strict=True):
            side = project(skip)
            maps.append(F.relu(F.interpolate(step(maps[-1]), size=side.shape[-2:], mode="nearest") + side))
        return maps[-2], maps[-1]


def _separable(num_in: int, num_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(num_in, num_in, 5, padding=2, groups=num_in, bias=False),
        nn.BatchNorm2d(num_in),
        nn.ReLU(inplace=True),
        nn.Conv2d(num_in, num_out, 1, bias=False),
        nn.BatchNorm2d(num_out),
    )


def _upsample(plane: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(plane, size=like.shape[-2:], mode="bilinear", align_corners=False)


Backbone = tuple[nn.Module, Sequence[int]]
"""A network that answers features from fine to coarse, strides 2 to 32, and their channels."""


def _timm(name: str) -> Backbone:
    features: Any = timm.create_model(name, pretrained=False, features_only=True)
    return features, features.feature_info.channels()


BACKBONES: dict[str, Callable[[], Backbone]] = {
    "mobilenetv2": lambda: _timm("mobilenetv2_100"),
    "mobilenetv2_035": lambda: _timm("mobilenetv2_035"),
    "mobilenetv4_small": lambda: _timm("mobilenetv4_conv_small"),
    "efficientnet_lite0": lambda: _timm("efficientnet_lite0"),
    "resnet18": lambda: _timm("resnet18"),
    "plain": lambda: (PlainBackbone(), WIDTHS),
}
"""Students by name, and what builds the backbone of each.

Not among them: MobileNetV3 and EfficientNet proper, whose squeeze-and-excitation and hard swish phone accelerators hand
back to the processor. ResNet-18 has neither, and costs six times the default.
"""
