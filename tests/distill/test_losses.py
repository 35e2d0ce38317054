from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from distill.losses import SSIM_C1, SSIM_C2, dpm_kl_loss, gradient_loss, log_l1_loss, ssim_loss
from mde.bins import log_bins, uniform_bins
from mde.dpm import bin_mass_target

BINS = log_bins(0.3, 10.0, 16)


def depths(
    seed: int, *, batch: int = 2, height: int = 14, width: int = 16, low: float = 1.0, high: float = 8.0
) -> Tensor:
    rand = torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return low + (high - low) * rand


def test_kl_of_a_target_with_itself_is_zero() -> None:
    target = bin_mass_target(depths(0).float(), BINS)
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


def test_kl_keeps_a_finite_gradient_at_and_beyond_both_ends() -> None:
    depth_m = torch.tensor([0.0, 0.3, 10.0, 500.0]).view(1, 1, 2, 2)
    logits = torch.zeros(1, 16, 2, 2, requires_grad=True)
    loss = dpm_kl_loss(logits + torch.arange(16.0).view(1, -1, 1, 1) * 40, bin_mass_target(depth_m, BINS)).sum()
    loss.backward()
    assert torch.isfinite(loss) and logits.grad is not None and torch.isfinite(logits.grad).all()
    assert logits.grad.abs().sum() > 0


def slow_ssim(y: Tensor, d: Tensor) -> float:
    """Two passes per window, in float64, by loops."""
    g = torch.exp(-0.5 * ((torch.arange(11, dtype=torch.float64) - 5) / 1.5) ** 2)
    window = g[:, None] * g[None, :] / g.sum() ** 2
    values = []
    for row in range(y.shape[0] - 10):
        for column in range(y.shape[1] - 10):
            a, b = y[row : row + 11, column : column + 11], d[row : row + 11, column : column + 11]
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            var_a, var_b = (window * (a - mean_a) ** 2).sum(), (window * (b - mean_b) ** 2).sum()
            cov = (window * (a - mean_a) * (b - mean_b)).sum()
            luminance = (2 * mean_a * mean_b + SSIM_C1) / (mean_a**2 + mean_b**2 + SSIM_C1)
            values.append((luminance * (2 * cov + SSIM_C2) / (var_a + var_b + SSIM_C2)).item())
    return sum(values) / len(values)


def test_ssim_agrees_with_two_passes_over_every_window() -> None:
    y, d = depths(0, batch=1), depths(1, batch=1)
    assert ssim_loss(y, d).item() == pytest.approx(1 - slow_ssim(y[0, 0], d[0, 0]), rel=1e-5)


def test_ssim_is_right_for_nearly_equal_maps_at_78_metres() -> None:
    """Where one-pass float32 answers anything between -101 and 90."""
    y = 78.0 + 0.02 * depths(0, batch=1, low=-1, high=1).float()
    d = y + 0.002 * depths(1, batch=1, low=-1, high=1).float()
    assert ssim_loss(y, d).item() == pytest.approx(1 - slow_ssim(y[0, 0].double(), d[0, 0].double()), abs=1e-6)


def test_ssim_punishes_inverted_structure() -> None:
    y = depths(0, batch=1)
    assert ssim_loss(y, y).item() == pytest.approx(0.0, abs=1e-9)
    assert ssim_loss(2 * y.mean() - y, y).item() > 1.5


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


@given(st.floats(0.2, 5.0))
def test_a_common_factor_changes_neither_log_nor_gradient_loss(factor: float) -> None:
    y, d = depths(0), depths(1)
    torch.testing.assert_close(log_l1_loss(factor * y, factor * d), log_l1_loss(y, d))
    torch.testing.assert_close(gradient_loss(factor * y, d), gradient_loss(y, d))


@pytest.mark.parametrize("loss", [ssim_loss, log_l1_loss, gradient_loss])
def test_losses_answer_one_number_per_sample_independent_of_the_others(loss) -> None:  # type: ignore[no-untyped-def]
    y, d = depths(0, batch=3), depths(1, batch=3)
    whole = loss(y, d)
    assert whole.shape == (3,)
    torch.testing.assert_close(whole[1:2], loss(y[1:2], d[1:2]))


@pytest.mark.parametrize("loss", [log_l1_loss, gradient_loss])
def test_gradients_are_those_of_finite_differences(loss) -> None:  # type: ignore[no-untyped-def]
    y, d = depths(0, batch=1, height=5, width=5).requires_grad_(), depths(1, batch=1, height=5, width=5)
    assert torch.autograd.gradcheck(lambda value: loss(value, d), y)


def test_the_kl_gradient_is_that_of_finite_differences() -> None:
    target = bin_mass_target(depths(0, batch=1, height=2, width=2).float(), uniform_bins(0.0, 10.0, 6, sigma_m=1.0))
    logits = torch.randn(1, 6, 2, 2, generator=torch.Generator().manual_seed(1)).requires_grad_()
    dpm_kl_loss(logits, target).sum().backward()
    assert logits.grad is not None
    for bin_number in (0, 3):
        step = torch.zeros_like(logits)
        step[0, bin_number, 1, 0] = 1e-2
        with torch.no_grad():
            slope = (dpm_kl_loss(logits + step, target) - dpm_kl_loss(logits - step, target)).item() / 2e-2
        assert slope == pytest.approx(logits.grad[0, bin_number, 1, 0].item(), rel=5e-3, abs=1e-5)


def test_maps_of_different_size_are_refused() -> None:
    with pytest.raises(Exception, match="(?i)type-check|size"):
        log_l1_loss(depths(0, height=5), depths(0, height=6))
