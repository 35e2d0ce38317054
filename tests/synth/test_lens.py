"""Lens: nothing moves, nothing is lost, and each fault has the size that it is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from synth.lens import blurred, defocused, fringed, shaken, vignetted


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
    "blur": lambda image: blurred(image, 0.2),
    "defocus": lambda image: defocused(image, 3.0),
    "shake": lambda image: shaken(image, (2.0, 5.0)),
    "fringe": lambda image: fringed(image, 0.01),
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
    image = blurred(impulse, 0.2)
    assert image[0, 20, 20] == pytest.approx(0.36) and image[0, 20, 21] == pytest.approx(0.12)


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
    seen = fringed(image, 0.01)
    centres = (seen.sum(axis=1) * np.arange(201)).sum(axis=1) / seen.sum(axis=(1, 2))
    assert centres[1] == 180.0
    assert centres[0] - 180.0 == pytest.approx(0.8, abs=0.05) and centres[2] - 180.0 == pytest.approx(-0.8, abs=0.05)
    np.testing.assert_allclose(fringed(image, 0.0), image)


def test_the_vignette_darkens_corners_and_not_the_middle():
    shaded = vignetted(np.ones((3, 101, 101), np.float32), 0.4)
    assert shaded[0, 50, 50] == pytest.approx(1.0) and shaded[0, 0, 0] == pytest.approx(0.6)
