"""Depth probability map (DPM): a distribution over depth bins at every pixel, as target and as answer.

Reference: S. Choi, et al., "TIE-KD: Teacher-Independent and Explainable Knowledge Distillation for
Monocular Depth Estimation", 2024, Eq. 2 (target) and Eq. 3 (expected depth).
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from mde.bins import GUARD_BINS, Bins


def bin_mass_target(
    depth_m: Float[Tensor, "batch 1 height width"], bins: Bins
) -> Float[Tensor, "batch bins height width"]:
    """Mass of a normal distribution around the depth inside each bin, the default target.

    q_i = [Phi((e_i - d) / s) - Phi((e_{i-1} - d) / s)] / [Phi((e_K - d) / s) - Phi((e_0 - d) / s)],
    in float32 whatever the surrounding precision. The mean of q is the depth: within 0.25 % on
    logarithmic bins over the whole range; on TIE-KD's uniform ones within 0.2 % (KITTI) or 0.4 % (NYU)
    from 1.5 bins after the first edge to half a bin before the last, and within 0.55 bins at the ends.
    For uniform bins s shrinks to a third of the distance to the nearer end (never below half a bin),
    else the cut-off tail would pull the mean inwards.

    Reference: TIE-KD, Eq. 2. Differs: the paper does not say how the mass beyond the range is
    treated, we divide by the mass on the range; the shrinking s is ours.
    """
    position = _from_metres(bins, depth_m.float())
    edges = _edges(bins, position).view(1, -1, 1, 1)
    sigma = torch.full_like(position, bins.sigma)
    if bins.spacing == "uniform":
        room = torch.minimum(position - bins.low, bins.high - position) / 3.0
        sigma = torch.minimum(sigma, room.clamp_min(bins.width / 2))
    z = (edges - position) / sigma
    # The smaller tail at each edge, so that the differences of far bins keep their digits.
    tail = 0.5 * torch.erfc(z.abs() * math.sqrt(0.5))
    lower, upper = tail[:, :-1], tail[:, 1:]
    holds_depth = (z[:, :-1] <= 0) & (z[:, 1:] > 0)
    mass = torch.where(holds_depth, 1.0 - lower - upper, (upper - lower).abs())
    return mass / mass.sum(dim=1, keepdim=True)


def reference_target(
    depth_m: Float[Tensor, "batch 1 height width"], bins: Bins
) -> Float[Tensor, "batch bins height width"]:
    """The target that the released TIE-KD code trains with, kept for comparison, bias included.

    g_i is the normal *density* at the bin's centre; q = softmax(g), with -1000 in place of any
    g_i below 1e-16. A softmax of densities is nearly a flat box, about 27 bins wide at sigma 0.5 m
    on KITTI's bins, so its mean is not the depth: 2 m becomes 2.915 m.
    """
    if bins.spacing != "uniform":
        raise ValueError("the released TIE-KD target is defined on uniform bins only")
    centres = _centres(bins, depth_m).view(1, -1, 1, 1)
    z = (centres - depth_m.float()) / bins.sigma
    density = torch.exp(-0.5 * z.square()) / (bins.sigma * math.sqrt(2.0 * math.pi))
    return torch.where(density < 1e-16, -1000.0, density).softmax(dim=1)


def dpm_mean(
    probability: Float[Tensor, "batch bins height width"], bins: Bins
) -> Float[Tensor, "batch 1 height width"]:
    """Expected depth in metres: the sum of p_i c_i on the axis of the bins (TIE-KD, Eq. 3).

    Differs for logarithmic bins: the mean is taken in ln(metres), which is where their target is
    symmetric, so it is the geometric mean of the depth.
    """
    position = (probability * _centres(bins, probability).view(1, -1, 1, 1)).sum(dim=1, keepdim=True)
    return _to_metres(bins, position)


def dpm_entropy(probability: Float[Tensor, "batch bins height width"]) -> Float[Tensor, "batch 1 height width"]:
    """Entropy in nat, 0 where one bin has everything and ln K where all bins are equal."""
    # Twice as fast on a CPU as torch.special.entr; 0 ln 0 is 0.
    logarithm = probability.clamp_min(torch.finfo(probability.dtype).tiny).log()
    return -(probability * logarithm).sum(dim=1, keepdim=True)


def dpm_interval(
    probability: Float[Tensor, "batch bins height width"], bins: Bins, *, mass: float = 0.8
) -> tuple[Float[Tensor, "batch 1 height width"], Float[Tensor, "batch 1 height width"]]:
    """Central interval (low_m, high_m) that holds `mass` of the probability, linear inside a bin."""
    if not 0.0 < mass < 1.0:
        raise ValueError(f"mass={mass} must lie between 0 and 1")
    tail = (1.0 - mass) / 2.0
    cumulative = probability.cumsum(dim=1)
    return _quantile(probability, cumulative, bins, tail), _quantile(probability, cumulative, bins, 1.0 - tail)


def _quantile(probability: Tensor, cumulative: Tensor, bins: Bins, share: float) -> Tensor:
    index = (cumulative < share).sum(dim=1, keepdim=True).clamp_max(bins.num_bins - 1)
    inside = probability.gather(1, index)
    before = cumulative.gather(1, index) - inside
    fraction = ((share - before) / inside.clamp_min(torch.finfo(inside.dtype).tiny)).clamp(0.0, 1.0)
    return _to_metres(bins, bins.low + (index + fraction) * bins.width)


def _edges(bins: Bins, like: Tensor) -> Float[Tensor, " edges"]:
    """All K + 1 edges in the unit of the axis, in float32 on the device of `like`."""
    return torch.linspace(bins.low, bins.high, bins.num_bins + 1, dtype=torch.float32, device=like.device)


def _centres(bins: Bins, like: Tensor) -> Float[Tensor, " bins"]:
    """All K centres in the unit of the axis."""
    edges = _edges(bins, like)
    return (edges[1:] + edges[:-1]) / 2


def _from_metres(bins: Bins, depth_m: Tensor) -> Tensor:
    """Depth on the axis of the bins, clamped to the range where the target is unbiased."""
    if bins.spacing == "uniform":
        return depth_m.clamp(bins.low, bins.high)
    guard = GUARD_BINS * bins.width
    return depth_m.clamp_min(math.exp(bins.low)).log().clamp(bins.low + guard, bins.high - guard)


def _to_metres(bins: Bins, position: Tensor) -> Tensor:
    """From the axis of the bins to metres; inverse of `_from_metres` inside the range."""
    return position if bins.spacing == "uniform" else position.exp()
