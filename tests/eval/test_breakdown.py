"""Where the error lies."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from eval.bands import band_edges
from eval.breakdown import CURVE_STEP, Breakdown, cells_of
from eval.protocol import PROTOCOLS
from eval.regions import REGIONS

PLAIN = replace(PROTOCOLS["pairs_driving"], name="plain", crop="none")


def breakdown(pred_m: torch.Tensor, true_m: torch.Tensor) -> Breakdown:
    found = Breakdown(edges_m=band_edges(PLAIN.depth_min_m, PLAIN.cap_m))
    valid = true_m > 0
    found.add(pred_m[valid], true_m[valid], cells_of(true_m, valid, PLAIN))
    return found


def drawn(share_measured: float = 0.5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    true_m = torch.rand((1, 30, 45), generator=generator) * 78 + 1.5
    pred_m = true_m * (0.5 + 1.7 * torch.rand((1, 30, 45), generator=generator))
    return pred_m, true_m * (torch.rand((1, 30, 45), generator=generator) < share_measured)


def test_each_pixel_counts_in_the_band_and_the_region_of_its_true_depth() -> None:
    true_m = torch.zeros(1, 30, 30)
    true_m[0, 0, 0], true_m[0, 15, 15], true_m[0, 29, 29] = 1.5, 2.0, 4.0
    pred_m = true_m * 1.0
    pred_m[0, 0, 0], pred_m[0, 15, 15], pred_m[0, 29, 29] = 1.8, 2.8, 3.6
    found = breakdown(pred_m, true_m)
    assert found.by_band() == pytest.approx([0.2, 0.4, 0.1, None, None, None, None])
    regions = dict(zip(REGIONS, found.by_region(), strict=True))
    assert regions["top left"] == pytest.approx(0.2) and regions["bottom right"] == pytest.approx(0.1)
    assert regions["middle centre"] == pytest.approx(0.4) and regions["top right"] is None


def test_means_are_those_of_a_loop_over_pixels() -> None:
    pred_m, true_m = drawn()
    found = breakdown(pred_m, true_m)
    sums: dict[str, list[float]] = {}
    for row in range(30):
        for column in range(45):
            truth = float(true_m[0, row, column])
            if truth:
                error = abs(float(pred_m[0, row, column]) - truth) / truth
                sums.setdefault(REGIONS[row // 10 * 3 + column // 15], []).append(error)
    expected = [sum(sums[name]) / len(sums[name]) for name in REGIONS]
    assert found.by_region() == pytest.approx(expected, rel=1e-5)
    assert found.total.sum() == pytest.approx(sum(map(sum, sums.values())), rel=1e-5)


def test_the_curve_is_the_share_of_pixels_below_an_error() -> None:
    pred_m, true_m = drawn()
    curve = breakdown(pred_m, true_m).share_below()
    valid = true_m > 0
    error = (pred_m[valid] - true_m[valid]).abs() / true_m[valid]
    for number in (0, 1, 20, 100, 200):
        assert curve[number] == pytest.approx(float((error < number * CURVE_STEP).float().mean()), abs=2e-3)
    assert curve[0] == 0.0 and curve[-1] < 1.0  # some errors are larger than 1
    assert curve == sorted(curve)


def test_frames_add_up() -> None:
    pred_m, true_m = drawn()
    once, twice = breakdown(pred_m, true_m), breakdown(pred_m, true_m)
    valid = true_m > 0
    twice.add(pred_m[valid], true_m[valid], cells_of(true_m, valid, PLAIN))
    assert twice.by_band() == pytest.approx(once.by_band()) and twice.share_below() == once.share_below()
    assert int(twice.num_pixels.sum()) == 2 * int(valid.sum())
