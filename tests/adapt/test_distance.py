from __future__ import annotations

import math

import pytest
import torch

from adapt.distance import StatisticsLoss, layer_distances, mean_distance
from adapt.statistics import Moments
from adapt.target import Target

LOSSES: tuple[StatisticsLoss, ...] = ("normalised", "deepinversion", "jeffreys")
EPS = 1e-3


def drawn(seed: int) -> Moments:
    generator = torch.Generator().manual_seed(seed)
    return Moments(mean=torch.randn(5, generator=generator), var=torch.rand(5, generator=generator) + 0.1)


def targets() -> dict[str, Target]:
    return {name: Target(moments=drawn(seed), eps=EPS, source="batchnorm") for seed, name in enumerate("ab")}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_distance_is_zero_at_home_and_grows_with_every_step_away(loss: StatisticsLoss) -> None:
    wanted = targets()
    home = {name: target.moments for name, target in wanted.items()}
    assert mean_distance(layer_distances(loss, home, wanted)).item() == pytest.approx(0.0, abs=1e-6)
    previous = 0.0
    for shift in (0.1, 0.5, 2.0):
        moved = {name: Moments(mean=m.mean + shift, var=m.var * (1 + shift)) for name, m in home.items()}
        distance = mean_distance(layer_distances(loss, moved, wanted)).item()
        assert distance > previous + 1e-3
        previous = distance


def test_distances_agree_with_their_formulas_by_loops() -> None:
    found, target = drawn(7), targets()["a"]
    m, v, m0, v0 = (tensor.tolist() for tensor in (found.mean, found.var, target.moments.mean, target.moments.var))
    normalised = jeffreys = means = spreads = 0.0
    for c in range(5):
        w, w0 = v[c] + EPS, v0[c] + EPS
        normalised += ((m[c] - m0[c]) ** 2 / w0 + (math.log(w) - math.log(w0)) ** 2) / 5
        divergence = math.log(w0 / w) + (w + (m[c] - m0[c]) ** 2) / w0 - 1
        reverse = math.log(w / w0) + (w0 + (m[c] - m0[c]) ** 2) / w - 1
        jeffreys += 0.5 * (divergence + reverse) / 5  # the sum of both divergences of normal distributions
        means += (m[c] - m0[c]) ** 2
        spreads += (v[c] - v0[c]) ** 2
    expected = {"normalised": normalised, "deepinversion": means**0.5 + spreads**0.5, "jeffreys": jeffreys}
    for loss in LOSSES:
        assert layer_distances(loss, {"a": found}, {"a": target})["a"].item() == pytest.approx(expected[loss], rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_stay_finite_at_home(loss: StatisticsLoss) -> None:
    wanted = targets()
    home = {
        name: Moments(mean=t.moments.mean.clone().requires_grad_(), var=t.moments.var.clone().requires_grad_())
        for name, t in wanted.items()
    }
    mean_distance(layer_distances(loss, home, wanted)).backward()
    for moments in home.values():
        for tensor in (moments.mean, moments.var):
            assert tensor.grad is not None and bool(torch.isfinite(tensor.grad).all())
