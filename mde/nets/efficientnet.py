"""EfficientNet as AdaBins' encoder; attribute names are those of its weight files.

Reference: Tan, Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019.
"""

from __future__ import annotations

from typing import Any

import timm
from jaxtyping import Float
from torch import Tensor, nn

_TAPS = (0, 1, 2, 4)
"""Stages whose features, at 1/2, 1/4, 1/8 and 1/16 of the size, the decoder takes."""


class EfficientNet(nn.Module):
    """The network with TensorFlow's padding, down to the convolution before its pooling."""

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
