from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch
from torch import Tensor

import distill.objective as objective_module
from distill.losses import (
    berhu_loss,
    dpm_kl_loss,
    gradient_loss,
    log_l1_loss,
    mse_loss,
    normal_loss,
    silog_loss,
)
from distill.objective import ObjectiveChanges, ObjectiveConfig, check_target, kept_rows, objective_loss
from distill.ssim import ssim_loss
from mde.domain import DOMAINS, INDOOR
from mde.dpm import bin_mass_target, reference_target
from mde.errors import InputError
from mde.nets.output import Output
from tests.distill.test_losses import depths

LOSSES = {
    "ssim": ssim_loss,
    "gradient": gradient_loss,
    "log": log_l1_loss,
    "silog": silog_loss,
    "berhu": berhu_loss,
    "mse": mse_loss,
    "normal": normal_loss,
}
NOTHING = {f"{term}_weight": 0.0 for term in ("dpm", *LOSSES)}
BINS = INDOOR.uniform_bins
HEIGHT, WIDTH = 32, 24


def answer(*, per_pixel: int = 4) -> Output:
    """A student's answer whose map has one of `per_pixel` pixels along each axis."""
    size = (2, BINS.num_bins, HEIGHT // per_pixel, WIDTH // per_pixel)
    logits = torch.randn(size, generator=torch.Generator().manual_seed(2))
    return Output(depth_m=depths(0, height=HEIGHT, width=WIDTH).float(), dpm_logits=logits)


def teacher_m() -> Tensor:
    return depths(1, height=HEIGHT, width=WIDTH).float()


def only(**weights: float) -> ObjectiveConfig:
    return replace(ObjectiveConfig(), **{**NOTHING, **weights})


@pytest.mark.parametrize("term", LOSSES)
def test_each_weight_belongs_to_the_loss_of_its_name(term: str) -> None:
    loss, terms = objective_loss(answer(), teacher_m(), BINS, only(**{f"{term}_weight": 2.5}))
    expected = LOSSES[term](answer().depth_m, teacher_m())
    assert list(terms) == [term]
    torch.testing.assert_close(terms[term], expected)
    torch.testing.assert_close(loss, 2.5 * expected)


def test_the_objective_is_the_weighted_sum_of_its_terms() -> None:
    loss, terms = objective_loss(answer(), teacher_m(), BINS, ObjectiveConfig())
    assert list(terms) == ["dpm", "ssim", "gradient", "log"]
    expected = terms["dpm"] + 3 * terms["ssim"] + 0.5 * terms["gradient"] + 0.5 * terms["log"]
    torch.testing.assert_close(loss, expected)
    assert loss.shape == (2,)


def test_a_map_at_full_size_is_compared_with_the_teacher_at_full_size() -> None:
    full = answer(per_pixel=1)
    assert full.dpm_logits is not None
    loss, _ = objective_loss(full, teacher_m(), BINS, only(dpm_weight=1.0))
    torch.testing.assert_close(loss, dpm_kl_loss(full.dpm_logits, bin_mass_target(teacher_m(), BINS)))


def test_a_map_at_quarter_size_is_compared_with_depths_that_occur() -> None:
    """Of two depths at a silhouette, one; never their mean, which belongs to nothing."""
    student = answer()
    assert student.dpm_logits is not None
    loss, _ = objective_loss(student, teacher_m(), BINS, only(dpm_weight=1.0))
    picked = teacher_m()[..., 2::4, 2::4]  # the pixel whose centre is nearest to that of its block
    torch.testing.assert_close(loss, dpm_kl_loss(student.dpm_logits, bin_mass_target(picked, BINS)))


def test_the_target_is_the_one_that_was_asked_for() -> None:
    full = answer(per_pixel=1)
    assert full.dpm_logits is not None
    loss, _ = objective_loss(full, teacher_m(), BINS, replace(only(dpm_weight=1.0), target="reference"))
    torch.testing.assert_close(loss, dpm_kl_loss(full.dpm_logits, reference_target(teacher_m(), BINS)))


@pytest.mark.parametrize("term", ["dpm", *LOSSES])
def test_a_term_without_weight_is_not_computed(term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Tensor) -> Tensor:
        raise AssertionError(f"{term} was computed")

    table = objective_module.TARGETS if term == "dpm" else objective_module.DEPTH_LOSSES
    monkeypatch.setitem(table, "bin_mass" if term == "dpm" else term, fail)  # type: ignore[arg-type]
    everything = only(**dict.fromkeys(NOTHING, 1.0))
    with pytest.raises(AssertionError, match="was computed"):
        objective_loss(answer(), teacher_m(), BINS, everything)
    loss, terms = objective_loss(answer(), teacher_m(), BINS, replace(everything, **{f"{term}_weight": 0.0}))
    assert term not in terms and len(terms) == len(NOTHING) - 1 and torch.isfinite(loss).all()


@pytest.mark.parametrize("term", ["dpm", *LOSSES])
def test_no_term_sees_the_rows_that_are_skipped(term: str) -> None:
    objective = replace(only(**{f"{term}_weight": 1.0}), skip_top=0.3125)
    before, _ = objective_loss(answer(per_pixel=1), teacher_m(), BINS, objective)
    student, d = answer(per_pixel=1), teacher_m()
    assert student.dpm_logits is not None
    student.depth_m[..., :10, :] = 9.0
    student.dpm_logits[..., :10, :] = 0.0
    d[..., :10, :] = 1.0
    after, _ = objective_loss(student, d, BINS, objective)
    assert torch.equal(before, after)
    d[..., 10, :] = 9.5
    student.depth_m[..., 10, :] = 1.0
    assert not torch.equal(before, objective_loss(student, d, BINS, objective)[0])


def test_skipped_rows_are_cut_away_and_not_counted_as_perfect() -> None:
    objective = replace(only(log_weight=1.0), skip_top=0.5)
    loss, _ = objective_loss(answer(), teacher_m(), BINS, objective)
    torch.testing.assert_close(loss, log_l1_loss(answer().depth_m[..., 16:, :], teacher_m()[..., 16:, :]))


def test_the_skipped_share_of_tiekd_is_110_of_352_rows() -> None:
    objective = replace(ObjectiveConfig(), skip_top=0.3125)
    assert kept_rows(352, objective) == slice(110, 352)
    assert kept_rows(88, objective) == slice(28, 88)
    assert kept_rows(7, ObjectiveConfig()) == slice(0, 7)
    assert kept_rows(2, replace(objective, skip_top=0.9)) == slice(1, 2)


def test_a_student_without_a_map_of_bins_is_refused_where_one_is_taught() -> None:
    plain = Output(depth_m=answer().depth_m)
    with pytest.raises(InputError, match="add --objective.dpm-weight 0"):
        objective_loss(plain, teacher_m(), None, ObjectiveConfig())
    loss, _ = objective_loss(plain, teacher_m(), None, replace(ObjectiveConfig(), dpm_weight=0.0))
    assert torch.isfinite(loss).all()


def test_images_too_small_for_the_window_of_ssim_are_refused() -> None:
    with pytest.raises(InputError, match="32x24 with --objective.skip-top 0.7 is too small"):
        objective_loss(answer(), teacher_m(), BINS, replace(ObjectiveConfig(), skip_top=0.7))


def test_the_released_target_on_log_bins_is_refused_with_the_way_out() -> None:
    released = replace(ObjectiveConfig(), target="reference")
    for domain in DOMAINS.values():
        with pytest.raises(InputError, match="add --bins uniform"):
            check_target(released, domain.bins)
        check_target(released, domain.uniform_bins)
        check_target(replace(released, dpm_weight=0.0), domain.bins)


@pytest.mark.parametrize("weights", [{"dpm_weight": -1.0}, {"ssim_weight": float("nan")}, {"mse_weight": float("inf")}])
def test_impossible_weights_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(InputError, match="must be finite, not negative"):
        only(log_weight=1.0, **weights)


def test_an_objective_without_terms_is_refused() -> None:
    with pytest.raises(InputError, match="not all zero"):
        only()


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_of_rows_outside_its_range_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="--objective.skip-top .* must be a share"):
        ObjectiveConfig(skip_top=share)


def test_everything_in_an_objective_can_be_changed_and_nothing_else() -> None:
    assert [field.name for field in fields(ObjectiveChanges)] == [field.name for field in fields(ObjectiveConfig)]


def test_changes_leave_alone_what_they_do_not_name() -> None:
    assert ObjectiveChanges().applied_to(ObjectiveConfig()) == ObjectiveConfig()
    changed = ObjectiveChanges(ssim_weight=0.0, target="reference").applied_to(ObjectiveConfig())
    assert changed == replace(ObjectiveConfig(), ssim_weight=0.0, target="reference")
