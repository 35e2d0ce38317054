"""The camera's electronics: exposure, monotone tones, determinism."""

from __future__ import annotations

import numpy as np
import pytest

from synth.sensor import _blurred, _saturated, _tone_table, _vignetted, expose_rand


@pytest.fixture
def radiance(rng) -> np.ndarray:
    return np.exp(rng.normal(0.0, 1.0, (48, 64, 3))).astype(np.float32)


def test_the_same_stream_gives_the_same_bytes_and_leaves_the_radiance_alone(radiance):
    before = radiance.copy()
    first = expose_rand(np.random.default_rng(3), radiance)
    np.testing.assert_array_equal(first, expose_rand(np.random.default_rng(3), radiance))
    np.testing.assert_array_equal(radiance, before)
    assert first.dtype == np.uint8 and (first != expose_rand(np.random.default_rng(4), radiance)).any()


@pytest.mark.parametrize("brightness", [1e-3, 1.0, 1e3])
def test_exposure_is_automatic(radiance, brightness):
    means = [expose_rand(np.random.default_rng(k), radiance * np.float32(brightness)).mean() for k in range(20)]
    assert 50 < np.mean(means) < 200 and min(means) > 20 and max(means) < 240


def test_a_black_frame_stays_dark_and_finite():
    assert expose_rand(np.random.default_rng(0), np.zeros((16, 16, 3), np.float32)).mean() < 40


def test_tones_rise_and_end_at_white():
    for gamma, contrast, shoulder in ((1.9, 0.0, 0.6), (2.5, 0.5, 0.95)):
        table = _tone_table(gamma=gamma, contrast=contrast, shoulder=shoulder).astype(int)
        assert (np.diff(table) >= 0).all() and table[0] == 0 and table[-1] >= 240


def test_blur_keeps_even_pictures_and_the_mean_of_impulses(rng):
    even = np.full((9, 9, 3), 0.3, np.float32)
    np.testing.assert_allclose(_blurred(even, 0.2), even, rtol=1e-6)
    impulse = np.zeros((9, 9, 3), np.float32)
    impulse[4, 4] = 1.0
    blurred = _blurred(impulse, 0.2)
    assert blurred.sum() == pytest.approx(3.0, rel=1e-5)
    assert blurred[4, 4, 0] == pytest.approx(0.36) and blurred[4, 5, 0] == pytest.approx(0.12)


def test_the_vignette_darkens_corners_and_not_the_middle():
    shaded = _vignetted(np.ones((101, 101, 3), np.float32), 0.4)
    assert shaded[50, 50, 0] == pytest.approx(1.0) and shaded[0, 0, 0] == pytest.approx(0.6)


def test_saturation_keeps_the_mean_of_the_channels(rng):
    image = rng.random((5, 5, 3), dtype=np.float32)
    np.testing.assert_allclose(_saturated(image, 0.3).mean(-1), image.mean(-1), rtol=1e-5)
    np.testing.assert_allclose(_saturated(image, 1.0), image, rtol=1e-5)
