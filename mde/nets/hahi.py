"""Neck of DepthFormer: features of a transformer and of one convolution, made aware of each other.

The four maps of the transformer look at each other; then the finer map of the convolution looks at all four.

Reference: Li, Chen, Liu, Jiang, "DepthFormer: exploiting long-range correlation and local information for
accurate monocular depth estimation", arXiv 2203.14211 (hierarchical aggregation and heterogeneous interaction);
public repository zhyever/Monocular-Depth-Estimation-Toolbox (Apache-2.0). Attribute names are those of its files.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mde.nets.deformable_attention import DeformableAttention

_TEMPERATURE = 10_000.0  # of the sines, as in "Attention is all you need"


class HeterogeneousNeck(nn.Module):
    """Five maps in, five maps of the same sizes and channels out.

    `widths` are the channels of the maps from fine to coarse, the first that of the convolution; attention
    works in `channels`.
    """

    def __init__(self, widths: Sequence[int], channels: int) -> None:
        super().__init__()
        local, *rest = widths
        self.lateral_convs = nn.ModuleList(_convolution(width, width, 1) for width in widths)
        self.trans_proj = nn.ModuleList(_convolution(width, channels, 1) for width in rest)
        self.trans_fusion = nn.ModuleList(_convolution(width + channels, width, 3) for width in rest)
        self.conv_proj = nn.Sequential(_convolution(local, channels, 1))
        self.conv_fusion = nn.Sequential(_convolution(local + channels, local, 3))
        self.level_embed = nn.Parameter(torch.zeros(len(rest), channels))
        self.self_attn = DeformableAttention(channels, len(rest))
        self.multi_att = DeformableAttention(channels, len(rest))
        self.reference_points = nn.Linear(channels, 2)

    def forward(self, features: Sequence[Float[Tensor, "batch _ _ _"]]) -> list[Tensor]:
        """Maps from fine to coarse."""
        lateral = [layer(plane) for layer, plane in zip(self.lateral_convs, features, strict=True)]
        local, rest = lateral[0], lateral[1:]
        aware = self._look_at_each_other([layer(plane) for layer, plane in zip(self.trans_proj, rest, strict=True)])
        found = self._look_from(self.conv_proj(local), aware)
        pairs = zip(self.trans_fusion, rest, aware, strict=True)
        return [
            self.conv_fusion(torch.cat((found, local), dim=1)),
            *(layer(torch.cat((plane, extra), dim=1)) for layer, plane, extra in pairs),
        ]

    def _look_at_each_other(self, maps: list[Tensor]) -> list[Tensor]:
        """Every pixel of every map asks from its own place."""
        levels = zip(maps, self.level_embed, strict=True)
        query = torch.cat([plane_to_tokens(plane) for plane in maps], dim=1)
        position = torch.cat([sine_positions(plane) + level for plane, level in levels])
        centre = torch.cat([pixel_centres(plane) for plane in maps])
        seen = self.self_attn(query, position, centre, maps)
        sizes = [plane.shape[-2] * plane.shape[-1] for plane in maps]
        parts = zip(seen.split(sizes, dim=1), maps, strict=True)
        return [tokens_to_plane(tokens, *plane.shape[-2:]) for tokens, plane in parts]

    def _look_from(self, plane: Tensor, maps: list[Tensor]) -> Tensor:
        """Every pixel of `plane` asks from a place that its position decides, the same in every image."""
        position = sine_positions(plane)
        centre = self.reference_points(position).sigmoid()
        seen = self.multi_att(plane_to_tokens(plane), position, centre, maps)
        return tokens_to_plane(seen, *plane.shape[-2:])


def plane_to_tokens(plane: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch tokens channels"]:
    """Pixels row by row. Inverse: `tokens_to_plane`."""
    return plane.flatten(2).transpose(1, 2)


def tokens_to_plane(
    tokens: Float[Tensor, "batch tokens channels"], height: int, width: int
) -> Float[Tensor, "batch channels {height} {width}"]:
    """Put tokens back where `plane_to_tokens` took them from."""
    return tokens.transpose(1, 2).unflatten(2, (height, width))


def sine_positions(plane: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "tokens channels"]:
    """Row, then column, each as sines and cosines in turn of falling frequency; they count from 1, in pixels.

    Reference: Carion et al., "End-to-end object detection with transformers", ECCV 2020, without normalisation.
    """
    channels, height, width = plane.shape[1:]
    half = channels // 2
    pair = torch.arange(half, device=plane.device) // 2
    period = _TEMPERATURE ** (2 * pair / half)
    rows = _waves(torch.arange(1, height + 1, device=plane.device)[:, None] / period)
    columns = _waves(torch.arange(1, width + 1, device=plane.device)[:, None] / period)
    both = (rows[:, None].expand(-1, width, -1), columns[None].expand(height, -1, -1))
    return torch.cat(both, dim=-1).flatten(0, 1).to(plane)


def _waves(angle: Float[Tensor, "places half"]) -> Float[Tensor, "places half"]:
    return torch.stack((angle[:, 0::2].sin(), angle[:, 1::2].cos()), dim=-1).flatten(1)


def pixel_centres(plane: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "tokens 2"]:
    """(x, y) of every pixel, with the map's corners at 0 and 1."""
    height, width = plane.shape[-2:]
    rows = (torch.arange(height, device=plane.device) + 0.5) / height
    columns = (torch.arange(width, device=plane.device) + 0.5) / width
    both = (columns[None].expand(height, -1), rows[:, None].expand(-1, width))
    return torch.stack(both, dim=-1).flatten(0, 1).to(plane)


def _convolution(num_in: int, num_out: int, side: int) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(num_in, num_out, side, padding=side // 2, bias=False),
            bn=nn.BatchNorm2d(num_out),
            activate=nn.ReLU(inplace=True),
        )
    )
