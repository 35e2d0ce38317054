from __future__ import annotations

import math

import torch
from torch import Tensor

from mde.nets.deformable_attention import DeformableAttention, look


def seeded(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def value_at(plane: Tensor, x: float, y: float) -> Tensor:
    """Bilinear between pixel centres, zero outside; (x, y) in pixels, the first centre at 0.5."""
    depth, height, width = plane.shape
    left, top = math.floor(x - 0.5), math.floor(y - 0.5)
    total = torch.zeros(depth, dtype=plane.dtype)
    for row in (top, top + 1):
        for column in (left, left + 1):
            if 0 <= row < height and 0 <= column < width:
                share = (1 - abs(x - 0.5 - column)) * (1 - abs(y - 0.5 - row))
                total += share * plane[:, row, column]
    return total


def test_a_head_sees_the_weighted_values_at_the_places_of_each_query() -> None:
    values = [seeded(2, 3, 4, 6), seeded(2, 3, 2, 3, seed=1)]
    centre, offsets = seeded(5, 2, seed=2).sigmoid(), 2 * seeded(2, 5, 2, 4, 2, seed=3)
    shares = seeded(2, 5, 2, 4, seed=4)
    seen = look(values, centre, offsets, shares)
    for image in range(2):
        for query in range(5):
            expected = torch.zeros(3, dtype=torch.float64)
            for level, value in enumerate(values):
                height, width = value.shape[-2:]
                for point in range(4):
                    x = float(centre[query, 0] * width + offsets[image, query, level, point, 0])
                    y = float(centre[query, 1] * height + offsets[image, query, level, point, 1])
                    expected += shares[image, query, level, point] * value_at(value[image], x, y)
            torch.testing.assert_close(seen[image, query], expected)


def test_heads_keep_to_their_own_channels_and_the_query_is_added() -> None:
    attention = DeformableAttention(16, 1).double()
    torch.nn.init.zeros_(attention.sampling_offsets.weight)
    torch.nn.init.zeros_(attention.sampling_offsets.bias)
    for layer in (attention.value_proj, attention.output_proj):
        layer.weight.data.copy_(torch.eye(16))
        torch.nn.init.zeros_(layer.bias)
    plane = seeded(1, 16, 1, 1)
    query = seeded(1, 3, 16, seed=1)
    centre = torch.full((3, 2), 0.5, dtype=torch.float64)
    answer = attention(query, seeded(3, 16, seed=2), centre, [plane])
    torch.testing.assert_close(answer, query + plane.flatten()[None, None])  # shares of each head sum to 1


def test_gradients_are_those_of_the_answer_though_heads_look_twice() -> None:
    torch.manual_seed(0)
    attention = DeformableAttention(8, 2).double()
    query, maps = seeded(1, 3, 8).requires_grad_(), [seeded(1, 8, 3, 4), seeded(1, 8, 2, 2).requires_grad_()]
    centre = seeded(3, 2, seed=1).sigmoid()

    def answer(query: Tensor, plane: Tensor) -> Tensor:
        return attention(query, seeded(3, 8, seed=2), centre, [maps[0], plane])

    assert torch.autograd.gradcheck(answer, (query, maps[1]))
