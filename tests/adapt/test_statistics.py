from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from adapt.statistics import (
    Moments,
    batchnorm_layers,
    captured_moments,
    mean_distance,
    mean_moments,
    normalised_distances,
    stored_moments,
)
from mde.errors import InputError
from mde.nets.net import DepthNet


def images(num: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(num, 3, 32, 48, generator=torch.Generator().manual_seed(seed))


def test_captured_moments_are_those_of_the_layer_input(teacher: DepthNet) -> None:
    layers = batchnorm_layers(teacher)
    batch = images(4)
    with captured_moments(layers) as found:
        teacher(batch)
    first_input = teacher.core.first[0](batch)
    mean = first_input.mean(dim=(0, 2, 3))
    torch.testing.assert_close(found["core.first.1"].mean, mean)
    torch.testing.assert_close(
        found["core.first.1"].var, (first_input - mean.view(1, -1, 1, 1)).square().mean(dim=(0, 2, 3))
    )


def test_merged_batches_have_exactly_the_moments_of_their_union(teacher: DepthNet) -> None:
    layers = batchnorm_layers(teacher)
    batch, parts = images(8), []
    with captured_moments(layers) as found:
        for part in batch.split(2):
            teacher(part)
            parts.append(dict(found))
        teacher(batch)
    merged = mean_moments(parts)
    for name in layers:
        torch.testing.assert_close(merged[name].mean, found[name].mean)
        torch.testing.assert_close(merged[name].var, found[name].var)


def test_the_distance_is_zero_at_home_and_grows_with_every_step_away(teacher: DepthNet) -> None:
    layers = batchnorm_layers(teacher)
    stored = stored_moments(layers)
    assert mean_distance(normalised_distances(stored, stored, layers)).item() == 0.0
    previous = 0.0
    for shift in (0.1, 0.5, 2.0):
        moved = {name: Moments(mean=m.mean + shift, var=m.var * (1 + shift)) for name, m in stored.items()}
        distance = mean_distance(normalised_distances(moved, stored, layers)).item()
        assert distance > previous
        previous = distance


def test_the_distance_agrees_with_its_formula_by_loops(teacher: DepthNet) -> None:
    layers = batchnorm_layers(teacher)
    stored = stored_moments(layers)
    with captured_moments(layers) as found:
        teacher(images(4))
    distances = normalised_distances(found, stored, layers)
    for name, layer in layers.items():
        total = 0.0
        for c in range(layer.num_features):
            m, v = found[name].mean[c].item(), found[name].var[c].item()
            m0, v0 = stored[name].mean[c].item(), stored[name].var[c].item()
            total += (m - m0) ** 2 / (v0 + layer.eps) + (math.log(v + layer.eps) - math.log(v0 + layer.eps)) ** 2
        assert distances[name].item() == pytest.approx(total / layer.num_features, rel=1e-4)


def test_capturing_leaves_the_teacher_as_it_was(teacher: DepthNet) -> None:
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    with captured_moments(batchnorm_layers(teacher)):
        teacher(images(2))
    assert all(torch.equal(before[name], tensor) for name, tensor in teacher.state_dict().items())
    assert not any(module._forward_pre_hooks for module in teacher.modules())


def test_hooks_are_taken_away_when_the_block_fails(teacher: DepthNet) -> None:
    with pytest.raises(RuntimeError, match="oh"), captured_moments(batchnorm_layers(teacher)):
        raise RuntimeError("oh")
    assert not any(module._forward_pre_hooks for module in teacher.modules())


def test_sync_batchnorm_counts_and_layers_without_statistics_do_not() -> None:
    net = nn.Sequential(nn.SyncBatchNorm(3), nn.BatchNorm2d(3, track_running_stats=False), nn.BatchNorm2d(3))
    assert set(batchnorm_layers(net)) == {"0", "2"}


def test_a_teacher_without_batchnorm_is_refused_with_advice() -> None:
    with pytest.raises(InputError, match="no BatchNorm statistics.*--no-adapt"):
        batchnorm_layers(nn.Sequential(nn.Conv2d(3, 3, 1), nn.GroupNorm(1, 3)))
