"""Metrics of one image: how far predicted depth is from true depth over its valid pixels.

Legend: p predicted, g true depth in metres, e = ln p - ln g. All functions take the valid pixels
alone, as two vectors of equal length, both positive, and answer a scalar. A benchmark figure is the
unweighted mean over images, so that "rmse" is a mean of per-image roots. Ratios and differences are
taken in the precision of the input (float32 in the public programs, which decides pixels that lie
on a threshold), means in float64.

Reference: D. Eigen, C. Puhrsch, R. Fergus, "Depth Map Prediction from a Single Image using a
Multi-Scale Deep Network", 2014, section 4.2, with the changes that AdaBins (2021) and BTS (2019)
share: silog is a square root in percent, delta is strict.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Pixels = Float[Tensor, " pixels"]
Scalar = Float[Tensor, ""]


def abs_rel(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """Mean of |p - g| / g."""
    return ((pred_m - true_m).abs() / true_m).double().mean()


def sq_rel(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """Mean of (p - g)^2 / g, in metres."""
    return ((pred_m - true_m).square() / true_m).double().mean()


def rmse(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """Root of the mean of (p - g)^2, in metres.

    Differs from Hu et al. 2019, who take the root of the image-averaged mean square.
    """
    return (pred_m - true_m).square().double().mean().sqrt()


def rmse_log(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """Root of the mean of e^2."""
    return _log_error(pred_m, true_m).square().mean().sqrt()


def log10(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """Mean of |log10 p - log10 g|."""
    return (pred_m.log10() - true_m.log10()).abs().double().mean()


def silog(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """100 times the standard deviation of e: the share of rmse_log that no factor on p removes."""
    error = _log_error(pred_m, true_m)
    variance = error.square().mean() - error.mean().square()
    return 100.0 * variance.clamp_min(0.0).sqrt()  # rounding can leave -1e-17 where p / g is constant


def delta(pred_m: Pixels, true_m: Pixels, *, power: int) -> Scalar:
    """Share of pixels with max(g / p, p / g) strictly below 1.25^power."""
    ratio = torch.maximum(true_m / pred_m, pred_m / true_m)
    return (ratio < 1.25**power).double().mean()


def _log_error(pred_m: Tensor, true_m: Tensor) -> Tensor:
    return (pred_m.log() - true_m.log()).double()


def delta1(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """Share of pixels within a factor of 1.25."""
    return delta(pred_m, true_m, power=1)


def delta2(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """Share of pixels within a factor of 1.25^2."""
    return delta(pred_m, true_m, power=2)


def delta3(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """Share of pixels within a factor of 1.25^3."""
    return delta(pred_m, true_m, power=3)


METRICS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "abs_rel": abs_rel,
    "sq_rel": sq_rel,
    "rmse": rmse,
    "rmse_log": rmse_log,
    "log10": log10,
    "silog": silog,
    "delta1": delta1,
    "delta2": delta2,
    "delta3": delta3,
}
HIGHER_IS_BETTER = ("delta1", "delta2", "delta3")


def image_metrics(pred_m: Float[Tensor, ...], true_m: Float[Tensor, ...]) -> dict[str, float]:
    """Every metric of one image, from the two vectors of its valid pixels.

    Raises ValueError for no pixels, for shapes that differ (torch would broadcast one pixel against
    many) and for depth that is not finite and positive.
    """
    if pred_m.shape != true_m.shape or pred_m.ndim != 1 or not len(pred_m):
        raise ValueError(f"metrics need two equal, non-empty vectors, got {tuple(pred_m.shape)}, {tuple(true_m.shape)}")
    for name, depth in (("predicted", pred_m), ("true", true_m)):
        if not (depth.isfinite().all() and (depth > 0).all()):
            raise ValueError(f"{name} depth holds values that are not finite and positive; repair or mask it first")
    return {name: float(metric(pred_m, true_m)) for name, metric in METRICS.items()}
