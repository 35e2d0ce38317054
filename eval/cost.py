"""Cost: what a network asks of the machine that runs it."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch

from eval.memory import NetOpener, PeakMemory, measure_memory
from mde.macs import count_macs
from mde.nets.exported import ExportedCore
from mde.nets.net import DepthNet

NUM_WARM_UP = 2


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Size and speed of one network, one image of its native size at a time, on the CPU."""

    num_parameters: int
    num_macs: int
    """Multiply-accumulates in convolutions, matrix products and attention; element-wise work is not counted."""
    height: int
    width: int
    latency_s: float
    """Median over the repeats."""
    latency_quartiles_s: tuple[float, float]
    num_repeats: int
    num_threads: int
    device: str = "CPU"
    """Where it was timed; exported files and torch run in the same place."""
    memory: PeakMemory | None = None
    """In a process of its own, with one thread; None where that was not asked for or cannot be told."""


@torch.inference_mode()
def measure_cost(
    net: DepthNet, *, num_repeats: int = 10, num_threads: int = 1, opener: NetOpener | None = None
) -> Cost:
    """Count and time a network at its native size, torch and exported ones alike.

    With `opener`, which loads the same network again, its memory is measured too.

    One thread by default: it is what small devices spend on one network, and on a shared machine the
    figure of several threads is the figure of their neighbours.
    Raises ValueError for fewer than two repeats, which have no spread.
    """
    if num_repeats < 2:
        raise ValueError(f"num_repeats={num_repeats} must be at least 2")
    net.eval()
    height, width = net.spec.native_size
    image = torch.rand((1, 3, height, width), generator=torch.Generator().manual_seed(0))
    times_s = _times_s(net, image, NUM_WARM_UP + num_repeats, num_threads)[NUM_WARM_UP:]
    num_parameters, num_macs = _counts(net, image)
    low, _, high = statistics.quantiles(times_s, n=4, method="inclusive")
    return Cost(
        num_parameters=num_parameters,
        num_macs=num_macs,
        height=height,
        width=width,
        latency_s=statistics.median(times_s),
        latency_quartiles_s=(low, high),
        num_repeats=num_repeats,
        num_threads=num_threads,
        memory=None if opener is None else measure_memory(opener),
    )


def _counts(net: DepthNet, image: torch.Tensor) -> tuple[int, int]:
    """Parameters and multiply-accumulates; those of an exported file were counted when it was written."""
    if isinstance(net.core, ExportedCore):
        return net.core.num_parameters, net.core.num_macs
    return sum(parameter.numel() for parameter in net.parameters()), count_macs(net, image)


def _times_s(net: DepthNet, image: torch.Tensor, num_passes: int, num_threads: int) -> list[float]:
    before = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        return [_time_s(net, image) for _ in range(num_passes)]
    finally:
        torch.set_num_threads(before)


def _time_s(net: DepthNet, image: torch.Tensor) -> float:
    start_s = time.perf_counter()
    net(image)
    return time.perf_counter() - start_s
