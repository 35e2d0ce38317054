"""Plane decoder: BTS's way back to full size, guided by local planes; attribute names are those of the weight files.

Reference: Lee, Han, Ko, Suh, "From big to small: multi-scale local planar guidance for monocular depth
estimation", arXiv 1907.10326.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.nets.plane_guidance import depth_reduction, plane_depth, plane_reduction


class PlaneDecoder(nn.Module):
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
