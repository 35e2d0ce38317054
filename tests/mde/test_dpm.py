from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mde.bins import GUARD_BINS, Bins, log_bins, uniform_bins
from mde.domain import DOMAINS, Domain
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


def slow_reference_mean(depth_m: float, bins: Bins) -> float:
    """Mean of the target of the released code, in plain Python: a softmax over densities, -1000 where one vanishes."""
    width = (bins.high - bins.low) / bins.num_bins
    centres = [bins.low + width * (i + 0.5) for i in range(bins.num_bins)]
    norm = bins.sigma * math.sqrt(2 * math.pi)
    density = [math.exp(-((centre - depth_m) ** 2) / (2 * bins.sigma**2)) / norm for centre in centres]
    weights = [math.exp(value if value >= 1e-16 else -1000.0) for value in density]
    return sum(w * c for w, c in zip(weights, centres, strict=True)) / sum(weights)


# Means in metres of the released TIE-KD target, and of the paper's where it is renormalised on the range and no more.
# Columns: bins, sigma, depth, mean of the released, mean of the paper's target; a printed digit is the last one known.
TABLE = [
    (KITTI, 0.5, 2.0, "2.915", "2.0001"),
    (KITTI, 0.5, 3.0, "3.488", "3.0000"),
    (KITTI, 0.5, 5.0, "4.984", "5.0000"),
    (KITTI, 0.5, 40.0, "40.00", "40.000"),
    (KITTI, 0.5, 80.0, "78.06", "79.59"),
    (KITTI, 0.8, 2.0, "4.075", None),
    (KITTI, 0.8, 3.0, "4.623", None),
    (KITTI, 0.8, 5.0, "5.831", None),
    (KITTI, 0.8, 40.0, "40.00", None),
    (KITTI, 0.8, 80.0, "76.80", None),
    (NYU, 0.15, 0.7, "0.821", "0.7000"),
    (NYU, 0.15, 1.0, "1.048", "1.0000"),
    (NYU, 0.15, 2.5, "2.528", "2.5000"),
    (NYU, 0.15, 5.0, "5.000", "5.0000"),
    (NYU, 0.15, 10.0, "9.668", "9.861"),
    (NYU, 0.5, 0.7, "2.103", None),
    (NYU, 0.5, 1.0, "2.326", None),
    (NYU, 0.5, 2.5, "3.223", None),
    (NYU, 0.5, 5.0, "5.000", None),
    (NYU, 0.5, 10.0, "8.100", None),
]


def half_a_digit(printed: str) -> float:
    return 0.51 * 10 ** -len(printed.partition(".")[2])


@pytest.mark.parametrize(("bins", "sigma_m", "depth_m", "released", "paper"), TABLE)
def test_the_reference_target_has_the_bias_of_the_released_code(
    bins: Bins, sigma_m: float, depth_m: float, released: str, paper: str | None
) -> None:
    axis = replace(bins, sigma=sigma_m)
    expected = slow_reference_mean(depth_m, axis)
    assert expected == pytest.approx(float(released), abs=half_a_digit(released))
    assert dpm_mean(reference_target(pixel(depth_m), axis), axis).item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("bins", "sigma_m", "depth_m", "released", "paper"), [row for row in TABLE if row[4]])
def test_the_default_target_is_never_further_from_the_depth_than_the_papers(
    bins: Bins, sigma_m: float, depth_m: float, released: str, paper: str
) -> None:
    """The same away from the ends; at an end, where the cut-off tail pulls the paper's inwards, nearer."""
    mean = dpm_mean(bin_mass_target(pixel(depth_m), bins), bins).item()
    plain = slow_bin_mass(depth_m, bins)
    centres = [bins.low + bins.width * (i + 0.5) for i in range(bins.num_bins)]
    plain_mean = sum(q * c for q, c in zip(plain, centres, strict=True))
    assert plain_mean == pytest.approx(float(paper), abs=half_a_digit(paper))
    if depth_m < bins.high:
        assert mean == pytest.approx(plain_mean, abs=1e-3)
    else:
        assert abs(mean - depth_m) < 0.85 * abs(plain_mean - depth_m)


@pytest.mark.parametrize("bins", [KITTI, NYU], ids=["KITTI", "NYU"])
def test_the_reference_target_is_a_distribution_that_is_biased_near_and_not_far(bins: Bins) -> None:
    depth_m = torch.linspace(0.0, 1.1 * bins.high, 2000).view(1, 1, 40, 50)
    target = reference_target(depth_m, bins)
    assert target.min() >= 0 and (target.sum(dim=1) - 1).abs().max() < 1e-6
    near, middle = pixel(0.05 * bins.high / 2), pixel(bins.high / 2)
    assert dpm_mean(reference_target(near, bins), bins).item() > 1.4 * near.item()
    assert dpm_mean(reference_target(middle, bins), bins).item() == pytest.approx(middle.item(), rel=1e-3)


# Largest |mean / depth - 1|: of log bins over the whole range; of uniform ones from 1.5 bins after the first edge to
# half a bin before the last.
BIAS = {
    "indoor": {"log": 2.5e-3, "uniform": 4e-3},
    "driving": {"log": 1e-3, "uniform": 1.8e-3},
    "warehouse": {"log": 2.5e-3, "uniform": 2e-3},
    "drone": {"log": 1e-3, "uniform": 1.8e-3},
}


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=lambda domain: domain.name)
def test_the_bias_of_the_default_target_on_log_bins_is_bounded_over_the_whole_range(domain: Domain) -> None:
    guard = GUARD_BINS * domain.bins.width
    low, high = math.exp(domain.bins.low + guard), math.exp(domain.bins.high - guard)
    depth_m = torch.linspace(low, high, 5000, dtype=torch.float64).float().clamp(low, high).view(1, 1, 50, 100)
    target = bin_mass_target(depth_m, domain.bins)
    assert (target.sum(dim=1) - 1).abs().max() < 1e-6
    assert (dpm_mean(target, domain.bins) / depth_m - 1).abs().max() < BIAS[domain.name]["log"]


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=lambda domain: domain.name)
def test_the_bias_of_the_default_target_on_uniform_bins_is_bounded_over_the_whole_range(domain: Domain) -> None:
    bins = domain.uniform_bins
    depth_m = torch.linspace(bins.low, bins.high, 20_000, dtype=torch.float64).float().view(1, 1, 100, 200)
    target = bin_mass_target(depth_m, bins)
    assert (target.sum(dim=1) - 1).abs().max() < 1e-6
    bias_m = (dpm_mean(target, bins) - depth_m).abs()
    assert bias_m.max() < 0.55 * bins.width
    from_end = torch.minimum(depth_m - bins.low, bins.high - depth_m)
    assert bias_m[from_end > bins.width / 2].max() < 0.19 * bins.width
    is_inside = (depth_m > bins.low + 1.5 * bins.width) & (depth_m < bins.high - bins.width / 2)
    assert (bias_m / depth_m)[is_inside].max() < BIAS[domain.name]["uniform"]


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
