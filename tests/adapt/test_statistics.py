from __future__ import annotations

import pytest
import torch
from torch import nn

from adapt.statistics import Moments, _MeanAndVariance, captured, merge_moments, moments_of
from adapt.target import batchnorm_targets, layers_of
from mde.nets.net import DepthNet


def images(num: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(num, 3, 32, 48, generator=torch.Generator().manual_seed(seed))


def norms(teacher: DepthNet) -> dict[str, nn.Module]:
    return layers_of(teacher, batchnorm_targets(teacher))


def assert_equal(found: dict[str, Moments], expected: dict[str, Moments]) -> None:
    assert list(found) == list(expected)
    for name, moments in expected.items():
        torch.testing.assert_close(found[name].mean, moments.mean)
        torch.testing.assert_close(found[name].var, moments.var)


def test_captured_moments_are_those_of_the_layer_input(teacher: DepthNet) -> None:
    batch = images(4)
    with captured(norms(teacher)) as capture:
        teacher(batch)
    first_input = teacher.core.first[0](batch)
    mean = first_input.mean(dim=(0, 2, 3))
    found = capture.take()["core.first.1"]
    torch.testing.assert_close(found.mean, mean)
    torch.testing.assert_close(found.var, (first_input - mean.view(1, -1, 1, 1)).square().mean(dim=(0, 2, 3)))


@pytest.mark.parametrize("sizes", [[2, 2, 2, 2], [5, 2, 1]])
def test_merged_batches_have_exactly_the_moments_of_their_union(teacher: DepthNet, sizes: list[int]) -> None:
    batch, parts = images(8), []
    with captured(norms(teacher)) as capture:
        for part in batch.split(sizes):
            teacher(part)
            parts.append(capture.take())
        teacher(batch)
    assert_equal(merge_moments(parts, [len(part) for part in batch.split(sizes)]), capture.take())


def test_a_layer_that_runs_twice_counts_both_times() -> None:
    norm = nn.BatchNorm2d(3).eval()
    first, second = images(2, seed=1), 2.0 + 3.0 * images(2, seed=2)
    with captured({"norm": norm}) as capture:
        norm(first)
        norm(second)
    assert_equal(capture.take(), {"norm": moments_of(torch.cat((first, second)), 1)})
    assert capture.take() == {}


def test_layer_norm_counts_the_last_axis_of_tokens_and_the_second_of_maps() -> None:
    norm = nn.LayerNorm(5)
    tokens = torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(0))
    with captured({"norm": norm}) as capture:
        norm(tokens)
    torch.testing.assert_close(capture.take()["norm"].mean, tokens.mean((0, 1)))
    group = nn.GroupNorm(1, 3)
    with captured({"group": group}) as capture:
        group(images(2))
    torch.testing.assert_close(capture.take()["group"].mean, images(2).mean((0, 2, 3)))


def test_capturing_leaves_the_teacher_as_it_was(teacher: DepthNet) -> None:
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    with captured(norms(teacher)):
        teacher(images(2))
    assert all(torch.equal(before[name], tensor) for name, tensor in teacher.state_dict().items())
    assert not any(module._forward_pre_hooks for module in teacher.modules())


def test_hooks_are_taken_away_when_the_block_fails(teacher: DepthNet) -> None:
    with pytest.raises(RuntimeError, match="oh"), captured(norms(teacher)):
        raise RuntimeError("oh")
    assert not any(module._forward_pre_hooks for module in teacher.modules())


@pytest.mark.parametrize("axis", [1, -1])
def test_gradients_of_moments_agree_with_finite_differences(axis: int) -> None:
    features = torch.randn(2, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(
        lambda x: _MeanAndVariance.apply(x, axis % 4), (features.requires_grad_(),), atol=1e-8
    )
