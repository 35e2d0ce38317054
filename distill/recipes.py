"""Recipes: complete objectives by name, each with the axis of the depth probability map that it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from distill.objective import ObjectiveChanges, ObjectiveConfig, check_target
from mde.bins import Spacing
from mde.domain import Domain
from mde.errors import InputError

RecipeName = Literal[
    "default",
    "nyu",
    "tiekd",
    "tiekd-reference",
    "tiekd-dpm-only",
    "response-si",
    "response-mse",
    "response-ssim",
    "response-ssim-si",
    "response-ssim-mse",
]
TIEKD_DPM_SHARE = 0.1
"""a in TIE-KD's sum, as its configurations have it."""
TIEKD_SKIPPED_TOP = 110 / 352
"""Rows of KITTI's 352 that TIE-KD leaves out, since LiDAR hardly ever answers there."""
RESPONSE_MSE_WEIGHT = 1.0
RESPONSE_SSIM_WEIGHT = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """What a student is taught."""

    objective: ObjectiveConfig
    spacing: Spacing = "log"
    """Spacing of the bins of its depth probability map."""


def default(domain: Domain) -> Recipe:
    """KL + 3 (1 - SSIM) + 0.5 gradient + 0.5 log: the map is explained, edges are kept, near and far count alike."""
    return Recipe(objective=ObjectiveConfig())


def nyu(domain: Domain) -> Recipe:
    """The default with less SSIM and with SILog in place of log, since published NYU tables favour SSIM + SI."""
    objective = replace(default(domain).objective, ssim_weight=1.0, log_weight=0.0, silog_weight=0.5)
    return Recipe(objective=objective)


def tiekd(domain: Domain, *, dpm_share: float = TIEKD_DPM_SHARE) -> Recipe:
    """TIE-KD's sum 10 (a KL + (1 - a) (1 - SSIM)), with a = `dpm_share`: 1 KL + 9 (1 - SSIM).

    On its uniform bins and, for driving, without the top 110 of 352 rows. Raises InputError for a share outside
    0..1: one released configuration has 1.5, which rewards dissimilarity.

    Reference: TIE-KD (Choi et al., 2024), its total loss and the released configurations. Differs: the target is the
    paper's; the released code's is in `tiekd_reference`. The student decides at which size its map is compared, the
    published one at full size.
    """
    if not 0.0 <= dpm_share <= 1.0:
        raise InputError(f"the share {dpm_share} of the DPM term must lie in 0..1; TIE-KD's is {TIEKD_DPM_SHARE}")
    skipped = TIEKD_SKIPPED_TOP if domain.name == "driving" else 0.0
    objective = ObjectiveConfig(
        dpm_weight=10.0 * dpm_share,
        ssim_weight=10.0 * (1.0 - dpm_share),
        gradient_weight=0.0,
        log_weight=0.0,
        skip_top=skipped,
    )
    return Recipe(objective=objective, spacing="uniform")


def tiekd_reference(domain: Domain) -> Recipe:
    """TIE-KD as it was released, with its biased target."""
    recipe = tiekd(domain)
    return replace(recipe, objective=replace(recipe.objective, target="reference"))


def tiekd_dpm_only(domain: Domain) -> Recipe:
    """TIE-KD without its depth term."""
    recipe = tiekd(domain)
    return replace(recipe, objective=replace(recipe.objective, ssim_weight=0.0))


def response(*, si: float = 0.0, mse: float = 0.0, ssim: float = 0.0) -> Recipe:
    """TIE-KD's response baselines: a sum of losses on depth, on all rows, and no term on the map of bins.

    Differs: theirs have a head of one sigmoid; our students keep theirs, which here learns from depth alone.
    """
    objective = ObjectiveConfig(
        dpm_weight=0.0, ssim_weight=ssim, gradient_weight=0.0, log_weight=0.0, silog_weight=si, mse_weight=mse
    )
    return Recipe(objective=objective)


def si_weight(domain: Domain) -> float:
    """TIE-KD's factor on the scale-invariant loss: 1 on KITTI, 1.5 on NYU, and ours after the place of the camera."""
    return 1.5 if domain.name in ("indoor", "warehouse") else 1.0


def chosen(name: RecipeName, domain: Domain, changes: ObjectiveChanges, spacing: Spacing | None) -> Recipe:
    """The recipe of that name for `domain`, with `changes` made to its objective and, where given, another spacing.

    Raises InputError where the changes make an impossible objective, or one that the bins do not allow.
    """
    recipe = RECIPES[name](domain)
    recipe = Recipe(objective=changes.applied_to(recipe.objective), spacing=spacing or recipe.spacing)
    check_target(recipe.objective, domain.bins_spaced(recipe.spacing))
    return recipe


RECIPES: dict[RecipeName, Callable[[Domain], Recipe]] = {
    "default": default,
    "nyu": nyu,
    "tiekd": tiekd,
    "tiekd-reference": tiekd_reference,
    "tiekd-dpm-only": tiekd_dpm_only,
    "response-si": lambda domain: response(si=si_weight(domain)),
    "response-mse": lambda domain: response(mse=RESPONSE_MSE_WEIGHT),
    "response-ssim": lambda domain: response(ssim=RESPONSE_SSIM_WEIGHT),
    "response-ssim-si": lambda domain: response(ssim=RESPONSE_SSIM_WEIGHT, si=si_weight(domain)),
    "response-ssim-mse": lambda domain: response(ssim=RESPONSE_SSIM_WEIGHT, mse=RESPONSE_MSE_WEIGHT),
}
"""Recipes by name; each is made for a domain."""
