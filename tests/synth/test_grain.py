"""Grain: normal, white from blot to blot, half of it common to the colours."""

from __future__ import annotations

import numpy as np
import pytest

from synth.grain import grain_rand


def test_grain_has_variance_one_and_colour_blots(rng):
    grain = grain_rand(rng, (200, 300))
    assert grain.var(axis=(1, 2)) == pytest.approx(1.0, rel=0.05) and abs(grain.mean()) < 0.02
    assert np.corrcoef(grain[0].ravel(), grain[2].ravel())[0, 1] == pytest.approx(0.5, abs=0.03)
    neighbours = np.corrcoef(grain[0][:, 0::2].ravel(), grain[0][:, 1::2].ravel())[0, 1]
    assert neighbours == pytest.approx(0.5, abs=0.03)


def test_grain_is_normal(rng):
    grain = grain_rand(rng, (400, 500))
    for limit, share in ((1.0, 0.3173), (2.0, 0.0455), (3.0, 0.0027)):  # two-sided tails of the normal distribution
        assert (np.abs(grain) > limit).mean() == pytest.approx(share, rel=0.1)


def test_grain_is_white_beyond_its_blots(rng):
    """No lag of 2 to 40 pixels in any direction has a correlation: nothing repeats, nothing forms lines."""
    grain = grain_rand(rng, (256, 256))[1].astype(np.float64)
    power = np.abs(np.fft.rfft2(grain)) ** 2
    correlation = np.fft.irfft2(power, grain.shape) / (grain**2).sum()
    far = correlation[:41, :41].copy()
    far[:2, :2] = 0.0
    assert np.abs(far).max() < 0.03  # five standard deviations of 256 x 256 values


@pytest.mark.parametrize("size", [(1, 1), (5, 8), (8, 5)])
def test_grain_of_odd_sizes_is_the_grain_of_the_next_even_ones_cut_off(size):
    whole = grain_rand(np.random.default_rng(2), (size[0] + size[0] % 2, size[1] + size[1] % 2))
    cut = grain_rand(np.random.default_rng(2), size)
    assert cut.shape == (3, *size) and cut.dtype == np.float32
    np.testing.assert_array_equal(cut, whole[:, : size[0], : size[1]])
