from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from distill.losses import (
    berhu_loss,
    dpm_kl_loss,
    gradient_loss,
    log_l1_loss,
    mse_loss,
    normal_loss,
    silog_loss,
)
from distill.ssim import ssim_loss
from mde.bins import Bins, log_bins, uniform_bins
from mde.domain import INDOOR
from mde.dpm import bin_mass_target, reference_target

BINS = log_bins(0.3, 10.0, 16)
DEPTH_LOSSES = [ssim_loss, log_l1_loss, silog_loss, mse_loss, berhu_loss, gradient_loss, normal_loss]
Loss = Callable[[Tensor, Tensor], Tensor]


def depths(
    seed: int, *, batch: int = 2, height: int = 14, width: int = 16, low: float = 1.0, high: float = 8.0
) -> Tensor:
    rand = torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return low + (high - low) * rand


@pytest.mark.parametrize("bins", [BINS, INDOOR.uniform_bins])
def test_kl_of_a_target_with_itself_is_zero(bins: Bins) -> None:
    target = bin_mass_target(depths(0).float(), bins)
    assert dpm_kl_loss(target.clamp_min(1e-30).log(), target).abs().max() < 1e-5


def test_kl_agrees_with_a_loop_over_bins() -> None:
    target = bin_mass_target(depths(0, batch=1, height=2, width=2).float(), BINS)
    logits = torch.randn(1, 16, 2, 2, generator=torch.Generator().manual_seed(1))
    total = 0.0
    for row in range(2):
        for column in range(2):
            log_norm = math.log(sum(math.exp(v) for v in logits[0, :, row, column].tolist()))
            for q, z in zip(target[0, :, row, column].tolist(), logits[0, :, row, column].tolist(), strict=True):
                total += q * (math.log(q) - (z - log_norm)) if q > 0 else 0.0
    assert dpm_kl_loss(logits, target).item() == pytest.approx(total / 4, rel=1e-5)


@pytest.mark.parametrize(
    ("target_of", "bins"),
    [
        (bin_mass_target, BINS),
        (bin_mass_target, INDOOR.uniform_bins),
        (reference_target, INDOOR.uniform_bins),
    ],
)
def test_kl_keeps_a_finite_gradient_at_and_beyond_both_ends(target_of: Callable[..., Tensor], bins: Bins) -> None:
    depth_m = torch.tensor([0.0, 1e-3, 0.3, 10.0, 11.0, 500.0]).view(1, 1, 2, 3)
    logits = torch.zeros(1, bins.num_bins, 2, 3, requires_grad=True)
    steep = logits + torch.arange(float(bins.num_bins)).view(1, -1, 1, 1) * 40
    loss = dpm_kl_loss(steep, target_of(depth_m, bins)).sum()
    loss.backward()
    assert torch.isfinite(loss) and logits.grad is not None and torch.isfinite(logits.grad).all()
    assert logits.grad.abs().sum() > 0


def test_log_and_gradient_loss_agree_with_loops() -> None:
    y, d = depths(0, batch=1, height=5, width=6), depths(1, batch=1, height=5, width=6)
    error = (y.log() - d.log())[0, 0]
    assert log_l1_loss(y, d).item() == pytest.approx(sum(abs(v) for v in error.flatten().tolist()) / 30, rel=1e-9)
    total = 0.0
    for scale in (1, 2, 4):
        e = error[::scale, ::scale].tolist()
        across = [abs(row[i + 1] - row[i]) for row in e for i in range(len(row) - 1)]
        down = [abs(e[i + 1][j] - e[i][j]) for i in range(len(e) - 1) for j in range(len(e[0]))]
        total += sum(across) / len(across) + sum(down) / len(down)
    assert gradient_loss(y, d).item() == pytest.approx(total, rel=1e-9)


def slow_silog(y: Tensor, d: Tensor) -> float:
    """Eigen's form, mean of squares minus 0.85 times the squared mean, under a root."""
    g = [math.log(a / b) for a, b in zip(y.flatten().tolist(), d.flatten().tolist(), strict=True)]
    return math.sqrt(sum(v * v for v in g) / len(g) - 0.85 * (sum(g) / len(g)) ** 2)


def test_silog_agrees_with_eigens_form() -> None:
    y, d = depths(0), depths(1)
    for sample in range(2):
        assert silog_loss(y, d)[sample].item() == pytest.approx(slow_silog(y[sample], d[sample]), rel=1e-9)


def test_silog_of_a_common_factor_is_the_root_of_its_share() -> None:
    d = depths(0)
    assert silog_loss(2 * d, d).tolist() == pytest.approx([math.sqrt(0.15) * math.log(2)] * 2, rel=1e-9)


def test_mse_is_the_mean_squared_error_in_square_metres() -> None:
    y, d = depths(0), depths(1)
    for sample in range(2):
        pairs = list(zip(y[sample].flatten().tolist(), d[sample].flatten().tolist(), strict=True))
        expected = sum((a - b) ** 2 for a, b in pairs) / len(pairs)
        assert mse_loss(y, d)[sample].item() == pytest.approx(expected, rel=1e-9)


def test_berhu_agrees_with_a_loop_and_takes_its_threshold_from_each_image() -> None:
    y, d = depths(0), depths(1)
    y[1] = d[1] + 10 * (y[1] - d[1])
    for sample in range(2):
        errors = [abs(v) for v in (y[sample] - d[sample]).flatten().tolist()]
        c = max(errors) / 5
        expected = sum(e if e <= c else (e * e + c * c) / (2 * c) for e in errors) / len(errors)
        assert berhu_loss(y, d)[sample].item() == pytest.approx(expected, rel=1e-9)


@given(st.integers(0, 100))
def test_berhu_lies_between_the_mean_absolute_error_and_2_6_times_it(seed: int) -> None:
    y, d = depths(seed, batch=1), depths(seed + 1000, batch=1)
    mean_error = (y - d).abs().mean().item()
    assert mean_error * (1 - 1e-12) <= berhu_loss(y, d).item() <= 2.6 * mean_error * (1 + 1e-12)


def test_berhu_does_not_reward_a_larger_largest_error() -> None:
    d = depths(0, batch=1)
    y = (d + 1.0).requires_grad_()  # most errors lie beyond the threshold that one of them sets
    with torch.no_grad():
        y[0, 0, 3, 3] += 1.0
    berhu_loss(y, d).sum().backward()
    assert y.grad is not None and (y.grad > 0).all()


def slow_normals(depth_m: Tensor) -> list[list[tuple[float, float, float]]]:
    """(-f dln z/du, -f dln z/dv, 1) at unit length, f the width of the image."""
    rows, f = [[math.log(v) for v in row] for row in depth_m.tolist()], depth_m.shape[-1]
    normals = []
    for i in range(len(rows) - 1):
        normals.append([])
        for j in range(len(rows[0]) - 1):
            n = (-f * (rows[i][j + 1] - rows[i][j]), -f * (rows[i + 1][j] - rows[i][j]), 1.0)
            length = math.sqrt(sum(v * v for v in n))
            normals[-1].append((n[0] / length, n[1] / length, n[2] / length))
    return normals


def test_the_normal_loss_agrees_with_a_loop() -> None:
    y, d = depths(0, batch=1, height=5, width=6), depths(1, batch=1, height=5, width=6)
    pairs = [
        (a, b)
        for row_a, row_b in zip(slow_normals(y[0, 0]), slow_normals(d[0, 0]), strict=True)
        for a, b in zip(row_a, row_b, strict=True)
    ]
    expected = sum(1 - sum(p * q for p, q in zip(a, b, strict=True)) for a, b in pairs) / len(pairs)
    assert len(pairs) == 4 * 5 and normal_loss(y, d).item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("width", [32, 96])
@pytest.mark.parametrize("degrees", [5.0, 30.0, 60.0])
def test_the_normal_loss_of_a_slanted_wall_is_that_of_its_angle_at_every_size(degrees: float, width: int) -> None:
    """A wall turned about the vertical, seen around the axis of a camera whose focal length is the image's width."""
    slope = math.tan(math.radians(degrees)) / width
    columns = torch.arange(width, dtype=torch.float64) - (width - 1) / 2
    slanted = (3.0 * torch.exp(slope * columns)).expand(1, 1, 12, width)
    frontal = torch.full_like(slanted, 7.0)
    assert normal_loss(slanted, frontal).item() == pytest.approx(1 - math.cos(math.radians(degrees)), rel=1e-9)


@given(st.floats(0.2, 5.0))
def test_a_common_factor_changes_no_loss_on_ratios_or_shape(factor: float) -> None:
    y, d = depths(0), depths(1)
    for loss in (log_l1_loss, silog_loss):
        torch.testing.assert_close(loss(factor * y, factor * d), loss(y, d))
    for loss in (gradient_loss, normal_loss):
        torch.testing.assert_close(loss(factor * y, d), loss(y, d))


@pytest.mark.parametrize("loss", DEPTH_LOSSES)
def test_losses_answer_one_number_per_sample_independent_of_the_others(loss: Loss) -> None:
    y, d = depths(0, batch=3), depths(1, batch=3)
    y[2] += 20.0
    whole = loss(y, d)
    assert whole.shape == (3,)
    torch.testing.assert_close(whole[1:2], loss(y[1:2], d[1:2]))


@pytest.mark.parametrize("loss", DEPTH_LOSSES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_losses_of_equal_maps_are_zero_with_a_finite_gradient(loss: Loss, dtype: torch.dtype) -> None:
    for depth_m in (depths(0, low=1.0, high=80.0), torch.full((2, 1, 14, 16), 80.0), torch.full((2, 1, 14, 16), 1e-3)):
        d = depth_m.to(dtype)
        y = d.clone().requires_grad_()
        value = loss(y, d)
        value.sum().backward()
        assert value.dtype == dtype and value.abs().max() < 2e-6
        assert y.grad is not None and torch.isfinite(y.grad).all()


@pytest.mark.parametrize("loss", [loss for loss in DEPTH_LOSSES if loss not in (ssim_loss, berhu_loss)])
def test_gradients_are_those_of_finite_differences(loss: Loss) -> None:
    y, d = depths(0, batch=1, height=5, width=5).requires_grad_(), depths(1, batch=1, height=5, width=5)
    assert torch.autograd.gradcheck(lambda value: loss(value, d), y)


def test_the_ssim_gradient_is_that_of_finite_differences() -> None:
    y, d = depths(0, batch=1, height=12, width=13).requires_grad_(), depths(1, batch=1, height=12, width=13)
    assert torch.autograd.gradcheck(lambda value: ssim_loss(value, d), y)


def test_the_berhu_gradient_is_that_of_finite_differences_at_a_fixed_threshold() -> None:
    """The largest error lies in a row that is not varied, since the threshold is a constant to the gradient."""
    d = depths(1, batch=1, height=5, width=5)
    y, fixed = depths(0, batch=1, height=4, width=5).requires_grad_(), d[..., 4:, :] + 8.0
    assert torch.autograd.gradcheck(lambda value: berhu_loss(torch.cat((value, fixed), dim=2), d), y)


def test_the_kl_gradient_is_that_of_finite_differences() -> None:
    target = bin_mass_target(depths(0, batch=1, height=2, width=2).float(), uniform_bins(0.0, 10.0, 6, sigma_m=1.0))
    rand = torch.randn(1, 6, 2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda logits: dpm_kl_loss(logits, target.double()), rand.requires_grad_())


def test_maps_of_different_size_are_refused() -> None:
    with pytest.raises(Exception, match="(?i)type-check|size"):
        log_l1_loss(depths(0, height=5), depths(0, height=6))
