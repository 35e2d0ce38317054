"""The fit, against a scale and shift that were put in, and against a wrong pair of any size."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.scale_fit import ScaleFit, fit_scale, log_errors
from mde.errors import InputError

SAID_M = np.array([1.0, 1.4, 2.2, 3.1, 5.0])
WRONG = st.floats(1e-3, 5.0).map(np.exp) | st.floats(-5.0, -1e-3).map(np.exp)
"""Factors between 0.007 and 150 that are not 1."""
SCALES = st.floats(0.1, 10.0)


def at(fit: ScaleFit, said_m: float) -> float:
    return fit.scale * said_m + fit.shift_m


@given(scale=SCALES, wrong=WRONG, index=st.integers(0, 4))
def test_any_one_of_five_may_be_wrong_by_any_factor(scale: float, wrong: float, index: int) -> None:
    known_m = scale * SAID_M
    known_m[index] *= wrong
    fit = fit_scale(SAID_M, known_m, with_shift=False)
    assert fit.scale == pytest.approx(scale, rel=1e-6) and fit.shift_m == 0.0
    assert np.flatnonzero(~fit.is_used).tolist() == [index] and fit.notices_wrong


@given(scale=SCALES, shift_m=st.floats(-0.09, 2.0), wrong=WRONG, index=st.integers(0, 4))
def test_any_one_of_five_may_be_wrong_with_a_shift_too(scale: float, shift_m: float, wrong: float, index: int) -> None:
    known_m = scale * SAID_M + shift_m
    known_m[index] *= wrong
    fit = fit_scale(SAID_M, known_m, with_shift=True)
    assert fit.scale == pytest.approx(scale, rel=1e-5)
    assert at(fit, 1.0) == pytest.approx(scale + shift_m, rel=1e-5)
    assert np.flatnonzero(~fit.is_used).tolist() == [index] and fit.notices_wrong


@pytest.mark.parametrize("with_shift", [False, True])
def test_any_two_of_ten_may_be_wrong(with_shift: bool) -> None:
    said_m = np.geomspace(1.0, 9.0, 10)
    for pair in itertools.combinations(range(10), 2):
        known_m = 1.3 * said_m + (0.2 if with_shift else 0.0)
        known_m[list(pair)] *= (4.0, 3.9)  # they all but agree with each other
        fit = fit_scale(said_m, known_m, with_shift=with_shift)
        assert fit.scale == pytest.approx(1.3, rel=1e-5)
        assert np.flatnonzero(~fit.is_used).tolist() == list(pair)


@given(seed=st.integers(0, 10_000), wrong=WRONG, index=st.integers(0, 4))
def test_among_noisy_pairs_a_wrong_one_moves_the_scale_no_more_than_noise(seed: int, wrong: float, index: int) -> None:
    """Errors of 5 % at most: what is kept beyond them is within the gate, and shares in the mean by a fifth."""
    noise = np.random.default_rng(seed).uniform(-0.05, 0.05, 5)
    known_m = 2.0 * SAID_M * np.exp(noise)
    known_m[index] *= wrong
    fit = fit_scale(SAID_M, known_m, with_shift=False)
    assert abs(np.log(fit.scale / 2.0)) < 0.05 + 0.05
    far_off = abs(np.log(wrong)) > 0.4
    assert not (far_off and fit.is_used[index])
    if far_off:
        others = np.arange(5) != index
        assert fit.scale == fit_scale(SAID_M[others], known_m[others], with_shift=False).scale, (
            "as if it were not there"
        )


@pytest.mark.parametrize("with_shift", [False, True])
def test_the_answer_is_that_of_least_squares_in_the_logarithm(with_shift: bool) -> None:
    """No line near it has a smaller sum of squares."""
    known_m = np.array([1.6, 2.0, 3.2, 4.2])
    said_m = SAID_M[:4]
    fit = fit_scale(said_m, known_m, with_shift=with_shift)
    assert fit.is_used.all()

    def cost(scale: float, shift_m: float) -> float:
        return float(np.sum(log_errors((scale, shift_m), said_m, known_m) ** 2))

    least = cost(fit.scale, fit.shift_m)
    for more in (-1e-3, 1e-3):
        assert cost(fit.scale + more, fit.shift_m) > least
        if with_shift:
            assert cost(fit.scale, fit.shift_m + more) > least


def test_order_does_not_matter() -> None:
    known_m = np.array([1.6, 2.0, 3.2, 40.0, 7.7])
    fits = [
        fit_scale(SAID_M[list(order)], known_m[list(order)], with_shift=True)
        for order in itertools.permutations(range(5))
    ]
    assert np.ptp([fit.scale for fit in fits]) < 1e-6 and np.ptp([fit.shift_m for fit in fits]) < 1e-6


def test_the_error_to_expect_is_told_from_the_others() -> None:
    """Two ratios a factor of 1.21 apart: each says the other wrong by 21 %."""
    two = fit_scale(np.array([1.0, 2.0]), np.array([1.0, 2.42]), with_shift=False)
    assert two.scale == pytest.approx(1.1) and two.expected_error == pytest.approx(0.21)
    assert not two.notices_wrong
    exact = fit_scale(SAID_M, 3.0 * SAID_M + 1.0, with_shift=True)
    assert exact.expected_error == pytest.approx(0.0, abs=1e-6)
    assert fit_scale(SAID_M[:2], SAID_M[:2] + 1.0, with_shift=True).expected_error is None


def test_noise_of_a_known_size_is_what_it_says_to_expect() -> None:
    rng = np.random.default_rng(0)
    said_m = np.geomspace(1.0, 9.0, 400)
    fit = fit_scale(said_m, said_m * np.exp(rng.normal(0.0, 0.1, 400)), with_shift=False)
    assert fit.expected_error == pytest.approx(np.expm1(0.1), rel=0.1)


def test_three_alike_of_five_do_not_tell_a_wrong_one_from_a_far_one() -> None:
    said_m = np.array([2.0, 2.01, 1.99, 5.0, 6.0])
    assert fit_scale(said_m, said_m, with_shift=False).notices_wrong
    assert not fit_scale(said_m, said_m, with_shift=True).notices_wrong
    assert not fit_scale(said_m[1:], said_m[1:], with_shift=False).notices_wrong


def test_depths_too_alike_fix_no_shift() -> None:
    with pytest.raises(InputError, match="--shift needs depths that differ: the network says 2.00 to 2.04 m"):
        fit_scale(np.array([2.0, 2.02, 2.04]), np.array([1.0, 2.0, 3.0]), with_shift=True)


def test_depth_that_falls_as_distance_grows_is_refused() -> None:
    with pytest.raises(InputError, match="no scale above 0 brings the network's depth to these distances"):
        fit_scale(np.array([1.0, 2.0]), np.array([4.0, 3.0]), with_shift=True)
    with pytest.raises(InputError, match="no scale above 0"):
        fit_scale(SAID_M, SAID_M[::-1].copy(), with_shift=True)
