"""The texture unit in array arithmetic, against loops over texels."""

from __future__ import annotations

import numpy as np
import pytest

from synth.texels import LINEAR, alpha_at, level_of, patches, red_at, texels_of


@pytest.fixture
def small(rng) -> np.ndarray:
    return rng.integers(0, 256, (3, 8, 8, 4), dtype=np.uint8)


def slow_bilinear(layer: np.ndarray, u: float, v: float) -> np.ndarray:
    """(4,) linear light and alpha at tile coordinates of an (S,S,4) picture that repeats."""
    size = len(layer)
    x, y = u * size - 0.5, v * size - 0.5
    i, j = int(np.floor(x)), int(np.floor(y))
    total = np.zeros(4)
    for dj in (0, 1):
        for di in (0, 1):
            texel = layer[(j + dj) % size, (i + di) % size]
            share = (1 - abs(x - i - di)) * (1 - abs(y - j - dj))
            total += share * np.append(LINEAR[texel[:3]], texel[3] / 255.0)
    return total


def test_a_look_up_is_that_of_a_loop_over_four_texels_also_beyond_the_tile(small, rng):
    uv = rng.uniform(-3.0, 3.0, (50, 2)).astype(np.float32)
    layer = rng.integers(0, 3, 50).astype(np.int32)
    patch = patches(texels_of(small), layer, uv, np.zeros(50, np.float32), np.ones((50, 3), np.float32))
    expected = [slow_bilinear(small[number], *place) for number, place in zip(layer, uv, strict=True)]
    np.testing.assert_allclose(np.concatenate((patch.rgb, patch.alpha[:, None]), axis=1), expected, atol=1e-4)


def test_the_slope_is_the_difference_quotient_of_the_brightness(small, rng):
    texels, weight = texels_of(small), np.array([[0.2, 0.5, 0.3]], np.float32)
    uv = (rng.integers(0, 8, (20, 2)) + 0.5 + rng.uniform(0.2, 0.8, (20, 2))) / 8  # between texels, off their corners
    step = 1e-3
    layer, level, weights = np.ones(20, np.int32), np.zeros(20, np.float32), np.repeat(weight, 20, axis=0)
    slope = patches(texels, layer, uv.astype(np.float32), level, weights).slope
    for axis in (0, 1):
        shift = np.eye(2)[axis] * step
        high, low = (
            patches(texels, layer, (uv + sign * shift).astype(np.float32), level, weights).rgb @ weight[0]
            for sign in (1, -1)
        )
        np.testing.assert_allclose(slope[:, axis], (high - low) / (2 * step), rtol=0.02, atol=0.02)


def test_the_coarsest_level_is_the_mean_of_linear_light(small):
    texels = texels_of(small)
    assert texels.num_levels == 4
    coarsest = np.full(3, 3.0, np.float32)
    patch = patches(texels, np.arange(3, dtype=np.int32), np.zeros((3, 2), np.float32), coarsest, np.ones((3, 3)))
    np.testing.assert_allclose(patch.rgb, LINEAR[small[..., :3]].mean(axis=(1, 2)), atol=0.02)
    np.testing.assert_allclose(patch.alpha, small[..., 3].mean(axis=(1, 2)) / 255.0, atol=0.01)


def test_between_two_levels_the_look_up_is_between_theirs(small, rng):
    texels, uv = texels_of(small), rng.random((10, 2)).astype(np.float32)
    layer = np.zeros(10, np.int32)
    low, middle, high = (alpha_at(texels, layer, uv, np.full(10, level, np.float32)) for level in (1.0, 1.5, 2.0))
    np.testing.assert_allclose(middle, (low + high) / 2, atol=1e-5)


def test_a_pixel_as_wide_as_a_texel_asks_for_the_finest_level():
    texels = texels_of(np.zeros((1, 16, 16, 4), np.uint8))
    levels = level_of(texels, np.array([0.0, 1 / 16, 1 / 4, 9.0], np.float32), 0.0)
    np.testing.assert_allclose(levels, [0.0, 0.0, 2.0, 4.0])


def test_the_noise_is_the_red_of_the_first_layer(small):
    centre = np.array([[2.5 / 8, 3.5 / 8]], np.float32)
    assert red_at(texels_of(small), centre, 0)[0] == pytest.approx(LINEAR[small[0, 3, 2, 0]], abs=1e-5)


def test_a_bank_without_mipmaps_is_refused():
    with pytest.raises(ValueError, match="6x6"):
        texels_of(np.zeros((1, 6, 6, 4), np.uint8))
