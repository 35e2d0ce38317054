"""Imitation: what a student learns of its teacher's features, by a translation that no longer changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from distill.acclimation import Acclimation, imitation_loss


@dataclass(frozen=True, kw_only=True)
class Imitation:
    """A frozen translation, and what a deviation from it costs."""

    acclimation: Acclimation
    weight: float
    """Of the term in the objective."""

    def loss(self, teacher: Sequence[Tensor], student: Sequence[Tensor]) -> Float[Tensor, " batch"]:
        """Per sample, how far the student's maps are from the teacher's translated ones (`imitation_loss`)."""
        with torch.no_grad():
            translated = self.acclimation(teacher, student)
        return imitation_loss(translated, student)
