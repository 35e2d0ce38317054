from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from mde.errors import InputError
from mde.nets.state import check_unchanged, state_of
from tests.conftest import make_teacher


def nudge_weight(network: nn.Module) -> None:
    weight = next(network.parameters())
    weight.data[0, 0, 0, 0] = torch.nextafter(weight.data[0, 0, 0, 0], torch.tensor(9.0))


def one_forward_in_training_mode(network: nn.Module) -> None:
    network.train()
    network(torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0)))
    network.eval()


def change_a_buffer_that_no_file_holds(network: nn.Module) -> None:
    network.get_buffer("core.extra").add_(1)


@pytest.mark.parametrize(
    ("harm", "first"),
    [
        (nudge_weight, "core.first.0.weight"),
        (one_forward_in_training_mode, "core.first.1.running_mean"),
        (change_a_buffer_that_no_file_holds, "core.extra"),
    ],
)
def test_any_changed_number_is_noticed_and_named(harm: Callable[[nn.Module], None], first: str) -> None:
    teacher = make_teacher()
    teacher.core.register_buffer("extra", torch.zeros(()), persistent=False)
    before = state_of(teacher)
    check_unchanged(teacher, before, name="tiny")
    harm(teacher)
    assert state_of(teacher).sha256 != before.sha256
    with pytest.raises(InputError, match=rf"teacher 'tiny' changed while it taught: .*first: {first}\)") as caught:
        check_unchanged(teacher, before, name="tiny")
    assert "\n" not in str(caught.value)


def test_asking_changes_nothing_and_equal_networks_have_equal_states() -> None:
    teacher = make_teacher()
    before = state_of(teacher).sha256
    teacher(torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0)))
    assert state_of(teacher).sha256 == before == state_of(make_teacher()).sha256
    assert state_of(make_teacher(seed=1)).sha256 != before
