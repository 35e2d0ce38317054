"""Losses between a student's and a teacher's depth. Each answers one number per sample, (B,); the caller averages.

Legend: y student depth, d teacher depth, both in metres; p student and q target probabilities of bins.
"""

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


def dpm_kl_loss(
    dpm_logits: Float[Tensor, "batch bins height width"], target: Float[Tensor, "batch bins height width"]
) -> Float[Tensor, " batch"]:
    """KL(q || p) in nat, averaged over pixels: sum_i q_i (ln q_i - ln p_i), with 0 ln 0 = 0.

    Reference: TIE-KD (Choi et al., 2024), Eq. 4. Differs: ln p comes from log-softmax in float32, not
    from the logarithm of a softmax plus 1e-7, so that improbable bins keep their gradient.
    """
    log_p = dpm_logits.float().log_softmax(dim=1)
    return -(torch.special.entr(target) + target * log_p).sum(dim=1).flatten(1).mean(dim=1)


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
    return (1.0 - luminance * structure).flatten(1).mean(dim=1).float()


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


def log_l1_loss(
    student_m: Float[Tensor, "batch 1 height width"], teacher_m: Float[Tensor, "batch 1 height width"]
) -> Float[Tensor, " batch"]:
    """mean |ln y - ln d|: the relative error for small errors, the same at 2 m and at 80 m."""
    return (student_m.log() - teacher_m.log()).abs().flatten(1).mean(dim=1)


def gradient_loss(
    student_m: Float[Tensor, "batch 1 height width"], teacher_m: Float[Tensor, "batch 1 height width"]
) -> Float[Tensor, " batch"]:
    """Sum over the scales 1, 2, 4 of mean |gradient of (ln y - ln d)|: edges in the same places.

    Reference: Z. Li and N. Snavely, "MegaDepth", 2018, Eq. 4. Differs: three scales by subsampling,
    and per pixel instead of per valid pixel, since a teacher answers everywhere.
    """
    error = student_m.log() - teacher_m.log()
    total = error.new_zeros(error.shape[0])
    for scale in (1, 2, 4):
        coarse = error[..., ::scale, ::scale]
        total = (
            total + coarse.diff(dim=-1).abs().flatten(1).mean(dim=1) + coarse.diff(dim=-2).abs().flatten(1).mean(dim=1)
        )
    return total
