"""Counting and timing."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eval.cost import measure_cost
from mde.macs import count_macs


class Counted(nn.Module):
    """One of each kind of layer, small enough to count on paper."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(4, 4, 3, padding=1, groups=4, stride=2)
        self.dense = nn.Conv2d(4, 8, 1)
        self.mix = nn.Linear(8, 5)

    def forward(self, image: Tensor) -> Tensor:
        plane = self.dense(self.depthwise(image))
        tokens = plane.flatten(2).transpose(1, 2)
        attended = F.scaled_dot_product_attention(tokens[:, None], tokens[:, None], tokens[:, None])[:, 0]
        return self.mix(attended) @ torch.ones(5, 3)


def test_operations_are_those_counted_on_paper() -> None:
    tokens = 6 * 8  # a 12x16 image at stride 2
    depthwise, dense = tokens * 4 * 9, tokens * 4 * 8
    attention = 2 * tokens * tokens * 8
    linear, product = tokens * 8 * 5, tokens * 5 * 3
    expected = depthwise + dense + attention + linear + product
    with torch.inference_mode():
        assert count_macs(Counted().eval(), torch.zeros(1, 4, 12, 16)) == expected


def test_a_network_is_measured_at_its_own_size(red_net) -> None:
    threads = torch.get_num_threads()
    cost = measure_cost(red_net(size=(16, 32)), num_repeats=3)
    assert (cost.num_parameters, cost.num_macs) == (3, 3 * 16 * 32)
    assert (cost.height, cost.width, cost.num_repeats, cost.num_threads, cost.device) == (16, 32, 3, 1, "CPU")
    assert cost.memory is None
    low, high = cost.latency_quartiles_s
    assert 0.0 < low <= cost.latency_s <= high
    assert torch.get_num_threads() == threads


def test_one_repeat_has_no_spread_and_is_refused(red_net) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        measure_cost(red_net(), num_repeats=1)
