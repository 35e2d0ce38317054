"""Metrics of one image: how far predicted depth is from true depth over its valid pixels.

Legend: p predicted, g true depth in metres, e = ln p - ln g. All functions take the valid pixels
alone, as two vectors of equal length, both positive, and answer a scalar. A benchmark figure is the
unweighted mean over images, so that "rmse" is a mean of per-image roots (`mean_figures`). Ratios and differences are
taken in the precision of the input (float32 in the public programs, which decides pixels that lie
on a threshold), means in float64.

Reference: D. Eigen, C. Puhrsch, R. Fergus, "Depth Map Prediction from a Single Image using a
Multi-Scale Deep Network", 2014, section 4.2, with the changes that AdaBins (2021) and BTS (2019)
share: silog is a square root in percent, delta is strict. J. Hu et al., "Revisiting Single Image Depth
Estimation", 2019, have mae, count a ratio that is the threshold, and take the root of the mean square of all images.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Pixels = Float[Tensor, " pixels"]
Scalar = Float[Tensor, ""]
DeltaRule = Literal["<", "<="]
RmseMean = Literal["mean_of_roots", "root_of_means"]


def abs_rel(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """Mean of |p - g| / g."""
    return ((pred_m - true_m).abs() / true_m).double().mean()


def sq_rel(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """Mean of (p - g)^2 / g, in metres."""
    return ((pred_m - true_m).square() / true_m).double().mean()


def rmse(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """Root of the mean of (p - g)^2, in metres."""
    return (pred_m - true_m).square().double().mean().sqrt()


def mae(pred_m: Pixels, true_m: Pixels) -> Scalar:
    """Mean of |p - g|, in metres."""
    return (pred_m - true_m).abs().double().mean()


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


def delta(pred_m: Pixels, true_m: Pixels, *, power: int, rule: DeltaRule = "<") -> Scalar:
    """Share of pixels with max(g / p, p / g) below 1.25^power, or with `<=` also of those that are there."""
    ratio = torch.maximum(true_m / pred_m, pred_m / true_m)
    threshold = 1.25**power
    return (ratio < threshold if rule == "<" else ratio <= threshold).double().mean()


def _log_error(pred_m: Tensor, true_m: Tensor) -> Tensor:
    return (pred_m.log() - true_m.log()).double()


_ERRORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "abs_rel": abs_rel,
    "sq_rel": sq_rel,
    "rmse": rmse,
    "mae": mae,
    "rmse_log": rmse_log,
    "log10": log10,
    "silog": silog,
}
HIGHER_IS_BETTER = ("delta1", "delta2", "delta3")
METRICS = (*_ERRORS, *HIGHER_IS_BETTER)


def image_metrics(
    pred_m: Float[Tensor, ...], true_m: Float[Tensor, ...], *, delta_rule: DeltaRule = "<"
) -> dict[str, float]:
    """All `METRICS` of one image, from the two vectors of its valid pixels.

    Raises ValueError for no pixels, for shapes that differ (torch would broadcast one pixel against
    many) and for depth that is not finite and positive.
    """
    if pred_m.shape != true_m.shape or pred_m.ndim != 1 or not len(pred_m):
        raise ValueError(f"metrics need two equal, non-empty vectors, got {tuple(pred_m.shape)}, {tuple(true_m.shape)}")
    for name, depth in (("predicted", pred_m), ("true", true_m)):
        if not (depth.isfinite().all() and (depth > 0).all()):
            raise ValueError(f"{name} depth holds values that are not finite and positive; repair or mask it first")
    errors = {name: float(error(pred_m, true_m)) for name, error in _ERRORS.items()}
    shares = {f"delta{k}": float(delta(pred_m, true_m, power=k, rule=delta_rule)) for k in (1, 2, 3)}
    return {**errors, **shares}


def mean_figures(rows: Sequence[dict[str, float]], *, rmse: RmseMean = "mean_of_roots") -> dict[str, float]:
    """Unweighted mean over images of every metric; `root_of_means` is for "rmse" the root of the mean square.

    Raises ValueError for no images.
    """
    if not rows:
        raise ValueError("a mean over no images has no value")
    means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
    if rmse == "root_of_means":
        means["rmse"] = math.sqrt(sum(row["rmse"] ** 2 for row in rows) / len(rows))
    return means
