"""Memory of a network, measured in a process of its own."""

from __future__ import annotations

import os
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from eval.memory import measure_memory
from mde.nets.net import DepthNet, NetSpec
from mde.nets.output import Output

MEGABYTE = 1_000_000


class KnownCore(nn.Module):
    """Weights and a largest buffer whose sizes a test chooses."""

    def __init__(self, weight_bytes: int, buffer_bytes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(weight_bytes // 4), requires_grad=False)
        self.buffer_bytes = buffer_bytes

    def forward(self, image: Tensor) -> Output:
        largest = torch.ones(self.buffer_bytes // 4).sum()
        return Output(depth_m=image[:, :1] * 0.0 + 1.0 + 0.0 * (largest + self.weight[0]))


def open_known(weight_bytes: int, buffer_bytes: int) -> DepthNet:
    spec = NetSpec(
        name="known",
        role="student",
        domain="driving",
        native_size=(24, 40),
        depth_range_m=(1e-3, 80.0),
        licence="Apache-2.0",
        weights_sha256="0" * 64,
    )
    return DepthNet(KnownCore(weight_bytes, buffer_bytes), spec)


def open_nothing(depth: int) -> DepthNet:
    os._exit(depth)


def test_weights_and_the_largest_buffer_are_told_apart_from_the_libraries() -> None:
    found = measure_memory(partial(open_known, 24 * MEGABYTE, 48 * MEGABYTE))
    assert found is not None
    assert abs(found.weights_bytes - 24 * MEGABYTE) < MEGABYTE
    assert abs(found.passes_bytes - 48 * MEGABYTE) < MEGABYTE
    assert found.peak_bytes == found.weights_bytes + found.passes_bytes


@pytest.mark.slow
def test_a_process_that_ends_early_leaves_no_figure() -> None:
    assert measure_memory(partial(open_nothing, 3)) is None
