"""Development: tones rise, grey stays grey, rims appear, JPEG costs what its quality says."""

from __future__ import annotations

import numpy as np
import pytest

from synth.development import coloured, compressed, sharpened, to_bytes, tone_table, toned


def test_tones_rise_and_end_at_white():
    for gamma, contrast, shoulder in ((1.9, 0.0, 0.6), (2.5, 0.5, 0.95)):
        table = tone_table(gamma=gamma, contrast=contrast, shoulder=shoulder)
        assert (np.diff(table) >= 0).all() and table[0] == 0 and 240.0 < table[-1] <= 255.0


def test_the_table_is_read_at_the_light_and_held_beyond_its_ends():
    table = tone_table(gamma=2.0, contrast=0.0, shoulder=0.9)
    seen = toned(np.array((-1.0, 0.0, 0.25, 9.0), np.float32), table)
    np.testing.assert_allclose(seen, (0.0, 0.0, 127.5, table[-1]), atol=0.2)


def test_warm_light_is_redder_and_green_stays():
    image = coloured(np.ones((3, 2, 2), np.float32), warmth=0.1, tint=0.0, saturation=1.0)
    assert image[0, 0, 0] == pytest.approx(np.exp(0.1)) and image[1, 0, 0] == 1.0
    assert image[2, 0, 0] == pytest.approx(np.exp(-0.1))


def test_saturation_follows_the_balance_and_keeps_the_mean_of_the_channels(rng):
    image = rng.random((3, 5, 7), dtype=np.float32)
    pale = coloured(image, warmth=0.0, tint=0.0, saturation=0.3)
    np.testing.assert_allclose(pale.mean(0), image.mean(0), rtol=1e-5)
    np.testing.assert_allclose(pale - pale.mean(0), 0.3 * (image - image.mean(0)), atol=1e-6)
    warm = image * np.exp(np.array((0.2, 0.0, -0.2)))[:, None, None]
    grey = warm.mean(0)
    seen = coloured(image, warmth=0.2, tint=0.0, saturation=1.2)
    np.testing.assert_allclose(seen, grey + 1.2 * (warm - grey), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(coloured(image, warmth=0.0, tint=0.0, saturation=1.0), image, rtol=1e-5)


def test_sharpening_gives_edges_rims_and_leaves_plains_alone():
    edge = np.full((3, 9, 20), 0.3, np.float32)
    edge[:, :, 10:] = 0.6
    seen = sharpened(edge, 0.8)
    assert seen[0, 4, 10] > 0.65 and seen[0, 4, 9] < 0.25
    np.testing.assert_allclose(seen[:, :, :8], 0.3, rtol=1e-5)
    np.testing.assert_array_equal(sharpened(edge, 0.0), edge)


def test_bytes_round_to_the_nearest_and_hold_at_the_ends():
    seen = to_bytes(np.array((-51.0, 127.99, 433.0), np.float32).reshape(3, 1, 1))
    assert seen.shape == (1, 1, 3) and seen.ravel().tolist() == [0, 128, 255]
    assert to_bytes(np.full((3, 1, 2), 127.4, np.float32)).ravel().tolist() == [127] * 6


def test_colours_keep_their_order():
    assert to_bytes(np.arange(24, dtype=np.float32).reshape(3, 2, 4))[1, 2].tolist() == [6, 14, 22]


def test_jpeg_loses_more_at_lower_quality_and_colour_when_subsampled(rng):
    picture = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)

    def loss(quality: int, is_subsampled: bool) -> float:
        seen = compressed(picture, quality=quality, is_subsampled=is_subsampled)
        return float(np.abs(seen.astype(int) - picture).mean())

    assert loss(96, False) < loss(60, False) and loss(96, False) < 0.5 * loss(96, True)
