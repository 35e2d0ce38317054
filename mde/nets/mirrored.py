"""Mirrored: the mean of a network's depth over an image and its mirror image, as benchmarks are often scored."""

from __future__ import annotations

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor, nn

from mde.nets.net import DepthNet
from mde.nets.output import Output


class Mirrored(nn.Module):
    """A depth network seen from both sides; what else than depth it answers is that of the image itself.

    The same as the order of the authors of AdaBins, who average at half size: clamping comes before, and resizing
    commutes with mirroring and mean.
    """

    def __init__(self, net: DepthNet) -> None:
        super().__init__()
        self.net = net
        self.spec = net.spec

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth at input size."""
        output: Output = self.net(image)
        mirrored: Output = self.net(image.flip(-1))
        return replace(output, depth_m=(output.depth_m + mirrored.depth_m.flip(-1)) / 2.0)
