from __future__ import annotations

import pytest
import torch
from torch import Tensor

from distill.acclimation import Acclimation, Level, Translated, imitation_loss, openness, paired_levels
from distill.imitation import Imitation


def maps(*shapes: tuple[int, int, int], seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(2, *shape, generator=generator) for shape in shapes]


TEACHER = ((7, 24, 32), (9, 12, 16), (11, 6, 8))
STUDENT = ((4, 24, 32), (5, 12, 16), (6, 7, 9), (8, 2, 2))


def levels() -> tuple[Level, ...]:
    return paired_levels(maps(*TEACHER), maps(*STUDENT))


def acclimation(*, is_attentive: bool = True) -> Acclimation:
    torch.manual_seed(0)
    return Acclimation(levels(), is_attentive=is_attentive).eval()


def test_maps_are_paired_by_size_and_one_without_a_counterpart_is_left_alone() -> None:
    assert [level.teacher for level in levels()] == [0, 1, 2, None]
    assert [level.teacher_channels for level in levels()] == [7, 9, 11, 0]


def test_of_maps_of_one_size_the_deepest_is_taken() -> None:
    (level,) = paired_levels(maps((3, 6, 8), (3, 6, 8)), maps((4, 6, 8)))
    assert level.teacher == 1


def test_translated_maps_have_the_shapes_of_the_students() -> None:
    own = maps(*STUDENT)
    translated = acclimation()(maps(*TEACHER), own)
    assert translated[3] is None
    for target, one in zip(translated[:3], own, strict=False):
        assert target is not None and target.features.shape == one.shape
        assert target.gate.shape == (2, 1, *one.shape[-2:])


def test_gates_begin_half_open_and_are_all_open_where_they_are_not_learned() -> None:
    assert openness(acclimation()(maps(*TEACHER), maps(*STUDENT))).item() == 0.5
    assert openness(acclimation(is_attentive=False)(maps(*TEACHER), maps(*STUDENT))).item() == 1.0
    assert not list(acclimation(is_attentive=False).gates.parameters())


def test_the_ghost_sees_the_students_own_features_where_a_gate_is_shut() -> None:
    features, own = maps((4, 2, 2), (4, 2, 2))
    gate = torch.zeros(2, 1, 2, 2)
    gate[..., 0, :] = 1.0
    seen = Translated(features=features, gate=gate).beside(own)
    torch.testing.assert_close(seen[..., 0, :], features[..., 0, :])
    torch.testing.assert_close(seen[..., 1, :], own[..., 1, :])


def test_imitation_is_the_mean_square_per_channel_at_open_gates() -> None:
    own = [torch.zeros(1, 4, 1, 2), torch.zeros(1, 3, 1, 1), torch.zeros(1, 9, 2, 2)]
    first = Translated(features=torch.tensor([[[[1.0, 5.0]]]]).expand(1, 4, 1, 2), gate=torch.tensor([[[[1.0, 0.0]]]]))
    second = Translated(features=torch.full((1, 3, 1, 1), 2.0), gate=torch.full((1, 1, 1, 1), 0.25))
    torch.testing.assert_close(
        imitation_loss([first, second, None], own), torch.tensor([(1.0 + 4.0) / 2]), rtol=1e-5, atol=0
    )


def test_a_shut_level_costs_nothing_and_is_finite() -> None:
    shut = Translated(features=torch.ones(1, 4, 2, 2), gate=torch.zeros(1, 1, 2, 2))
    assert imitation_loss([shut], [torch.zeros(1, 4, 2, 2)]).item() == 0.0


def test_no_gradient_reaches_translation_and_teacher() -> None:
    frozen = acclimation()
    teacher, own = maps(*TEACHER), maps(*STUDENT)
    for one in (*teacher, *own):
        one.requires_grad_(True)
    Imitation(acclimation=frozen, weight=1.0).loss(teacher, own).sum().backward()
    assert all(parameter.grad is None for parameter in frozen.parameters())
    assert all(one.grad is None for one in teacher)
    assert [one.grad is not None for one in own] == [True, True, True, False]
    assert all(float(one.grad.abs().max()) > 0 for one in own[:3] if one.grad is not None)


def test_narrow_maps_are_compared_in_float32() -> None:
    translated = acclimation()([one.bfloat16() for one in maps(*TEACHER)], [one.bfloat16() for one in maps(*STUDENT)])
    loss = imitation_loss(translated, [one.bfloat16() for one in maps(*STUDENT)])
    assert loss.dtype == torch.float32 and bool(torch.isfinite(loss).all())


@pytest.mark.parametrize("is_attentive", [True, False])
def test_gradients_reach_every_part_of_the_translation(is_attentive: bool) -> None:
    net = acclimation(is_attentive=is_attentive)
    own = maps(*STUDENT)
    for target, one in zip(net(maps(*TEACHER), own), own, strict=True):
        if target is not None:
            target.beside(one).square().mean().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
