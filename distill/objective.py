"""Objective: the weighted sum of losses that a student minimises, on teacher depth alone."""

from __future__ import annotations

from dataclasses import dataclass, fields

from torch import Tensor
from torch.nn import functional as F

from distill.losses import dpm_kl_loss, gradient_loss, log_l1_loss, ssim_loss
from mde.bins import Bins
from mde.dpm import bin_mass_target
from mde.errors import InputError
from mde.nets.output import Output


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectiveConfig:
    """Weights of the terms. Zero leaves a term out."""

    dpm_weight: float = 1.0
    """KL between the student's depth probability map and the target around the teacher's depth."""
    ssim_weight: float = 3.0
    """1 - SSIM of depth in metres."""
    gradient_weight: float = 0.5
    """Multi-scale gradient of the log-depth error."""
    log_weight: float = 0.5
    """Mean absolute log-depth error."""

    def __post_init__(self) -> None:
        weights = {field.name: getattr(self, field.name) for field in fields(self)}
        if not all(0.0 <= weight < float("inf") for weight in weights.values()) or not any(weights.values()):
            raise InputError(f"weights of the objective must be finite, not negative and not all zero; got {weights}")


def objective_terms(student: Output, teacher_m: Tensor, bins: Bins) -> dict[str, Tensor]:
    """Each term per sample, (B,), by name. `teacher_m` (B,1,H,W) is the target, in metres inside the range."""
    assert student.dpm_logits is not None
    # A silhouette's two depths are not averaged: the target at a quarter of the size takes one of them.
    quarter_m = F.interpolate(teacher_m, size=student.dpm_logits.shape[-2:], mode="nearest-exact")
    return {
        "dpm": dpm_kl_loss(student.dpm_logits, bin_mass_target(quarter_m, bins)),
        "ssim": ssim_loss(student.depth_m, teacher_m),
        "gradient": gradient_loss(student.depth_m, teacher_m),
        "log": log_l1_loss(student.depth_m, teacher_m),
    }


def weighted_sum(terms: dict[str, Tensor], config: ObjectiveConfig) -> Tensor:
    """The objective per sample, (B,)."""
    return (
        config.dpm_weight * terms["dpm"]
        + config.ssim_weight * terms["ssim"]
        + config.gradient_weight * terms["gradient"]
        + config.log_weight * terms["log"]
    )
