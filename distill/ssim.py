"""SSIM between two depth maps as a loss, exact where depth is large and nearly flat."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

SSIM_WINDOW = 11
SSIM_SIGMA_PX = 1.5
SSIM_C1 = 0.01**2  # (k1 * range)^2 with the range taken as 1 m, as published
SSIM_C2 = 0.03**2


def ssim_loss(
    student_m: Float[Tensor, "batch 1 height width"], teacher_m: Float[Tensor, "batch 1 height width"]
) -> Float[Tensor, " batch"]:
    """1 - SSIM of depth in metres, averaged over all windows that lie inside the image.

    Computed in float64: E[x^2] - E[x]^2 cancels, and at 78 m its float32 error is 13 times C2. With
    C1 and C2 for a range of 1 m this is a sensitive measure of local structure.

    Reference: Z. Wang et al., "Image quality assessment", 2004, Eq. 13; as a distillation loss TIE-KD
    (Choi et al., 2024), Eq. 5. Differs: the covariance keeps its sign, where the released TIE-KD code
    takes absolute values and scores inverted structure as perfect.
    """
    y, d = student_m.double(), teacher_m.double()
    mean_y, mean_d = _blur(y), _blur(d)
    var_y = (_blur(y * y) - mean_y.square()).clamp_min(0.0)  # rounding, 1e-13 at 80 m
    var_d = (_blur(d * d) - mean_d.square()).clamp_min(0.0)
    covariance = _blur(y * d) - mean_y * mean_d
    luminance = (2 * mean_y * mean_d + SSIM_C1) / (mean_y.square() + mean_d.square() + SSIM_C1)
    structure = (2 * covariance + SSIM_C2) / (var_y + var_d + SSIM_C2)
    return (1.0 - luminance * structure).flatten(1).mean(dim=1).to(student_m.dtype)


def _blur(plane: Tensor) -> Tensor:
    """Mean under a Gaussian window of 11 x 11 pixels, at the positions where it fits."""
    blurred: Tensor = _Blur.apply(plane)
    return blurred


class _Blur(torch.autograd.Function):
    """Sums of shifted planes: a convolution in float64 takes 20 times as long on a CPU (LOG.md)."""

    @staticmethod
    def forward(ctx: object, plane: Tensor) -> Tensor:
        return _window_means(plane)

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        # The window is symmetric, so its transpose is itself on a plane with a rim of zeros.
        return _window_means(F.pad(gradients[0], (SSIM_WINDOW - 1,) * 4))


def _window_means(plane: Tensor) -> Tensor:
    """Rows, then columns: the Gaussian is separable."""
    half = SSIM_WINDOW // 2
    weights = [math.exp(-0.5 * (k / SSIM_SIGMA_PX) ** 2) for k in range(half + 1)]
    total = weights[0] + 2.0 * sum(weights[1:])
    for dim in (-1, -2):
        num = plane.shape[dim] - 2 * half
        mean = plane.narrow(dim, half, num) * (weights[0] / total)
        for k in range(1, half + 1):
            for begin in (half - k, half + k):
                mean.add_(plane.narrow(dim, begin, num), alpha=weights[k] / total)
        plane = mean
    return plane
