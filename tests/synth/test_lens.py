"""Lens: nothing moves, nothing is lost, and each fault has the size that it is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from synth.lens import blurred, defocused, drawn, shaken, vignette


@pytest.fixture
def impulse() -> np.ndarray:
    image = np.zeros((3, 41, 41), np.float32)
    image[:, 20, 20] = 1.0
    return image


def spread_px2(image: np.ndarray, axis: int) -> float:
    """Variance of one channel's light along an axis, about the middle pixel."""
    weight = image[1].sum(axis=1 - axis)
    return float(((np.arange(41) - 20.0) ** 2 * weight).sum() / weight.sum())


FAULTS = {
    "blur": lambda image: drawn(image, (0.2, 0.2, 0.2), spread=0.0),
    "defocus": lambda image: defocused(image, 3.0),
    "shake": lambda image: shaken(image, (2.0, 5.0)),
    "fringe": lambda image: drawn(image, (0.3, 0.1, 0.0), spread=0.01),
}


@pytest.mark.parametrize("name", FAULTS)
def test_even_light_stays_even(name):
    even = np.full((3, 9, 13), 0.3, np.float32)
    np.testing.assert_allclose(FAULTS[name](even), even, rtol=1e-5)


@pytest.mark.parametrize("name", ["blur", "defocus", "shake"])
def test_blur_keeps_the_light_and_its_place(impulse, name):
    """Depth and ids are not blurred, so an edge may not move."""
    image = FAULTS[name](impulse)
    assert image.sum() == pytest.approx(3.0, rel=1e-5)
    places = np.arange(41) - 20.0
    assert (image[0].sum(axis=0) * places).sum() == pytest.approx(0.0, abs=1e-4)
    assert (image[0].sum(axis=1) * places).sum() == pytest.approx(0.0, abs=1e-4)


def test_three_taps_have_the_weights_asked_for(impulse):
    image = blurred(impulse[0], 0.2)
    assert image[20, 20] == pytest.approx(0.36) and image[20, 21] == pytest.approx(0.12)
    assert image[19, 21] == pytest.approx(0.04) and np.count_nonzero(image) == 9


def test_each_colour_has_a_softness_of_its_own(impulse):
    red, green, blue = drawn(impulse, (0.3, 0.0, 0.1), spread=0.0)
    np.testing.assert_array_equal(green, impulse[1])
    np.testing.assert_allclose(red, blurred(impulse[0], 0.3), atol=1e-7)
    np.testing.assert_allclose(blue, blurred(impulse[2], 0.1), atol=1e-7)


def slow_drawn(channel: np.ndarray, side: float, larger: float) -> np.ndarray:
    """Pixel by pixel: shares of the neighbours, the nearest pixel standing in beyond an edge."""
    for axis in (0, 1):
        lines = np.moveaxis(channel.astype(np.float64), axis, 0)
        seen = np.empty_like(lines)
        for i in range(len(lines)):
            from_middle = i - (len(lines) - 1) / 2.0
            source_px = from_middle / (1.0 + larger) - from_middle
            before, after = side + max(-source_px, 0.0), side + max(source_px, 0.0)
            last, following = lines[max(i - 1, 0)], lines[min(i + 1, len(lines) - 1)]
            seen[i] = before * last + (1.0 - before - after) * lines[i] + after * following
        channel = np.moveaxis(seen, 0, axis)
    return channel


@pytest.mark.parametrize("spread", [0.015, -0.015])
def test_light_is_shared_with_neighbours_and_edges_are_repeated(rng, spread):
    image = rng.random((3, 19, 34), dtype=np.float32)
    seen = drawn(image, (0.25, 0.1, 0.0), spread=spread)
    for channel, (side, larger) in enumerate(((0.25, spread), (0.1, 0.0), (0.0, -spread))):
        np.testing.assert_allclose(seen[channel], slow_drawn(image[channel], side, larger), atol=1e-6)


def test_fringes_beyond_a_pixel_stop_there():
    image = np.zeros((3, 5, 401), np.float32)
    image[:, :, 390] = 1.0
    seen = drawn(image, (0.2, 0.2, 0.2), spread=0.05)
    assert seen.min() > -1e-6 and seen[0, 2].argmax() == 391 and seen[2, 2].argmax() == 389


@pytest.mark.parametrize("radius_px", [0.5, 2.0, 4.0])
def test_defocus_spreads_like_a_disc_of_its_radius(impulse, radius_px):
    image = defocused(impulse, radius_px)
    assert spread_px2(image, 0) == pytest.approx(radius_px**2 / 4, rel=1e-3)
    assert spread_px2(image, 1) == pytest.approx(radius_px**2 / 4, rel=1e-3)


def test_shake_spreads_along_its_path_only(impulse):
    image = shaken(impulse, (0.0, 6.0))
    assert spread_px2(image, 0) == 0.0 and spread_px2(image, 1) == pytest.approx(6.0**2 / 12, rel=0.5)


def test_fringes_grow_towards_the_edge_and_leave_green_alone():
    """A bright column 20 % from the right edge: red lies further out than green, blue further in."""
    image = np.zeros((3, 11, 201), np.float32)
    image[:, :, 180] = 1.0
    seen = drawn(image, (0.0, 0.0, 0.0), spread=0.01)
    centres = (seen.sum(axis=1) * np.arange(201)).sum(axis=1) / seen.sum(axis=(1, 2))
    assert centres[1] == 180.0
    assert centres[0] - 180.0 == pytest.approx(0.8, abs=0.05) and centres[2] - 180.0 == pytest.approx(-0.8, abs=0.05)
    np.testing.assert_allclose(drawn(image, (0.0, 0.0, 0.0), spread=0.0), image)


def test_the_vignette_darkens_corners_and_not_the_middle():
    shade = vignette((101, 201), 0.4)
    assert shade.shape == (101, 201) and shade[50, 100] == pytest.approx(1.0)
    assert shade[0, 0] == pytest.approx(0.6) and shade[50, 0] == pytest.approx(0.8)
