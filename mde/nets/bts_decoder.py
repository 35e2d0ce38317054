"""Decoder of BTS: from features of a classifier to a map at full size, guided by planes at three sizes.

The last convolution, from this map to depth, is the caller's: published variants differ in it.
Written from the paper and from facts about the published files; attribute names are those of the files.

Reference: Lee, Han, Ko, Suh, "From big to small: multi-scale local planar guidance for monocular depth
estimation", arXiv 1907.10326, figure 2.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.nets.local_planar_guidance import plane_depth, planes

_NORM_EPS = 1.1e-5  # of the decoder's own BatchNorm; torch's default within the dilated convolutions
_DILATIONS = (3, 6, 12, 18, 24)
_FEWEST_CHANNELS = 8
"""At which a reduction ends."""


class BtsDecoder(nn.Module):
    """`skips` are the channels of the features at strides 2 to 32; `width` those after the first step up."""

    def __init__(self, skips: Sequence[int], max_depth_m: float, width: int = 512) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth, deepest = skips
        self.max_depth_m = max_depth_m
        self.upconv5, self.bn5 = Up(deepest, width), _norm(width)
        self.conv5 = _convolution(width + sixteenth, width)
        self.upconv4, self.bn4 = Up(width, width // 2), _norm(width // 2)
        self.conv4, self.bn4_2 = _convolution(width // 2 + eighth, width // 2), _norm(width // 2)
        growing = width // 2 + eighth
        for dilation in _DILATIONS:
            is_first = dilation == _DILATIONS[0]
            channels = width // 2 if is_first else growing
            self.add_module(f"daspp_{dilation}", Dilated(channels, width // 2, dilation, has_norm=not is_first))
            growing += width // 4
        self.daspp_conv = _convolution(width // 2 + len(_DILATIONS) * (width // 4), width // 4)
        self.reduc8x8 = Reduction(width // 4, width // 4, "plane_params", 3)
        self.upconv3, self.bn3 = Up(width // 4, width // 4), _norm(width // 4)
        self.conv3 = _convolution(width // 4 + quarter + 1, width // 4)
        self.reduc4x4 = Reduction(width // 4, width // 8, "plane_params", 3)
        self.upconv2, self.bn2 = Up(width // 4, width // 8), _norm(width // 8)
        self.conv2 = _convolution(width // 8 + half + 1, width // 8)
        self.reduc2x2 = Reduction(width // 8, width // 16, "plane_params", 3)
        self.upconv1 = Up(width // 8, width // 16)
        self.reduc1x1 = Reduction(width // 16, width // 32, "final", 1)
        self.conv1 = _convolution(width // 16 + 4, width // 16)

    def forward(self, features: Sequence[Float[Tensor, "batch _ _ _"]]) -> Float[Tensor, "batch channels _ _"]:
        """A map at twice the size of the finest of `features`, which come from fine to coarse."""
        half, quarter, eighth, sixteenth, deepest = features
        x = self.conv5(torch.cat((self.bn5(self.upconv5(F.relu(deepest))), sixteenth), dim=1))
        x = self._with_context(torch.cat((self.bn4(self.upconv4(x)), eighth), dim=1))
        by_8 = self._guidance(self.reduc8x8(x), 8)
        x = self.conv3(torch.cat((self.bn3(self.upconv3(x)), quarter, by_8[..., ::4, ::4]), dim=1))
        by_4 = self._guidance(self.reduc4x4(x), 4)
        x = self.conv2(torch.cat((self.bn2(self.upconv2(x)), half, by_4[..., ::2, ::2]), dim=1))
        by_2 = self._guidance(self.reduc2x2(x), 2)
        x = self.upconv1(x)
        by_1 = self.reduc1x1(x).sigmoid()
        return self.conv1(torch.cat((x, by_1, by_2, by_4, by_8), dim=1))

    def _with_context(self, joined: Tensor) -> Tensor:
        """Convolutions of growing dilation, each seeing what all before it answered."""
        seen = joined
        x = self.bn4_2(self.conv4(joined))
        answers = [x]
        for dilation in _DILATIONS:
            layer = self.get_submodule(f"daspp_{dilation}")
            answers.append(layer(x if dilation == _DILATIONS[0] else seen))
            seen = torch.cat((seen, answers[-1]), dim=1)
        return self.daspp_conv(torch.cat(answers, dim=1))

    def _guidance(self, answer: Tensor, ratio: int) -> Tensor:
        """Depth of the planes at full size, as a share of the largest depth."""
        return plane_depth(*planes(answer, self.max_depth_m), ratio) / self.max_depth_m


class Up(nn.Module):
    """Twice the size, then a filter."""

    def __init__(self, num_in: int, num_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(num_in, num_out, 3, padding=1, bias=False)

    def forward(self, x: Float[Tensor, "batch _ _ _"]) -> Float[Tensor, "batch _ _ _"]:
        """Nearest neighbours are repeated."""
        return F.elu(self.conv(F.interpolate(x, scale_factor=2, mode="nearest")))


class Dilated(nn.Module):
    """A filter with holes, on fewer channels than came."""

    def __init__(self, num_in: int, middle: int, dilation: int, *, has_norm: bool) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if has_norm:
            layers["first_bn"] = _norm(num_in)
        layers["aconv_sequence"] = nn.Sequential(
            *(nn.ReLU(), nn.Conv2d(num_in, middle, 1, bias=False), nn.BatchNorm2d(middle), nn.ReLU()),
            nn.Conv2d(middle, middle // 2, 3, padding=dilation, dilation=dilation, bias=False),
        )
        self.atrous_conv = nn.Sequential(layers)

    def forward(self, x: Float[Tensor, "batch _ height width"]) -> Float[Tensor, "batch _ height width"]:
        """Features of the same size."""
        return self.atrous_conv(x)


class Reduction(nn.Module):
    """1x1 convolutions that halve the channels down to eight, and a last one named `last`."""

    def __init__(self, num_in: int, first: int, last: str, num_out: int) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        before, after = num_in, first
        while after >= _FEWEST_CHANNELS:
            layers[f"inter_{before}_{after}"] = nn.Sequential(nn.Conv2d(before, after, 1, bias=False), nn.ELU())
            before, after = after, after // 2
        end = nn.Conv2d(before, num_out, 1, bias=False)
        layers[last] = end if last == "plane_params" else nn.Sequential(end)
        self.reduc = nn.Sequential(layers)

    def forward(self, x: Float[Tensor, "batch _ height width"]) -> Float[Tensor, "batch _ height width"]:
        """Unbounded answers."""
        return self.reduc(x)


def _convolution(num_in: int, num_out: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(num_in, num_out, 3, padding=1, bias=False), nn.ELU())


def _norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, eps=_NORM_EPS)
