"""How features of a teacher are distilled: options, and what they mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from mde.errors import InputError

FeatureKind = Literal["off", "ghost", "attentive"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FeatureConfig:
    """Distil the teacher's features beside its depth, as DisDepth does."""

    kind: FeatureKind = "off"
    """off: the teacher's depth alone. ghost: a first student learns from depth; a frozen copy of its decoder (the
    ghost) then teaches a small network to translate the teacher's features; the student goes on and imitates them too.
    attentive: gates that are learned with the translation say where they are worth imitating."""
    response_steps: int = 0
    """Steps of the first student, from depth alone; 0 is as many as --train.num-steps."""
    num_steps: int = 500
    """Optimiser steps of the translation."""
    learning_rate: float = 2e-3
    """Adam's for the translation, down to zero along a cosine."""
    share: float = 0.1
    """Share of the objective that the features have when the student goes on."""
    min_gain: float = 2.0
    """Imitate only if depth from translated features is so many times nearer to the teacher's than the first student's
    is; otherwise the report says that it was not, and the student goes on from depth alone. 0 imitates always."""

    def __post_init__(self) -> None:
        if self.response_steps < 0:
            raise InputError(f"--features.response-steps {self.response_steps} must not be negative")
        if self.num_steps < 1:
            raise InputError(f"--features.num-steps {self.num_steps} must be at least 1")
        if not 0.0 < self.learning_rate < math.inf:
            raise InputError(f"--features.learning-rate {self.learning_rate} must be positive")
        if not 0.0 < self.share < 1.0:
            raise InputError(f"--features.share {self.share} must lie between 0 and 1")
        if not 0.0 <= self.min_gain < math.inf:
            raise InputError(f"--features.min-gain {self.min_gain} must not be negative")
