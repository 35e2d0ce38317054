from __future__ import annotations

import math

import pytest
import torch

from adapt.privacy import Privacy, clipped, noise_multiplier, spent_delta, system_normals


@pytest.mark.parametrize(("epsilon", "delta"), [(0.1, 1e-5), (1.0, 1e-5), (8.0, 1e-6), (50.0, 1e-6)])
def test_the_noise_spends_the_budget_and_no_more(epsilon: float, delta: float) -> None:
    multiplier = noise_multiplier(epsilon, delta)
    assert spent_delta(epsilon, multiplier) == pytest.approx(delta, rel=1e-6)
    assert spent_delta(epsilon, 0.99 * multiplier) > delta


@pytest.mark.parametrize("epsilon", [0.1, 0.5, 0.9])
def test_the_noise_is_less_than_the_classical_bound(epsilon: float) -> None:
    """Dwork and Roth, Theorem A.1: sqrt(2 ln(1.25 / delta)) / epsilon, for epsilon below 1."""
    classical = math.sqrt(2.0 * math.log(1.25 / 1e-5)) / epsilon
    assert 0.5 * classical < noise_multiplier(epsilon, 1e-5) < classical


def test_the_budget_holds_for_the_worst_pair_of_neighbours() -> None:
    """Along the line between two means the releases are normals; their delta by integration, without the formula."""
    epsilon, delta = 1.5, 1e-3
    sigma = noise_multiplier(epsilon, delta)  # the means are 1 apart
    places = torch.linspace(-40.0, 40.0, 400_001, dtype=torch.float64) * sigma
    normal = torch.distributions.Normal(torch.tensor(0.0, dtype=torch.float64), sigma)
    excess = (normal.log_prob(places - 1.0).exp() - math.exp(epsilon) * normal.log_prob(places).exp()).clamp_min(0.0)
    assert float(torch.trapezoid(excess, places)) == pytest.approx(delta, rel=1e-3)


def test_replacing_one_image_moves_the_mean_by_no_more_than_the_noise_was_made_for() -> None:
    """Two images that are as long as they may be and opposite, in three layers of different width."""
    privacy, num_images = Privacy(epsilon=1.0, delta=1e-5, clip=2.0), 10
    moved = 0.0
    for width in (4, 8, 20):
        longest = clipped(torch.full((width,), 1e6, dtype=torch.float64), privacy.clip)
        change = float((longest + longest).norm()) / num_images
        moved += (change / privacy.sigma(width, num_layers=3, num_images=num_images)) ** 2
    assert math.sqrt(moved) == pytest.approx(1.0 / noise_multiplier(1.0, 1e-5))


def test_clipping_shortens_long_vectors_only_and_keeps_their_direction() -> None:
    short, long = torch.tensor([0.3, -0.4]), torch.tensor([30.0, -40.0])
    assert torch.equal(clipped(short, 1.0), short)
    torch.testing.assert_close(clipped(long, 1.0), long * (math.sqrt(2.0) / 50.0))
    assert torch.equal(clipped(torch.zeros(3), 1.0), torch.zeros(3))
    assert torch.equal(clipped(long, float("inf")), long)


def test_the_systems_noise_is_normal_and_never_the_same() -> None:
    first, second = system_normals(20_000), system_normals(20_000)
    assert first.dtype == torch.float64
    for drawn in (first, second):  # five deviations of mean, variance and tail: fails once in millions
        assert abs(float(drawn.mean())) < 5.0 / math.sqrt(20_000)
        assert abs(float(drawn.var()) - 1.0) < 5.0 * math.sqrt(2.0 / 20_000)
        share = float((drawn.abs() > 2.0).double().mean())
        assert abs(share - 0.0455) < 5.0 * math.sqrt(0.0455 / 20_000)
    assert not bool((first == second).any())
