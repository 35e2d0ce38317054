"""Schedules: the factor on the learning rate, from the number of steps taken."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

ScheduleName = Literal["cosine", "one-cycle"]


def warmup_cosine(step: int, num_steps: int) -> float:
    """Up linearly over the first tenth of the steps, then a cosine to zero."""
    num_warmup = max(1, num_steps // 10)
    if step < num_warmup:
        return (step + 1) / num_warmup
    return _cosine(1.0, 0.0, (step - num_warmup) / max(1, num_steps - num_warmup))


def one_cycle(step: int, num_steps: int) -> float:
    """From 1/25 by a cosine to 1 over the first 30 % of the steps, then by a cosine to 1/2500.

    Reference: L. Smith and N. Topin, "Super-Convergence", 2018; lengths and ends as in TIE-KD (Choi et al., 2024).
    Differs: the momentum stays.
    """
    num_rising = max(1, round(0.3 * num_steps))
    if step < num_rising:
        return _cosine(1 / 25, 1.0, step / num_rising)
    return _cosine(1.0, 1 / 2500, (step - num_rising) / max(1, num_steps - 1 - num_rising))


def _cosine(begin: float, end: float, progress: float) -> float:
    """From `begin` at progress 0 to `end` at 1, flat at both."""
    return end + 0.5 * (begin - end) * (1.0 + math.cos(math.pi * progress))


SCHEDULES: dict[ScheduleName, Callable[[int, int], float]] = {"cosine": warmup_cosine, "one-cycle": one_cycle}
