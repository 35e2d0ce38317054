"""MobileViT block: attention over a whole feature map between convolutions, as METER has it.

Attribute names are those of METER's published weight files.

Reference: Mehta, Rastegari, "MobileViT: light-weight, general-purpose, and mobile-friendly vision transformer",
ICLR 2022.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

_NUM_HEADS = 4
_HEAD_CHANNELS = 8


class AttentionBlock(nn.Module):
    """A transformer layer between convolutions, in the manner of MobileViT.

    A pixel attends to the pixels that have its place in their 2x2 patch: four sets of tokens.
    """

    def __init__(self, channels: int, token_channels: int, hidden_channels: int) -> None:
        super().__init__()
        self.conv1 = filter_norm(channels, channels)
        self.conv2 = mix_norm(channels, token_channels)
        mlp = nn.Sequential(
            OrderedDict(
                net=nn.Sequential(
                    nn.Linear(token_channels, hidden_channels),
                    nn.ReLU(),
                    nn.Identity(),  # dropout in training; keeps the next layer's published number 3
                    nn.Linear(hidden_channels, token_channels),
                )
            )
        )
        layer = nn.Sequential(
            Residual(OrderedDict(norm=nn.LayerNorm(token_channels), fn=Attention(token_channels))),
            Residual(OrderedDict(norm=nn.LayerNorm(token_channels), fn=mlp)),
        )
        self.transformer = nn.Sequential(OrderedDict(layers=nn.Sequential(layer)))
        self.conv3 = mix_norm(token_channels, channels)
        self.conv4 = filter_norm(2 * channels, channels)

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels height width"]:
        """Both sides of `x` must be even."""
        height, width = x.shape[-2:]
        tokens = self.transformer(plane_to_tokens(self.conv2(self.conv1(x))))
        return self.conv4(torch.cat((self.conv3(tokens_to_plane(tokens, height, width)), x), dim=1))


class Attention(nn.Module):
    """Softmax attention with several heads."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = _NUM_HEADS * _HEAD_CHANNELS
        self.to_qkv = nn.Linear(channels, 3 * inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, channels))

    def forward(self, tokens: Float[Tensor, "sets tokens channels"]) -> Float[Tensor, "sets tokens channels"]:
        """Mix the tokens within each set."""
        parts = self.to_qkv(tokens).unflatten(-1, (3, _NUM_HEADS, _HEAD_CHANNELS))
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (sets, heads, tokens, channels of a head)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.to_out(mixed.transpose(1, 2).flatten(2))


class Residual(nn.Sequential):
    """A chain of modules whose answer is added to what goes in."""

    def forward(self, input: Tensor) -> Tensor:
        """What goes in plus what the chain makes of it."""
        return input + super().forward(input)


def plane_to_tokens(plane: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "sets tokens channels"]:
    """Four sets of tokens per image, one for each place in a 2x2 patch. Inverse: `tokens_to_plane`."""
    height, width = plane.shape[-2:]
    patches = plane.unflatten(3, (width // 2, 2)).unflatten(2, (height // 2, 2))
    return patches.permute(0, 3, 5, 2, 4, 1).flatten(3, 4).flatten(0, 2)


def tokens_to_plane(
    tokens: Float[Tensor, "sets tokens channels"], height: int, width: int
) -> Float[Tensor, "batch channels {height} {width}"]:
    """Put tokens back where `plane_to_tokens` took them from."""
    patches = tokens.unflatten(1, (height // 2, width // 2)).unflatten(0, (-1, 2, 2))
    return patches.permute(0, 5, 3, 1, 4, 2).flatten(4, 5).flatten(2, 3)


def full_filter(channels_in: int, channels_out: int, *, stride: int = 1) -> nn.Module:
    """A full 3x3 convolution and a 1x1 one; the published name `depthwise` is not what it does."""
    return nn.Sequential(
        OrderedDict(
            depthwise=nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
            pointwise=nn.Conv2d(channels_out, channels_out, 1, bias=False),
        )
    )


def filter_norm(channels_in: int, channels_out: int, *, stride: int = 1) -> nn.Module:
    """A full filter, BatchNorm and ReLU."""
    return nn.Sequential(full_filter(channels_in, channels_out, stride=stride), nn.BatchNorm2d(channels_out), nn.ReLU())


def mix_norm(channels_in: int, channels_out: int) -> nn.Module:
    """A 1x1 convolution, BatchNorm and ReLU."""
    convolution = nn.Conv2d(channels_in, channels_out, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels_out), nn.ReLU())
