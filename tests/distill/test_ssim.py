from __future__ import annotations

import pytest
import torch
from torch import Tensor

from distill.ssim import ssim_loss
from tests.distill.test_losses import depths


def slow_ssim(y: Tensor, d: Tensor) -> Tensor:
    """Two passes per window, in float64, by loops; C1 = 0.01^2 and C2 = 0.03^2, an 11 x 11 Gaussian of 1.5 pixels."""
    g = torch.exp(-0.5 * ((torch.arange(11, dtype=torch.float64) - 5) / 1.5) ** 2)
    window = g[:, None] * g[None, :] / g.sum() ** 2
    values = []
    for row in range(y.shape[0] - 10):
        for column in range(y.shape[1] - 10):
            a, b = y[row : row + 11, column : column + 11], d[row : row + 11, column : column + 11]
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            var_a, var_b = (window * (a - mean_a) ** 2).sum(), (window * (b - mean_b) ** 2).sum()
            cov = (window * (a - mean_a) * (b - mean_b)).sum()
            luminance = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
            values.append(luminance * (2 * cov + 9e-4) / (var_a + var_b + 9e-4))
    return torch.stack(values).mean()


@pytest.mark.parametrize(("low", "high"), [(1.0, 8.0), (0.001, 0.05), (1e-3, 80.0)])
def test_ssim_agrees_with_two_passes_over_every_window(low: float, high: float) -> None:
    y, d = depths(0, batch=1, low=low, high=high), depths(1, batch=1, low=low, high=high)
    assert ssim_loss(y, d).item() == pytest.approx(1 - slow_ssim(y[0, 0], d[0, 0]).item(), rel=1e-9)


def nearly_equal(level_m: float) -> tuple[Tensor, Tensor]:
    """Two nearly flat maps in float32, where one-pass float32 answers anything between -101 and 90."""
    y = level_m + 0.02 * depths(0, batch=1, low=-1, high=1).float()
    return y, y + 0.002 * depths(1, batch=1, low=-1, high=1).float()


@pytest.mark.parametrize("level_m", [2.0, 78.0, 80.0, 200.0])
def test_ssim_is_right_for_nearly_equal_maps_far_away(level_m: float) -> None:
    y, d = nearly_equal(level_m)
    expected = 1 - slow_ssim(y[0, 0].double(), d[0, 0].double()).item()
    assert 1e-4 < expected < 0.1
    assert ssim_loss(y, d).item() == pytest.approx(expected, abs=1e-8)


def test_the_gradient_of_ssim_is_right_for_nearly_equal_maps_at_80_metres() -> None:
    y, d = nearly_equal(80.0)
    y.requires_grad_()
    ssim_loss(y, d).sum().backward()
    exact = y.detach().double()[0, 0].requires_grad_()
    (1 - slow_ssim(exact, d.double()[0, 0])).backward()
    assert y.grad is not None and exact.grad is not None
    torch.testing.assert_close(y.grad[0, 0].double(), exact.grad, rtol=1e-5, atol=1e-6 * exact.grad.abs().max().item())


def test_ssim_punishes_inverted_structure() -> None:
    y = depths(0, batch=1)
    assert ssim_loss(y, y).item() == pytest.approx(0.0, abs=1e-9)
    assert ssim_loss(2 * y.mean() - y, y).item() > 1.5
