from __future__ import annotations

import torch
from torch import nn

from adapt.norm_layer import norm_layers, num_channels
from tests.adapt.mixed_teacher import mixed_teacher


def test_every_norm_is_found_and_nothing_else() -> None:
    assert list(norm_layers(mixed_teacher())) == ["core.stored", "core.maps", "core.tokens", "core.idle"]


def test_norms_of_other_classes_are_known_with_their_channels() -> None:
    class Frozen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("running_mean", torch.zeros(7))
            self.register_buffer("running_var", torch.ones(7))

    net = nn.Sequential(nn.RMSNorm(3), nn.InstanceNorm2d(4), nn.GroupNorm(1, 5), nn.LayerNorm((2, 6)), Frozen())
    layers = norm_layers(net)
    assert [num_channels(layer) for layer in layers.values()] == [3, 4, 5, 6, 7]
