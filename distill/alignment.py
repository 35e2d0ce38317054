"""Alignment: factor and offset that turn a teacher's inverse depth into 1/m, fitted to the depth of its own render.

Rendered depth is exact, but the fit borrows the scale of the scene from the renderer: only the shape of the depth
is then the teacher's. That is stated in the report of a run.

Legend: q teacher's inverse depth in its unit, g inverse depth of the render in 1/m, w weight of a pixel;
s q + t is fitted to g.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mde.errors import InputError
from mde.nets.net import Kind

MIN_SHARE = 0.01
"""Share of an image's pixels that must have depth; fewer are one object, and its scale is not the scene's."""
MIN_CONTRAST = 1e-3
"""Deviation of q over its mean below which an offset cannot be told from a factor."""


@dataclass(frozen=True, kw_only=True)
class InverseFit:
    """Factor s and offset t of each image, and whether they mean anything."""

    factor: Float[Tensor, " batch"]
    offset_per_m: Float[Tensor, " batch"]
    is_sound: Bool[Tensor, " batch"]
    """False for images with hardly any depth, a flat answer, or an answer in which far is near (s <= 0)."""


def fit_inverse(
    inverse: Float[Tensor, "batch 1 height width"],
    render_m: Float[Tensor, "batch 1 height width"],
    weight: Float[Tensor, "batch 1 height width"],
    *,
    has_offset: bool,
) -> InverseFit:
    """Weighted least squares of s q + t against 1 / depth, per image; without an offset t is 0.

    With means over w: s = cov(q, g) / var(q), t = mean(g) - s mean(q); without offset s = mean(q g) / mean(q^2).
    Computed in float64. `render_m` is not read where `weight` is 0.

    Reference: R. Ranftl et al., "Towards Robust Monocular Depth Estimation", 2020, Eq. 4.
    """
    w = weight.double().flatten(1)
    q = torch.where(w > 0, inverse.double().flatten(1), 0.0)
    g = torch.where(w > 0, 1.0 / render_m.double().flatten(1), 0.0)
    total = w.sum(dim=1).clamp_min(1e-12)  # images without any weight are told apart below

    def mean(values: Tensor) -> Tensor:
        return (w * values).sum(dim=1) / total

    mean_q, mean_g = mean(q), mean(g)
    centre_q, centre_g = (mean_q, mean_g) if has_offset else (torch.zeros_like(mean_q), torch.zeros_like(mean_g))
    dq, dg = q - centre_q[:, None], g - centre_g[:, None]
    variance = mean(dq.square())
    is_sound = (w > 0).double().mean(dim=1) >= MIN_SHARE
    is_sound &= variance.sqrt() > (MIN_CONTRAST if has_offset else 0.0) * mean_q.abs()
    factor = mean(dq * dg) / torch.where(is_sound, variance, 1.0)
    is_sound &= (factor > 0) & torch.isfinite(factor)
    return InverseFit(factor=factor.float(), offset_per_m=(centre_g - factor * centre_q).float(), is_sound=is_sound)


def aligned_depth(
    inverse: Float[Tensor, "batch 1 height width"], fit: InverseFit, depth_range_m: tuple[float, float]
) -> Float[Tensor, "batch 1 height width"]:
    """1 / (s q + t) in metres, clamped to the range; what the fit puts beyond infinity is at its far end."""
    nearest, farthest = depth_range_m
    per_m = fit.factor.view(-1, 1, 1, 1) * inverse + fit.offset_per_m.view(-1, 1, 1, 1)
    return 1.0 / per_m.clamp(1.0 / farthest, 1.0 / nearest)


def align(
    teacher_depth: Float[Tensor, "batch 1 height width"],
    render_m: Float[Tensor, "batch 1 height width"],
    kind: Kind,
    depth_range_m: tuple[float, float],
) -> tuple[Float[Tensor, "batch 1 height width"], Bool[Tensor, " batch"]]:
    """The teacher's depth, in an unknown unit, in metres; and which images could be aligned.

    A disparity teacher gets a factor alone, a relative one factor and offset. Pixels weigh alike where `render_m`
    is positive and inside the range.
    """
    assert kind != "metric"
    inverse = 1.0 / teacher_depth
    weight = ((render_m > 0) & (render_m >= depth_range_m[0]) & (render_m <= depth_range_m[1])).float()
    fit = fit_inverse(inverse, render_m, weight, has_offset=kind == "relative")
    return aligned_depth(inverse, fit, depth_range_m), fit.is_sound


def check_alignment(kind: Kind, *, is_aligned: bool, teacher: str) -> None:
    """Metric losses need metres. Raises InputError for another kind without alignment, and for metres with it."""
    if kind != "metric" and not is_aligned:
        raise InputError(
            f"teacher {teacher} answers {kind} depth and every loss here is in metres; add --align-teacher, which "
            "fits its scale to the depth of the renders, or choose a metric teacher"
        )
    if kind == "metric" and is_aligned:
        raise InputError(f"--align-teacher is for relative and disparity depth; teacher {teacher} answers metres")
