from __future__ import annotations

import math

import pytest
import torch

from mde.nets.hahi import HeterogeneousNeck, pixel_centres, plane_to_tokens, sine_positions, tokens_to_plane


def test_positions_are_waves_of_the_row_and_then_of_the_column() -> None:
    positions = sine_positions(torch.zeros(1, 16, 3, 5))
    for row in range(3):
        for column in range(5):
            expected = []
            for place in (row + 1, column + 1):
                for pair in range(4):
                    angle = place / 10_000 ** (2 * pair / 8)
                    expected += [math.sin(angle), math.cos(angle)]
            assert positions[5 * row + column].tolist() == pytest.approx(expected, abs=1e-6)


def test_centres_and_tokens_have_the_same_order() -> None:
    plane = torch.arange(2 * 3 * 4 * 5.0).view(2, 3, 4, 5)
    tokens = plane_to_tokens(plane)
    assert torch.equal(tokens_to_plane(tokens, 4, 5), plane)
    x, y = pixel_centres(plane)[7].tolist()
    assert (x, y) == pytest.approx((2.5 / 5, 1.5 / 4))
    assert torch.equal(tokens[1, 7], plane[1, :, 1, 2])


def test_maps_keep_their_sizes_and_the_finest_learns_of_the_coarsest() -> None:
    torch.manual_seed(0)
    neck = HeterogeneousNeck((8, 16, 24, 32, 40), 16).eval().requires_grad_(False)
    sides = ((20, 24), (10, 12), (5, 6), (3, 3), (2, 2))
    maps = [torch.randn(1, width, *side) for width, side in zip((8, 16, 24, 32, 40), sides, strict=True)]
    maps[-1].requires_grad_()
    answers = neck(maps)
    assert [answer.shape for answer in answers] == [plane.shape for plane in maps]
    answers[0].sum().backward()
    assert maps[-1].grad is not None and bool((maps[-1].grad != 0).any())
