"""Alignment of relative and disparity depth on renders: the fit, its refusals, and a run with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from distill.alignment import align, aligned_depth, check_alignment, fit_inverse
from distill.lesson import Lesson
from distill.metrics_log import METRICS
from distill.training import TrainConfig, train
from mde.errors import InputError
from mde.nets.net import DepthNet, Kind
from mde.nets.output import Output
from mde.shards import ShardReader
from tests.conftest import make_teacher
from tests.distill.test_training import fresh_student, rows

RANGE = (1e-3, 10.0)


def depths(batch: int = 3) -> Tensor:
    return 0.5 + 8.0 * torch.rand(batch, 1, 20, 30, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("has_offset", [True, False])
def test_the_fit_is_least_squares(has_offset: bool) -> None:
    """Against numpy, with random weights and noise."""
    generator = torch.Generator().manual_seed(1)
    render_m = depths()
    inverse = 3.0 / render_m + 0.4 * torch.rand(render_m.shape, generator=generator)
    weight = torch.rand(render_m.shape, generator=generator)
    fit = fit_inverse(inverse, render_m, weight, has_offset=has_offset)
    for number in range(len(render_m)):
        q, g, w = (t[number].double().flatten().numpy() for t in (inverse, 1.0 / render_m, weight))
        columns = np.stack((q, np.ones_like(q)), axis=1) if has_offset else q[:, None]
        expected = np.linalg.lstsq(columns * np.sqrt(w)[:, None], g * np.sqrt(w), rcond=None)[0]
        assert float(fit.factor[number]) == pytest.approx(expected[0], rel=1e-5)
        assert float(fit.offset_per_m[number]) == pytest.approx(expected[1] if has_offset else 0.0, abs=1e-6)
    assert bool(fit.is_sound.all())


@pytest.mark.parametrize(("kind", "offset"), [("relative", 0.3), ("disparity", 0.0)])
def test_depth_in_an_unknown_unit_returns_to_metres(kind: Kind, offset: float) -> None:
    true_m = depths()
    render_m = true_m.clone()
    render_m[:, :, :5] = 0.0  # sky: no depth there, and the teacher's is kept
    scale = torch.tensor([0.1, 1.0, 70.0]).view(3, 1, 1, 1)
    teacher = 1.0 / (scale * (1.0 / true_m + offset))
    aligned_m, is_sound = align(teacher, render_m, kind, RANGE)
    assert bool(is_sound.all())
    torch.testing.assert_close(aligned_m, true_m, rtol=1e-4, atol=0.0)


def test_a_factor_alone_does_not_mend_an_offset() -> None:
    true_m = depths()
    aligned_m, _ = align(1.0 / (1.0 / true_m + 0.5), true_m, "disparity", RANGE)
    assert float((aligned_m / true_m - 1.0).abs().max()) > 0.1


def test_pixels_without_depth_are_not_read() -> None:
    true_m = depths(1)
    holes = true_m.clone()
    holes[..., 10:] = 0.0
    teacher = 2.0 * true_m
    teacher[..., 10:] = 1e-6
    fit = fit_inverse(1.0 / teacher, holes, (holes > 0).float(), has_offset=True)
    assert float(fit.factor) == pytest.approx(2.0, rel=1e-4) and abs(float(fit.offset_per_m)) < 1e-4


def test_what_the_fit_puts_beyond_infinity_is_at_the_far_end() -> None:
    true_m = depths(1)
    fit = fit_inverse(1.0 / true_m + 1.0, true_m, torch.ones_like(true_m), has_offset=True)
    far = aligned_depth(torch.full_like(true_m, 0.5), fit, RANGE)  # 0.5 - 1 is below 0
    torch.testing.assert_close(far, torch.full_like(true_m, 10.0))


def degenerate(name: str) -> tuple[Tensor, Tensor]:
    true_m = depths(1)
    if name == "flat":
        return torch.full_like(true_m, 2.0), true_m
    if name == "nearly flat":
        return 2.0 + 1e-5 * true_m, true_m
    if name == "reversed":
        return 1.0 / true_m, true_m
    few = torch.zeros_like(true_m)
    few[0, 0, 0, :5] = 3.0
    return true_m, few if name == "few" else torch.zeros_like(true_m)


@pytest.mark.parametrize("name", ["flat", "nearly flat", "reversed", "few", "none"])
def test_degenerate_images_are_told(name: str) -> None:
    teacher, render_m = degenerate(name)
    aligned_m, is_sound = align(teacher, render_m, "relative", RANGE)
    assert not bool(is_sound.any())
    assert bool(aligned_m.isfinite().all())


def test_kinds_and_flag_must_agree() -> None:
    check_alignment("metric", is_aligned=False, teacher="meter")
    check_alignment("relative", is_aligned=True, teacher="hf:x")
    for kind in ("relative", "disparity"):
        with pytest.raises(InputError, match=f"answers {kind} depth .* add --align-teacher"):
            check_alignment(kind, is_aligned=False, teacher="hf:x")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="--align-teacher is for relative and disparity depth; teacher meter"):
        check_alignment("metric", is_aligned=True, teacher="meter")


class Upright(nn.Module):
    """Inverse depth in some unit, that of the records' slanted plane: far at the bottom; flat for dark images."""

    def __init__(self, sign: float) -> None:
        super().__init__()
        self.sign = sign

    def forward(self, image: Tensor) -> Output:
        slope = torch.linspace(0.0, 1.0, image.shape[-2]).view(1, 1, -1, 1) * self.sign
        return Output(depth_m=1.0 / (3.0 - slope + 0.0 * image[:, :1]))


def relative(sign: float) -> DepthNet:
    spec = replace(make_teacher().spec, kind="relative")
    return DepthNet(Upright(sign), spec).eval()


def learn(shards: Path, out: Path, teacher: DepthNet) -> list[dict[str, float]]:
    out.mkdir()
    config = TrainConfig(num_steps=3, batch_size=4, checkpoint_every=3)
    lesson = Lesson(teacher=teacher, align_teacher=True)
    train(fresh_student(), lesson, ShardReader(shards), config, out, seed=0)
    return rows(out)


def test_a_student_learns_from_an_aligned_teacher(shards: Path, tmp_path: Path) -> None:
    logged = learn(shards, tmp_path / "a", relative(1.0))
    assert (tmp_path / "a" / METRICS).is_file()
    assert all(row["share_aligned"] == 1.0 and np.isfinite(row["loss"]) for row in logged)


def test_a_teacher_that_takes_far_for_near_stops_the_run(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="follows the renders' in no image of step 0"):
        learn(shards, tmp_path / "a", relative(-1.0))
