from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from distill.randomisation import randomise, shot_rand


def images(num: int = 6) -> torch.Tensor:
    return torch.rand(num, 3, 24, 32, generator=torch.Generator().manual_seed(0))


def test_strength_zero_changes_nothing() -> None:
    given = images()
    torch.testing.assert_close(randomise(given, seed=0, step=0, first=0, strength=0.0), given, rtol=0, atol=2e-6)


def test_outputs_are_legal_pixel_values_and_differ_from_picture_to_picture() -> None:
    given = images(1).expand(8, -1, -1, -1)
    taken = randomise(given, seed=0, step=0, first=0, strength=1.0)
    assert taken.min() >= 0 and taken.max() <= 1
    assert all(not torch.equal(taken[0], other) for other in taken[1:])


def test_a_part_comes_out_as_the_whole_and_a_step_again_as_before() -> None:
    whole = randomise(images(), seed=1, step=5, first=0, strength=1.0)
    part = randomise(images()[2:5], seed=1, step=5, first=2, strength=1.0)
    torch.testing.assert_close(part, whole[2:5])
    assert torch.equal(whole, randomise(images(), seed=1, step=5, first=0, strength=1.0))
    assert not torch.equal(whole, randomise(images(), seed=1, step=6, first=0, strength=1.0))
    assert not torch.equal(whole, randomise(images(), seed=2, step=5, first=0, strength=1.0))


def test_the_global_generator_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    randomise(images(), seed=0, step=0, first=0, strength=1.0)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
def test_shots_stay_in_their_ranges_and_fill_them(strength: float) -> None:
    shots = [shot_rand(np.random.default_rng(seed), strength) for seed in range(2000)]
    ranges = {
        "gamma": [math.exp(-0.3 * strength), math.exp(0.3 * strength)],
        "contrast": [math.exp(-0.3 * strength), math.exp(0.3 * strength)],
        "saturation": [max(0.0, 1 - 0.6 * strength), 1 + 0.4 * strength],
    }
    for name, (low, high) in ranges.items():
        values = np.array([getattr(shot, name) for shot in shots])
        assert low <= values.min() and values.max() <= high
        assert values.max() - values.min() > 0.98 * (high - low) - 0.01
    gains = np.log(np.array([shot.gains for shot in shots]))
    assert np.abs(gains).max() <= 0.555 * strength
    assert np.abs(gains[:, 0] - gains[:, 2]).max() <= 0.3 * strength + 1e-9
    blurs, noises = (np.array([getattr(shot, name) for shot in shots]) for name in ("blur_px", "noise"))
    assert abs((blurs > 0).mean() - 0.3) < 0.06 and abs((noises > 0).mean() - 0.5) < 0.06
    assert blurs[blurs > 0].min() >= 0.3 * strength and blurs.max() <= 1.2 * strength
    assert noises.max() <= 0.04 * strength


def test_exposure_is_a_factor_on_the_whole_picture() -> None:
    """On grey without other changes in reach: the mean of many shots' brightness spreads as exposure and gamma do."""
    grey = torch.full((200, 3, 8, 8), 0.4)
    taken = randomise(grey, seed=0, step=0, first=0, strength=1.0).mean((1, 2, 3))
    assert taken.min() < 0.3 and taken.max() > 0.52
