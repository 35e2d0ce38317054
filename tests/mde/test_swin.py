from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mde.nets.swin import (
    WINDOW,
    Downsample,
    Swin,
    SwinSize,
    WindowAttention,
    plane_to_windows,
    relative_position_index,
    seam_logits,
    windows_to_plane,
)

SMALL = SwinSize(channels=8, num_blocks=(2, 2, 2, 2), num_heads=(1, 2, 4, 8))


def seeded(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_windows_hold_neighbours_and_return_to_their_place() -> None:
    plane = torch.arange(2 * 14 * 21 * 3.0).view(2, 14, 21, 3)
    windows = plane_to_windows(plane)
    assert torch.equal(windows[1, 4].view(7, 7, 3), plane[1, 7:14, 7:14])
    assert torch.equal(windows_to_plane(windows, 2, 3), plane)


def test_pairs_of_tokens_share_a_bias_exactly_if_their_offset_is_the_same() -> None:
    index = relative_position_index()
    places = [(token // WINDOW, token % WINDOW) for token in range(WINDOW**2)]
    for first, (row, column) in enumerate(places):
        for second, (other_row, other_column) in enumerate(places):
            assert index[first, second] == 13 * (row - other_row + 6) + column - other_column + 6


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 3), (2, 2)])
def test_seams_part_tokens_that_only_the_shift_made_neighbours(rows: int, columns: int) -> None:
    shift = 3
    logits = seam_logits(rows, columns, shift)
    height, width = rows * WINDOW, columns * WINDOW
    for window in range(rows * columns):
        top, left = window // columns * WINDOW, window % columns * WINDOW
        shifted = [(top + token // WINDOW, left + token % WINDOW) for token in range(WINDOW**2)]
        home = [((row + shift) % height, (column + shift) % width) for row, column in shifted]
        for first in range(0, WINDOW**2, 5):
            for second in range(WINDOW**2):
                moved_alike = all(
                    shifted[first][axis] - shifted[second][axis] == home[first][axis] - home[second][axis]
                    for axis in (0, 1)
                )
                assert logits[window, first, second] == (0.0 if moved_alike else -100.0)


@pytest.mark.parametrize("shift", [0, 3])
def test_a_token_sees_its_window_and_nothing_beyond_the_seam(shift: int) -> None:
    attention = WindowAttention(8, 2, shift).eval()
    plane = seeded(1, 14, 14, 8).requires_grad_()
    attention(plane)[0, 4, 4].sum().backward()
    assert plane.grad is not None
    seen = plane.grad[0].abs().sum(dim=-1) > 0
    begin = 0 if shift == 0 else 3
    expected = torch.zeros(14, 14, dtype=torch.bool)
    expected[begin : begin + 7, begin : begin + 7] = True
    assert torch.equal(seen, expected)
    plane.grad = None
    attention(plane)[0, 0, 0].sum().backward()
    assert plane.grad is not None
    side = 7 if shift == 0 else 3  # what the shift left at the border has a window to itself
    expected = torch.zeros(14, 14, dtype=torch.bool)
    expected[:side, :side] = True
    assert torch.equal(plane.grad[0].abs().sum(dim=-1) > 1e-20, expected)


def test_padding_takes_part_as_tokens_of_zero() -> None:
    attention = WindowAttention(8, 2, 0).eval()
    plane = seeded(1, 5, 6, 8)
    whole = torch.zeros(1, 7, 7, 8)
    whole[:, :5, :6] = plane
    with torch.no_grad():
        torch.testing.assert_close(attention(plane), attention(whole)[:, :5, :6])


def test_four_tokens_are_laid_side_by_side_within_each_channel() -> None:
    layer = Downsample(3)
    plane = torch.arange(2 * 3 * 3.0).view(1, 2, 3, 3)  # three columns: the fourth is padding
    captured: list[Tensor] = []
    layer.norm.register_forward_pre_hook(lambda _, inputs: captured.append(inputs[0]))
    layer(plane)
    assert captured[0][0, 0, 0].tolist() == [0, 3, 9, 12, 1, 4, 10, 13, 2, 5, 11, 14]
    assert captured[0][0, 0, 1].tolist() == [6, 0, 15, 0, 7, 0, 16, 0, 8, 0, 17, 0]


def test_maps_of_any_image_have_its_size_divided_and_rounded_up() -> None:
    with torch.no_grad():
        maps = Swin(SMALL).eval()(seeded(2, 3, 37, 50))
    assert [tuple(plane.shape) for plane in maps] == [(2, 8, 10, 13), (2, 16, 5, 7), (2, 32, 3, 4), (2, 64, 2, 2)]
