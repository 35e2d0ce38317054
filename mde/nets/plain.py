"""Plain backbone: dense 3x3 convolutions with BatchNorm and ReLU, nothing else."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

WIDTHS = (16, 32, 64, 96, 128)
"""Channels at strides 2, 4, 8, 16 and 32."""


class PlainBackbone(nn.Module):
    """Features at strides 2 to 32, for processors on which depthwise convolutions waste their time.

    From scratch it also learns faster per step than a MobileNetV2 of the same cost (LOG.md).
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        pairs = zip((3, *widths[:-1]), widths, strict=True)
        self.stages = nn.ModuleList(_stage(fine, coarse) for fine, coarse in pairs)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> list[Tensor]:
        """Maps from fine to coarse; odd sizes are rounded up."""
        maps = []
        out = image
        for stage in self.stages:
            out = stage(out)
            maps.append(out)
        return maps


def _stage(fine: int, coarse: int) -> nn.Sequential:
    """Half the size; the image itself, large and with three channels, gets one convolution only."""
    shrink = _convolution(fine, coarse, stride=2)
    return shrink if fine == 3 else nn.Sequential(shrink, _convolution(coarse, coarse, stride=1))


def _convolution(num_in: int, num_out: int, *, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(num_in, num_out, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(num_out),
        nn.ReLU(inplace=True),
    )
