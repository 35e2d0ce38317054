"""Decoder of the Toolbox's networks: features from coarse to fine, each joined with what came before.

Attribute names are those of the weight files of zhyever/Monocular-Depth-Estimation-Toolbox.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

Convolution = Callable[[int, int], nn.Module]
"""From channels in and out to a 3x3 convolution and what follows it."""


def skip_decoder(widths: Sequence[int], skip_widths: Sequence[int], convolution: Convolution) -> nn.ModuleList:
    """Steps from the coarsest map to the finest, for `decode`.

    `widths` are the channels of each step's answer, `skip_widths` those of the map that it takes, coarsest first.
    """
    start = nn.Sequential(OrderedDict(conv=nn.Conv2d(skip_widths[0], widths[0], 1)))
    joins = zip(widths[:-1], skip_widths[1:], widths[1:], strict=True)
    return nn.ModuleList([start, *(Join(before + skip, after, convolution) for before, skip, after in joins)])


def decode(steps: nn.ModuleList, features: Sequence[Float[Tensor, "batch _ _ _"]]) -> Float[Tensor, "batch _ _ _"]:
    """The last step's answer, at the size of the first of `features`, which come from fine to coarse."""
    start, *joins = steps
    coarse = start(features[-1])
    for join, skip in zip(joins, features[-2::-1], strict=True):
        coarse = join(coarse, skip)
    return coarse


class Join(nn.Module):
    """Bring coarse features to the size of the skip, and filter both twice."""

    def __init__(self, num_in: int, num_out: int, convolution: Convolution) -> None:
        super().__init__()
        self.convA = convolution(num_in, num_out)
        self.convB = convolution(num_out, num_out)

    def forward(self, coarse: Float[Tensor, "batch _ _ _"], skip: Float[Tensor, "batch _ height width"]) -> Tensor:
        """Corners on corners (align_corners), as the published weights need it."""
        grown = F.interpolate(coarse, size=skip.shape[-2:], mode="bilinear", align_corners=True)
        return self.convB(self.convA(torch.cat((grown, skip), dim=1)))
