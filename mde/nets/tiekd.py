"""TIE-KD's own students, as published: dense decoders that explain depth by a DPM at the size of the image.

Written from the paper and from facts about the released configurations; for comparison with published tables, since
with 160 to 303 GMAC at 480x640 the smallest of them asks for more than the teacher AdaBins (187).

Reference: Choi et al., "TIE-KD: teacher-independent and explainable knowledge distillation for monocular depth
estimation", Image and Vision Computing 2024; code at github.com/HPC-Lab-KOREATECH/TIE-KD (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import timm
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.bins import Bins
from mde.dpm import dpm_mean
from mde.nets.imagenet import ImageNetColours
from mde.nets.output import Output
from mde.nets.student_net import PyramidStudent

MOBILE_DILATIONS = (1, 1, 1, 2, 2, 4, 4)
"""Of the depthwise convolutions in each stage; where it is more than 1 the stage keeps its size, at 1/8."""


class TiekdStudent(PyramidStudent):
    """Maps image (B,3,H,W), RGB in [0,1], to depth at the same size: y = sum_i p_i c_i, p the softmax over `bins`.

    Any H, W from 32 up. `dpm_logits` are (B,K,H,W), 316 MB an image at 480x640 and 257 bins, so training fits in
    memory in small batches only. The published baselines that learn from the teacher's response alone replace the
    DPM by a sigmoid times the range; here they are trained through the mean of the DPM, with one network for both.

    Differs: bins are the caller's (published: 257 uniform ones on 1e-3..80 m, 49 to 10 m); depth and DPM have the
    size of the image also where its sides are not multiples of 4; BatchNorm where the MobileNetV2 had SyncBN.
    """

    def __init__(self, name: str, bins: Bins, depth_range_m: tuple[float, float]) -> None:
        super().__init__(bins, depth_range_m)
        layout = LAYOUTS[name]
        self.colours = ImageNetColours()
        self.backbone, channels = layout.backbone()
        self.decoder = Decoder(channels, layout.widths, layout.num_plain)
        self.dpm_head = nn.Conv2d(layout.widths[-1], bins.num_bins, kernel_size=1)

    def features(self, image: Float[Tensor, "batch 3 height width"]) -> list[Tensor]:
        """Maps of the backbone: four of the MobileNetV2, at strides 4, 8, 8 and 8, five of the ResNets, at 2 to 32."""
        return list(self.backbone(self.colours(image)))

    def decode(self, features: Sequence[Tensor], image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth in metres inside the range, with the logits of the DPM."""
        logits = self.dpm_head(self.decoder(features, image))
        depth_m = dpm_mean(logits.float().softmax(dim=1), self.bins)
        return Output(depth_m=depth_m.clamp(*self.depth_range_m), dpm_logits=logits, features=tuple(features))


class Decoder(nn.Module):
    """From backbone features, fine to coarse, to one map at the size of the image.

    A pointwise convolution of the coarsest; one step up for each finer skip, joined with it; then `num_plain` steps
    without skip, each twice the size. After DenseDepth (Alhashim, Wonka, 2018).
    """

    def __init__(self, channels: Sequence[int], widths: Sequence[int], num_plain: int) -> None:
        super().__init__()
        skips = channels[-2::-1]
        self.reduce = nn.Conv2d(channels[-1], widths[0], kernel_size=1)
        self.joins = nn.ModuleList(
            _two_convolutions(coarse + skip, fine)
            for coarse, skip, fine in zip(widths[:-1], skips, widths[1:], strict=True)
        )
        self.plain = nn.ModuleList(_two_convolutions(widths[-1], widths[-1]) for _ in range(num_plain))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                _initialise(layer)

    def forward(self, features: Sequence[Tensor], image: Tensor) -> Tensor:
        """One map of the size of `image`."""
        out = self.reduce(features[-1])
        for join, skip in zip(self.joins, features[-2::-1], strict=True):
            out = join(torch.cat((_grown(out, skip), skip), dim=1))
        for left, step in zip(reversed(range(len(self.plain))), self.plain, strict=True):
            out = step(_grown(out, image, parts=2**left))
        return out


def _grown(plane: Tensor, like: Tensor, *, parts: int = 1) -> Tensor:
    """Bilinear with corners on corners, as published, to that part of the size of `like`, rounded up as strides round.

    In positive numbers: ONNX divides towards zero, not down.
    """
    size = [(side + parts - 1) // parts for side in like.shape[-2:]]
    return F.interpolate(plane, size=size, mode="bilinear", align_corners=True)


def _two_convolutions(num_in: int, num_out: int) -> nn.Sequential:
    """Each 3x3 with a bias and without normalisation."""
    return nn.Sequential(
        nn.Conv2d(num_in, num_out, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(num_out, num_out, 3, padding=1),
        nn.ReLU(inplace=True),
    )


def _initialise(layer: nn.Conv2d) -> None:
    """He's, as the released decoder begins: with torch's default ten such layers in a row would answer nearly 0."""
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)


Backbone = tuple[nn.Module, Sequence[int]]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One of the three students."""

    backbone: Callable[[], Backbone]
    """A network that answers features from fine to coarse, and their channels."""
    widths: tuple[int, ...]
    """Channels of the pointwise convolution, then of each step with a skip."""
    num_plain: int
    """Steps without skip, from the finest feature to the size of the image."""


def _dilated_mobilenet() -> Backbone:
    """MobileNetV2 with features of 24 channels at 1/4, and 32, 96 and 320 at 1/8, as later stages do not shrink.

    timm can dilate by itself, but leaves the first block of each stage one step behind.
    """
    features: Any = timm.create_model("mobilenetv2_100", pretrained=False, features_only=True, out_indices=(1, 2, 3, 4))
    for stage, dilation in zip(features.blocks, MOBILE_DILATIONS, strict=True):
        for block in stage if dilation > 1 else ():
            block.conv_dw.stride = (1, 1)
            block.conv_dw.dilation = block.conv_dw.padding = (dilation, dilation)
    return features, features.feature_info.channels()


def _resnet(name: str) -> Backbone:
    features: Any = timm.create_model(name, pretrained=False, features_only=True)
    return features, features.feature_info.channels()


LAYOUTS = {
    "tiekd_mobilenetv2": Layout(backbone=_dilated_mobilenet, widths=(2048, 512, 256, 128), num_plain=2),
    "tiekd_resnet18": Layout(backbone=lambda: _resnet("resnet18"), widths=(512, 256, 256, 128, 128), num_plain=1),
    "tiekd_resnet50": Layout(backbone=lambda: _resnet("resnet50"), widths=(2048, 1024, 512, 256, 128), num_plain=1),
}
"""Students by name."""
