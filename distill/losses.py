"""Losses between a student's and a teacher's depth. Each answers one number per sample, (B,); the caller averages.

Legend: y student depth, d teacher depth, both in metres; p student and q target probabilities of bins.
SSIM has a file of its own, `distill.ssim`.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

SILOG_MEAN_SHARE = 0.15  # 1 - lambda, with lambda 0.85 as BTS, AdaBins and TIE-KD have it
BERHU_SHARE = 0.2  # of the largest error: where the linear part ends
TINY = 1e-12
"""Floor below which a denominator, or what a root is taken of, is rounding; keeps gradients finite at y = d."""


def dpm_kl_loss(
    dpm_logits: Float[Tensor, "batch bins height width"], target: Float[Tensor, "batch bins height width"]
) -> Float[Tensor, " batch"]:
    """KL(q || p) in nat, averaged over pixels: sum_i q_i (ln q_i - ln p_i), with 0 ln 0 = 0.

    Computed in the precision of the target, which is float32 even where the student's is narrower.

    Reference: TIE-KD (Choi et al., 2024), Eq. 4. Differs: ln p comes from log-softmax, not from the
    logarithm of a softmax plus 1e-7, so that improbable bins keep their gradient.
    """
    log_p = dpm_logits.to(target.dtype).log_softmax(dim=1)
    return -(torch.special.entr(target) + target * log_p).sum(dim=1).flatten(1).mean(dim=1)


def log_l1_loss(
    student_m: Float[Tensor, "batch 1 height width"], teacher_m: Float[Tensor, "batch 1 height width"]
) -> Float[Tensor, " batch"]:
    """mean |ln y - ln d|: the relative error for small errors, the same at 2 m and at 80 m."""
    return (student_m.log() - teacher_m.log()).abs().flatten(1).mean(dim=1)


def silog_loss(
    student_m: Float[Tensor, "batch 1 height width"], teacher_m: Float[Tensor, "batch 1 height width"]
) -> Float[Tensor, " batch"]:
    """sqrt(var g + 0.15 mean(g)^2) of g = ln y - ln d: a common factor costs less than an error of shape.

    For y = k d it is sqrt(0.15) |ln k| = 0.387 |ln k|, where `log_l1_loss` is |ln k|.

    Reference: D. Eigen et al., "Depth Map Prediction from a Single Image", 2014, Eq. 4, with lambda 0.85
    and the root of J. H. Lee et al., "From Big to Small", 2019. Differs: per sample, where their code
    pools the pixels of a batch; without the 1e-3 m that TIE-KD adds to both depths, since ours never
    fall below that; their factor (10, or TIE-KD's 1 and 1.5) is the weight of the term.
    """
    error = (student_m.log() - teacher_m.log()).flatten(1)
    square = error.var(dim=1, correction=0) + SILOG_MEAN_SHARE * error.mean(dim=1).square()
    return square.clamp_min(TINY).sqrt()


def mse_loss(
    student_m: Float[Tensor, "batch 1 height width"], teacher_m: Float[Tensor, "batch 1 height width"]
) -> Float[Tensor, " batch"]:
    """mean (y - d)^2 in square metres: dominated by what is far away."""
    return (student_m - teacher_m).square().flatten(1).mean(dim=1)


def berhu_loss(
    student_m: Float[Tensor, "batch 1 height width"], teacher_m: Float[Tensor, "batch 1 height width"]
) -> Float[Tensor, " batch"]:
    """Reverse Huber in metres: |e| up to c, (e^2 + c^2) / (2 c) above, e = y - d, c a fifth of the largest |e|.

    Never below the mean absolute error and at most 2.6 times as large.

    Reference: I. Laina et al., "Deeper Depth Prediction with Fully Convolutional Residual Networks",
    2016, the berHu loss. Differs: c is the image's own, where theirs is of the batch, so that a sample's
    loss does not depend on its company; and c is a constant to the gradient, which would otherwise
    reward a larger largest error.
    """
    error = (student_m - teacher_m).abs().flatten(1)
    c = (BERHU_SHARE * error.detach().amax(dim=1, keepdim=True)).clamp_min(TINY)
    return torch.where(error <= c, error, (error.square() + c.square()) / (2 * c)).mean(dim=1)


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


def normal_loss(
    student_m: Float[Tensor, "batch 1 height width"], teacher_m: Float[Tensor, "batch 1 height width"]
) -> Float[Tensor, " batch"]:
    """mean (1 - cos) of the angle between the normals of the two surfaces, from 0 to 2.

    A normal is n = (-f dz/du, -f dz/dv, z), the one of a pixel on the optical axis of a camera whose
    focal length is the image's width (a field of view of 53 degrees, between KITTI's and NYU's). It is
    taken as (-f d ln z/du, -f d ln z/dv, 1), so that neither a common factor on depth nor the image's
    size changes the loss.

    Reference: J. Hu et al., "Revisiting Single Image Depth Estimation", 2019, the term l_normal.
    Differs: theirs is (-dz/du, -dz/dv, 1) in metres per pixel, which is right for no camera: in it the
    floor 3 m away faces the camera as a wall does, and only the road 60 m away lies down.
    """
    cosine = (_normals(student_m) * _normals(teacher_m)).sum(dim=1)
    return (1.0 - cosine).flatten(1).mean(dim=1)


def _normals(depth_m: Float[Tensor, "batch 1 height width"]) -> Float[Tensor, "batch 3 _ _"]:
    """Unit normals between neighbouring pixels, at one row and one column less."""
    log_z, f_px = depth_m.log(), depth_m.shape[-1]
    across = -f_px * log_z[..., :-1, :].diff(dim=-1)
    down = -f_px * log_z[..., :, :-1].diff(dim=-2)
    normal = torch.cat((across, down, torch.ones_like(across)), dim=1)
    return normal / normal.norm(dim=1, keepdim=True)  # at least 1 long
