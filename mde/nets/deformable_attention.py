"""Multi-scale deformable attention in plain PyTorch, within the memory of a small machine.

Each query looks at a few points near its place on maps of several sizes, and states itself which and how much.

Reference: Zhu, Su, Lu, Li, Wang, Dai, "Deformable DETR: deformable transformers for end-to-end object
detection", ICLR 2021, equation 3. Attribute names are those of mmcv's weight files.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

NUM_HEADS = 8
NUM_POINTS = 8
"""Places per head and map at which a query looks."""


class DeformableAttention(nn.Module):
    """Maps of several sizes, read by queries wherever they lie."""

    def __init__(self, channels: int, num_levels: int) -> None:
        super().__init__()
        self.num_levels = num_levels
        self.sampling_offsets = nn.Linear(channels, NUM_HEADS * num_levels * NUM_POINTS * 2)
        self.attention_weights = nn.Linear(channels, NUM_HEADS * num_levels * NUM_POINTS)
        self.value_proj = nn.Linear(channels, channels)
        self.output_proj = nn.Linear(channels, channels)

    def forward(
        self,
        query: Float[Tensor, "batch queries channels"],
        position: Float[Tensor, "queries channels"],
        centre: Float[Tensor, "queries 2"],
        maps: Sequence[Float[Tensor, "batch channels _ _"]],
    ) -> Float[Tensor, "batch queries channels"]:
        """Queries with what they saw added.

        `position` is added to decide where to look and how much; `centre` is each query's place (x, y) with the
        maps' corners at 0 and 1.
        """
        asking = query + position
        num_places = self.num_levels * NUM_POINTS
        offsets = self.sampling_offsets(asking).unflatten(-1, (NUM_HEADS, self.num_levels, NUM_POINTS, 2))
        shares = self.attention_weights(asking).unflatten(-1, (NUM_HEADS, num_places)).softmax(dim=-1)
        shares = shares.unflatten(-1, (self.num_levels, NUM_POINTS))
        values = [project_map(self.value_proj, plane).chunk(NUM_HEADS, dim=1) for plane in maps]
        heads = []
        for own, where, how_much in zip(zip(*values, strict=True), offsets.unbind(2), shares.unbind(2), strict=True):
            # One head at a time, which looks again in the backward pass: what all heads see is gigabytes.
            arguments = (own, centre, where, how_much)
            heads.append(checkpoint(look, *arguments, use_reentrant=False, preserve_rng_state=False))
        return query + self.output_proj(torch.cat(heads, dim=-1))


def project_map(layer: nn.Linear, plane: Float[Tensor, "batch channels height width"]) -> Tensor:
    """A linear layer over the channels of a map, (B,C,h,w)."""
    assert layer.bias is not None
    return F.conv2d(plane, layer.weight[:, :, None, None], layer.bias)


def look(
    values: Sequence[Float[Tensor, "batch depth _ _"]],
    centre: Float[Tensor, "queries 2"],
    offsets: Float[Tensor, "batch queries levels points 2"],
    shares: Float[Tensor, "batch queries levels points"],
) -> Float[Tensor, "batch queries depth"]:
    """One head: the values at the queries' places, weighted by their `shares`, summed map by map.

    `offsets` are in pixels of each map. Between pixel centres values are bilinear; outside a map they are zero.
    """
    seen = []
    for level, value in enumerate(values):
        size = offsets.new_tensor((value.shape[-1], value.shape[-2]))
        place = 2 * (centre[:, None] + offsets[:, :, level] / size) - 1
        sampled = F.grid_sample(value, place, mode="bilinear", padding_mode="zeros", align_corners=False)
        seen.append((sampled * shares[:, None, :, level]).sum(dim=-1))
    return torch.stack(seen).sum(dim=0).transpose(1, 2)
