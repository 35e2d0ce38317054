from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mde.bins import Bins, log_bins, uniform_bins
from mde.dpm import bin_mass_target, dpm_entropy, dpm_interval, dpm_mean, reference_target

KITTI = uniform_bins(1e-3, 80.0, 257, sigma_m=0.5)
NYU = uniform_bins(1e-3, 10.0, 49, sigma_m=0.15)
all_bins = st.sampled_from([KITTI, NYU, log_bins(1.0, 80.0, 128), log_bins(0.3, 10.0, 64)])


def pixel(depth_m: float) -> torch.Tensor:
    return torch.full((1, 1, 1, 1), float(depth_m))


@given(all_bins, st.floats(0.0, 200.0, width=32))
def test_a_target_is_a_distribution_at_every_depth(bins: Bins, depth_m: float) -> None:
    target = bin_mass_target(pixel(depth_m), bins)
    assert target.min() >= 0
    assert target.sum().item() == pytest.approx(1.0, abs=1e-6)


def slow_bin_mass(depth_m: float, bins: Bins) -> list[float]:
    """Eq. 2 of the paper, pixel by pixel in float64, for depths at least three sigma away from the ends."""
    width = (bins.high - bins.low) / bins.num_bins
    edges = [bins.low + width * i for i in range(bins.num_bins + 1)]
    cdf = [0.5 * (1 + math.erf((edge - depth_m) / bins.sigma / math.sqrt(2))) for edge in edges]
    return [(b - a) / (cdf[-1] - cdf[0]) for a, b in zip(cdf, cdf[1:], strict=False)]


@pytest.mark.parametrize("depth_m", [2.0, 5.0, 40.0, 77.0])
def test_the_target_agrees_with_the_formula_by_loops(depth_m: float) -> None:
    expected = torch.tensor(slow_bin_mass(depth_m, KITTI))
    torch.testing.assert_close(bin_mass_target(pixel(depth_m), KITTI).flatten(), expected, atol=1e-6, rtol=1e-4)


# Bounds: 0.2 % on KITTI's bins and 0.4 % on NYU's away from the last half bin; logarithmic bins 0.1 and 0.25 %.
@given(st.floats(0.5, 79.5, width=32))
def test_the_mean_of_a_kitti_target_is_the_depth(depth_m: float) -> None:
    assert dpm_mean(bin_mass_target(pixel(depth_m), KITTI), KITTI).item() == pytest.approx(depth_m, rel=2.5e-3)


@given(st.floats(0.3125, 9.6875, width=32))
def test_the_mean_of_an_nyu_target_is_the_depth(depth_m: float) -> None:
    assert dpm_mean(bin_mass_target(pixel(depth_m), NYU), NYU).item() == pytest.approx(depth_m, rel=4e-3)


@given(st.floats(1.0, 80.0, width=32))
def test_the_mean_of_a_log_target_is_the_depth_on_the_whole_range(depth_m: float) -> None:
    bins = log_bins(1.0, 80.0, 128)
    assert dpm_mean(bin_mass_target(pixel(depth_m), bins), bins).item() == pytest.approx(depth_m, rel=1e-3)


# Means of the released TIE-KD target in metres, computed from its published formula (sigma 0.5 / 0.8 on KITTI's bins).
@pytest.mark.parametrize(
    ("sigma_m", "depth_m", "mean_m"),
    [
        (0.5, 2, 2.915),
        (0.5, 3, 3.488),
        (0.5, 5, 4.984),
        (0.5, 80, 78.06),
        (0.8, 2, 4.075),
        (0.8, 3, 4.623),
        (0.8, 5, 5.831),
    ],
)
def test_the_reference_target_has_the_bias_of_the_released_code(sigma_m: float, depth_m: float, mean_m: float) -> None:
    bins = uniform_bins(1e-3, 80.0, 257, sigma_m=sigma_m)
    mean = dpm_mean(reference_target(pixel(depth_m), bins), bins).item()
    assert mean == pytest.approx(mean_m, abs=5e-3 if depth_m == 80 else 1e-3)


def test_entropies_at_mid_range_are_those_of_the_two_targets() -> None:
    assert dpm_entropy(reference_target(pixel(40.0), KITTI)).item() == pytest.approx(3.26, abs=0.01)
    assert dpm_entropy(bin_mass_target(pixel(40.0), KITTI)).item() == pytest.approx(1.91, abs=0.01)


def test_entropy_is_zero_for_certainty_and_ln_k_for_none() -> None:
    certain = torch.zeros(1, 8, 1, 1)
    certain[0, 3] = 1.0
    assert dpm_entropy(certain).item() == 0.0
    assert dpm_entropy(torch.full((1, 8, 1, 1), 1 / 8)).item() == pytest.approx(math.log(8), rel=1e-6)


def test_the_interval_of_a_normal_target_is_that_of_the_normal() -> None:
    low, high = dpm_interval(bin_mass_target(pixel(40.0), KITTI), KITTI, mass=0.8)
    # 80 % of a normal lie within 1.2816 sigma; a bin is 0.31 m wide, which blurs the edge a little.
    assert (low.item(), high.item()) == pytest.approx((40 - 1.2816 * 0.5, 40 + 1.2816 * 0.5), abs=0.03)


def test_a_sigma_below_half_a_bin_is_refused() -> None:
    with pytest.raises(ValueError, match="half the bin width"):
        uniform_bins(0.0, 10.0, 10, sigma_m=0.3)


def test_log_bins_that_begin_at_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="log bins need"):
        log_bins(0.0, 80.0, 128)


def test_the_reference_target_refuses_log_bins() -> None:
    with pytest.raises(ValueError, match="uniform bins only"):
        reference_target(pixel(2.0), log_bins(1.0, 80.0, 128))
