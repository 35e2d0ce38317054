"""Exponential moving average of a student's weights: what is kept in the end."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Ema:
    """The average w of all numbers of a student, running statistics included: w += (1 - b) (student - w).

    b = min(decay, (1 + n) / (10 + n)) after n updates, so that the first weights, which are noise, are soon forgotten.
    What is no fraction, as the counters of BatchNorm, is taken over.

    Reference: B. Polyak and A. Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992; the growing b
    as TensorFlow's ExponentialMovingAverage has it.
    """

    def __init__(self, student: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: tensor.detach().clone() for name, tensor in student.state_dict().items()}

    @torch.no_grad()
    def update(self, student: nn.Module, num_updates: int) -> None:
        """One step towards the student; `num_updates` were made before."""
        share = 1.0 - min(self.decay, (1 + num_updates) / (10 + num_updates))
        now = student.state_dict()
        moving = [name for name, tensor in self.state.items() if tensor.is_floating_point()]
        torch._foreach_lerp_([self.state[name] for name in moving], [now[name] for name in moving], share)
        for name, tensor in self.state.items():
            if not tensor.is_floating_point():
                tensor.copy_(now[name])

    def load(self, state: dict[str, Tensor]) -> None:
        """Take over a stored average."""
        for name, tensor in self.state.items():
            tensor.copy_(state[name])
