"""The camera's electronics: exposure, noise, determinism, presets."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from synth.sensor import CAR, PHONE, PRESETS, expose_rand, sensor_for


@pytest.fixture
def radiance(rng) -> np.ndarray:
    return np.exp(rng.normal(0.0, 1.0, (48, 64, 3))).astype(np.float32)


@pytest.mark.parametrize("preset", [PHONE, CAR])
def test_the_same_stream_gives_the_same_bytes_and_leaves_the_radiance_alone(radiance, preset):
    before = radiance.copy()
    first = expose_rand(np.random.default_rng(3), radiance, preset)
    np.testing.assert_array_equal(first, expose_rand(np.random.default_rng(3), radiance, preset))
    np.testing.assert_array_equal(radiance, before)
    assert first.dtype == np.uint8 and first.shape == radiance.shape
    assert (first != expose_rand(np.random.default_rng(4), radiance, preset)).any()


@pytest.mark.parametrize("brightness", [1e-3, 1.0, 1e3])
def test_exposure_is_automatic(radiance, brightness):
    means = [expose_rand(np.random.default_rng(k), radiance * np.float32(brightness)).mean() for k in range(30)]
    assert 50 < np.mean(means) < 200 and min(means) > 15 and max(means) < 245


def test_a_black_frame_stays_dark_and_finite():
    assert expose_rand(np.random.default_rng(0), np.zeros((16, 16, 3), np.float32)).mean() < 60


@pytest.mark.parametrize("size", [(16, 16), (17, 33)])
def test_sizes_that_are_odd_or_small_are_exposed_too(size):
    for seed in range(12):
        picture = expose_rand(np.random.default_rng(seed), np.full((*size, 3), 0.5, np.float32))
        assert picture.shape == (*size, 3)


def test_misexposed_pictures_have_the_share_that_the_preset_states(radiance):
    plain = replace(PHONE, exposure_error=0.0, jpeg_share=0.0)

    def mean(seed: int, share: float) -> float:
        return float(expose_rand(np.random.default_rng(seed), radiance, replace(plain, misexposed_share=share)).mean())

    never = np.array([mean(seed, 0.0) for seed in range(60)])
    always = np.array([mean(seed, 1.0) for seed in range(60)])
    assert always.std() > 1.5 * never.std()


def test_dark_scenes_are_noisier_than_bright_ones():
    """Night: the same picture with a hundredth of the light is amplified, and its noise with it."""
    quiet = replace(PHONE, jpeg_share=0.0, sharpening=(0.0, 0.0), defocus_share=0.0, shake_share=0.0)

    def noise(level: float) -> float:
        flat = np.full((64, 64, 3), level, np.float32)
        pictures = [expose_rand(np.random.default_rng(k), flat, quiet).astype(float) for k in range(12)]
        return float(np.mean([np.diff(picture[24:40, 24:40], axis=1).std() for picture in pictures]))

    assert noise(0.005) > 1.5 * noise(1.0)


def test_half_of_the_pictures_have_red_and_blue_softer_than_green(rng):
    """White light of fine detail, without noise: the share of neighbouring differences that is left."""
    still = {"defocus_share": 0.0, "shake_share": 0.0, "fringe": (0.0, 0.0), "sharpening": (0.0, 0.0)}
    clean = replace(PHONE, jpeg_share=0.0, log_read=(-9.0, -9.0), log_shot=(-9.0, -9.0), **still)
    white = rng.uniform(0.2, 0.8, (40, 40, 1)).astype(np.float32).repeat(3, axis=2)
    softer = 0
    for seed in range(24):
        picture = expose_rand(np.random.default_rng(seed), white, clean).astype(float)
        left = [
            np.abs(np.diff(picture[..., channel], axis=1)).mean() / picture[..., channel].mean() for channel in range(3)
        ]
        assert left[0] < 1.15 * left[1] and left[2] < 1.15 * left[1]
        softer += left[0] < 0.85 * left[1] and left[2] < 0.85 * left[1]
    assert 5 <= softer <= 19


def test_every_span_of_a_preset_rises_and_every_share_is_one():
    for preset in PRESETS.values():
        for field in fields(preset):
            value = getattr(preset, field.name)
            assert value[0] <= value[1] if isinstance(value, tuple) else value >= 0.0
        assert preset.defocus_share + preset.shake_share <= 1.0 and preset.jpeg_share <= 1.0


def test_an_unnamed_domain_is_seen_with_a_small_camera():
    assert sensor_for("driving") is CAR and sensor_for("indoor") is PHONE and sensor_for("moon") is PHONE
