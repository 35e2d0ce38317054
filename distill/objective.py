"""Objective: the weighted sum of losses that a student minimises, on teacher depth alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Literal

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from distill.losses import (
    berhu_loss,
    dpm_kl_loss,
    gradient_loss,
    log_l1_loss,
    mse_loss,
    normal_loss,
    silog_loss,
)
from distill.ssim import SSIM_WINDOW, ssim_loss
from mde.bins import Bins
from mde.dpm import bin_mass_target, reference_target
from mde.errors import InputError
from mde.nets.output import Output

TargetName = Literal["bin_mass", "reference"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectiveConfig:
    """Weights of the terms, and what the depth probability map is taught. A term of weight zero is not computed.

    The numbers here are the default recipe's, others stand in `distill.recipes`; `ObjectiveChanges` says what each is.
    """

    dpm_weight: float = 1.0
    ssim_weight: float = 3.0
    gradient_weight: float = 0.5
    log_weight: float = 0.5
    silog_weight: float = 0.0
    berhu_weight: float = 0.0
    mse_weight: float = 0.0
    normal_weight: float = 0.0
    target: TargetName = "bin_mass"
    skip_top: float = 0.0

    def __post_init__(self) -> None:
        weights = {f"{term}_weight": weight for term, weight in self.weights.items()}
        if not all(0.0 <= weight < float("inf") for weight in weights.values()) or not any(weights.values()):
            raise InputError(f"weights of the objective must be finite, not negative and not all zero; got {weights}")
        if not 0.0 <= self.skip_top < 1.0:
            raise InputError(
                f"--objective.skip-top {self.skip_top} must be a share of the rows, at least 0 and below 1; TIE-KD has "
                "0.3125"
            )

    @property
    def weights(self) -> dict[str, float]:
        """Weight of every term by its name, zero or not."""
        return {term: getattr(self, f"{term}_weight") for term in ("dpm", *DEPTH_LOSSES)}


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectiveChanges:
    """What to change in the recipe's objective; None is as the recipe says, and weight 0 leaves a term out."""

    dpm_weight: float | None = None
    """KL between the student's depth probability map and the target around the teacher's depth."""
    ssim_weight: float | None = None
    """1 - SSIM of depth in metres."""
    gradient_weight: float | None = None
    """Multi-scale gradient of the log-depth error."""
    log_weight: float | None = None
    """Mean absolute log-depth error."""
    silog_weight: float | None = None
    """Scale-invariant log error, root of variance + 0.15 mean^2."""
    berhu_weight: float | None = None
    """Reverse Huber in metres, linear up to a fifth of an image's largest error."""
    mse_weight: float | None = None
    """Mean squared error in square metres."""
    normal_weight: float | None = None
    """1 - cosine between surface normals."""
    target: TargetName | None = None
    """Target of the depth probability map: bin_mass, the normal distribution around the teacher's depth, or
    reference, the biased one of TIE-KD's released code, for comparisons; it needs --bins uniform."""
    skip_top: float | None = None
    """Share of the rows at the top that no term sees; TIE-KD leaves out 110 of KITTI's 352, a share of 0.3125."""

    def applied_to(self, objective: ObjectiveConfig) -> ObjectiveConfig:
        """`objective` with the changes made. Raises InputError where they make an impossible one."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(objective, **{name: value for name, value in named.items() if value is not None})


def check_target(objective: ObjectiveConfig, bins: Bins) -> None:
    """Raises InputError for TIE-KD's released target on bins for which it is not defined."""
    if objective.dpm_weight > 0 and objective.target == "reference" and bins.spacing != "uniform":
        raise InputError(
            f"the target 'reference' is defined on uniform bins and these are {bins.spacing}; add --bins uniform, or "
            "take --objective.target bin_mass"
        )


def objective_loss(
    student: Output, teacher_m: Float[Tensor, "batch 1 height width"], bins: Bins | None, objective: ObjectiveConfig
) -> tuple[Float[Tensor, " batch"], dict[str, Tensor]]:
    """The objective per sample, (B,), and the terms that it is the weighted sum of, each (B,), by name.

    `teacher_m` is the target at the student's size, in metres inside the range. `bins` are those of the student's
    depth probability map; None, and an answer without logits, will do where the term `dpm` has no weight.
    """
    weights = {term: weight for term, weight in objective.weights.items() if weight > 0}
    rows = kept_rows(teacher_m.shape[-2], objective)
    if "ssim" in weights and min(rows.stop - rows.start, teacher_m.shape[-1]) < SSIM_WINDOW:
        height, width = teacher_m.shape[-2:]
        raise InputError(
            f"an image of {height}x{width} with --objective.skip-top {objective.skip_top} is too small for the "
            f"{SSIM_WINDOW}x{SSIM_WINDOW} window of SSIM; use larger images, or --objective.ssim-weight 0"
        )
    terms = {
        term: _dpm_term(student, teacher_m, bins, objective)
        if term == "dpm"
        else DEPTH_LOSSES[term](student.depth_m[..., rows, :], teacher_m[..., rows, :])
        for term in weights
    }
    first, *others = (weights[term] * value for term, value in terms.items())
    return sum(others, start=first), terms


def kept_rows(height: int, objective: ObjectiveConfig) -> slice:
    """The rows of a map of `height` rows that the terms see: all below the share that is skipped."""
    return slice(min(round(objective.skip_top * height), height - 1), height)


def _dpm_term(student: Output, teacher_m: Tensor, bins: Bins | None, objective: ObjectiveConfig) -> Tensor:
    """KL at the size of the student's map: a quarter of the image for ours, the whole for TIE-KD's."""
    logits = student.dpm_logits
    if logits is None or bins is None:
        raise InputError(
            "this student answers no depth probability map (Output.dpm_logits); add --objective.dpm-weight 0, or take "
            "a recipe without that term, such as --recipe response-ssim-si"
        )
    # A silhouette's two depths are not averaged: a target of fewer pixels takes one of them.
    resized_m = F.interpolate(teacher_m, size=logits.shape[-2:], mode="nearest-exact")
    rows = kept_rows(logits.shape[-2], objective)
    return dpm_kl_loss(logits[..., rows, :], TARGETS[objective.target](resized_m[..., rows, :], bins))


TARGETS: dict[TargetName, Callable[[Tensor, Bins], Tensor]] = {
    "bin_mass": bin_mass_target,
    "reference": reference_target,
}
"""What the depth probability map is taught, by name."""
DEPTH_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "ssim": ssim_loss,
    "gradient": gradient_loss,
    "log": log_l1_loss,
    "silog": silog_loss,
    "berhu": berhu_loss,
    "mse": mse_loss,
    "normal": normal_loss,
}
"""Terms on the student's and the teacher's depth, by the name of their weight."""
