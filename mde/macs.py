"""Multiply-accumulates: how much arithmetic one image costs."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode


def count_macs(net: torch.nn.Module, image: torch.Tensor) -> int:
    """Multiply-accumulates of one forward pass: half the operations that torch's own counter sees.

    The counter watches the dispatcher, so matrix products outside modules (attention) are counted.
    """
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(image)
    return counter.get_total_flops() // 2
