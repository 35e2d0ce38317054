"""Distances between the moments that images give and those that a teacher expects, layer by layer.

Legend: mu, v mean and biased variance of a layer's input; mu^, v^ the target's; eps the layer's own.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from adapt.statistics import Moments
from adapt.target import Target

StatisticsLoss = Literal["normalised", "deepinversion", "jeffreys"]


def layer_distances(loss: StatisticsLoss, found: dict[str, Moments], targets: dict[str, Target]) -> dict[str, Tensor]:
    """Distance of every target's layer, a scalar each, zero where the moments agree."""
    distance = {"normalised": normalised, "deepinversion": deepinversion, "jeffreys": jeffreys}[loss]
    return {name: distance(found[name], target) for name, target in targets.items()}


def mean_distance(distances: dict[str, Tensor]) -> Tensor:
    """Mean over layers, each with the same voice however many channels it has."""
    return torch.stack(list(distances.values())).mean()


def normalised(found: Moments, target: Target) -> Tensor:
    """Mean over channels of (mu - mu^)^2 / (v^ + eps) + (ln(v + eps) - ln(v^ + eps))^2.

    Free of scale, so that deep layers do not outweigh the others.
    """
    wanted = target.moments
    shift = (found.mean - wanted.mean).square() / (wanted.var + target.eps)
    spread = ((found.var + target.eps).log() - (wanted.var + target.eps).log()).square()
    return (shift + spread).mean()


def deepinversion(found: Moments, target: Target) -> Tensor:
    """|mu - mu^| + |v - v^|, Euclidean over channels, not squared.

    Reference: Yin et al., "Dreaming to Distill" (DeepInversion), CVPR 2020, Eq. 4. Differs: layers are averaged, not
    added, which is a constant factor.
    """
    wanted = target.moments
    return (found.mean - wanted.mean).norm() + (found.var - wanted.var).norm()


def jeffreys(found: Moments, target: Target) -> Tensor:
    """Mean over channels of (v/v^ + v^/v - 2 + (mu - mu^)^2 (1/v + 1/v^)) / 2: both Kullback-Leibler divergences of
    two normal distributions added, with eps in every variance.
    """
    wanted = target.moments
    v, w = found.var + target.eps, wanted.var + target.eps
    shift = (found.mean - wanted.mean).square()
    return (0.5 * (v / w + w / v - 2.0 + shift * (1.0 / v + 1.0 / w))).mean()
