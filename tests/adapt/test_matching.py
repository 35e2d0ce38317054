"""The loss of a fit: its gradient must not depend on how a batch is split, nor on what is kept in memory."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn

from adapt.checkpointing import blocks_of, checkpointed
from adapt.distance import StatisticsLoss
from adapt.matching import MomentMatching, structure_penalty
from adapt.statistics import captured
from adapt.target import batchnorm_targets, layers_of
from mde.errors import InputError
from mde.nets import load_teacher
from mde.nets.net import DepthNet
from mde.nets.transformation import fresh_transformation

BATCH = torch.rand(6, 3, 48, 64, generator=torch.Generator().manual_seed(1))


def gradient_of(
    teacher: DepthNet,
    sizes: list[int],
    *,
    loss: StatisticsLoss = "normalised",
    is_checkpointed: bool = False,
    steps: int = 1,
    past_share: float = 0.0,
) -> tuple[float, list[Tensor]]:
    """Distance and gradients of the last of some steps, on a transformation that is not the identity."""
    transformation = fresh_transformation("network", seed=0)
    assert transformation.network is not None
    nn.init.normal_(transformation.network[-1].weight, std=0.1, generator=torch.Generator().manual_seed(2))
    targets = batchnorm_targets(teacher)
    with captured(layers_of(teacher, targets)) as capture, checkpointed(teacher) if is_checkpointed else nullcontext():
        matching = MomentMatching(teacher, targets, capture, loss, past_share)
        for step in range(steps):
            transformation.zero_grad()
            distance = matching.backward(transformation, list((BATCH / (steps - step)).split(sizes)))
        assert capture.take() == {}
    return distance, [parameter.grad for parameter in transformation.parameters() if parameter.grad is not None]


@pytest.fixture(scope="module")
def demo() -> DepthNet:
    return load_teacher("demo", None, "indoor")


@pytest.mark.parametrize("loss", ["normalised", "deepinversion", "jeffreys"])
@pytest.mark.parametrize("sizes", [[3, 3], [1, 2, 3], [1] * 6])
def test_micro_batches_have_the_gradient_of_the_whole_batch(
    demo: DepthNet, sizes: list[int], loss: StatisticsLoss
) -> None:
    expected, gradients = gradient_of(demo, [6], loss=loss)
    distance, found = gradient_of(demo, sizes, loss=loss)
    assert distance == pytest.approx(expected, rel=1e-4)
    assert len(found) == len(gradients) == 8
    for ours, theirs in zip(found, gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=2e-3, atol=2e-3 * theirs.abs().max().item())


def test_checkpointing_changes_neither_distance_nor_gradient(demo: DepthNet) -> None:
    assert len(blocks_of(demo)) >= 8
    expected, gradients = gradient_of(demo, [6], steps=2)
    distance, found = gradient_of(demo, [6], steps=2, is_checkpointed=True)
    assert distance == expected
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, gradients, strict=True))
    assert not any("forward" in vars(module) for module in demo.modules())
    split, found = gradient_of(demo, [2, 4], steps=2, is_checkpointed=True)
    assert split == pytest.approx(expected, rel=1e-4)


def test_blocks_are_the_innermost_members_of_sequences() -> None:
    inner = [nn.Sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)) for _ in range(4)]
    net = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Sequential(*inner[:2]), nn.ModuleList(inner[2:]))
    assert blocks_of(net) == inner


def test_memory_mixes_the_past_in(demo: DepthNet) -> None:
    alone, _ = gradient_of(demo, [6], steps=2)
    remembering, _ = gradient_of(demo, [6], steps=2, past_share=0.5)
    first, _ = gradient_of(demo, [6], steps=1)
    assert first == pytest.approx(alone, rel=1e-6)  # the last step's batch is the same
    assert remembering != pytest.approx(alone, rel=1e-2)


def test_activations_that_are_not_finite_are_named(teacher: DepthNet) -> None:
    targets = batchnorm_targets(teacher)
    with captured(layers_of(teacher, targets)) as capture:
        matching = MomentMatching(teacher, targets, capture, "normalised", 0.0)
        with pytest.raises(InputError, match=r"enters layer 'core.first.1' of the teacher is not finite"):
            matching.backward(fresh_transformation("affine", seed=0), [BATCH * float("nan")])


def test_structure_counts_paint_and_edges_of_a_residual() -> None:
    flat = torch.full((1, 3, 4, 4), 0.2)
    striped = flat * torch.tensor([1.0, -1.0, 1.0, -1.0])
    assert structure_penalty(flat).item() == pytest.approx(0.02)
    assert structure_penalty(striped).item() == pytest.approx(0.02 + 0.1 * 0.4)
