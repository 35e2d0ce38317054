"""BatchNorm statistics: what a teacher remembers of its training images, and how far others are from it.

Legend: mu, v mean and biased variance of a layer's input over batch and pixels; mu^, v^ the running
statistics that the layer stored while it was trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mde.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Mean and biased variance per channel of one layer's input."""

    mean: Float[Tensor, " channels"]
    var: Float[Tensor, " channels"]


def batchnorm_layers(network: nn.Module) -> dict[str, _BatchNorm]:
    """All BatchNorm layers with stored statistics by name, SyncBatchNorm and fused ones included.

    Raises InputError when there are none: then nothing can be matched.
    """
    layers = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, _BatchNorm) and module.running_mean is not None
    }
    if not layers:
        raise InputError("the teacher has no BatchNorm statistics, so there is nothing to adapt to; use --no-adapt")
    return layers


def stored_moments(layers: dict[str, _BatchNorm]) -> dict[str, Moments]:
    """The running statistics of every layer."""
    moments = {}
    for name, layer in layers.items():
        assert layer.running_mean is not None and layer.running_var is not None
        moments[name] = Moments(mean=layer.running_mean, var=layer.running_var)
    return moments


@contextmanager
def captured_moments(layers: dict[str, _BatchNorm]) -> Iterator[dict[str, Moments]]:
    """Inside the block, every forward pass leaves the moments of each layer's input in the answered dict.

    Gradients flow through them. A layer that runs twice in one pass keeps its last input.
    """
    moments: dict[str, Moments] = {}

    def hook_of(name: str):  # type: ignore[no-untyped-def]
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            features = inputs[0].float()
            axes = [axis for axis in range(features.dim()) if axis != 1]
            var, mean = torch.var_mean(features, dim=axes, correction=0)
            moments[name] = Moments(mean=mean, var=var)

        return hook

    handles = [layer.register_forward_pre_hook(hook_of(name)) for name, layer in layers.items()]
    try:
        yield moments
    finally:
        for handle in handles:
            handle.remove()


def mean_moments(parts: list[dict[str, Moments]]) -> dict[str, Moments]:
    """Moments of the union of equally large batches, exactly: Var = E[var] + Var[mean]."""
    merged = {}
    for name in parts[0]:
        means = torch.stack([part[name].mean for part in parts])
        variances = torch.stack([part[name].var for part in parts])
        merged[name] = Moments(mean=means.mean(0), var=variances.mean(0) + means.var(0, correction=0))
    return merged


def normalised_distances(
    found: dict[str, Moments], stored: dict[str, Moments], layers: dict[str, _BatchNorm]
) -> dict[str, Tensor]:
    """Distance of each layer: mean over channels of (mu - mu^)^2 / (v^ + eps) + (ln(v + eps) - ln(v^ + eps))^2.

    Free of scale, so that deep layers do not outweigh the others. eps is the layer's own.
    Differs from DeepInversion (Yin et al., CVPR 2020, Eq. 4), which adds unsquared norms of all layers.
    """
    distances = {}
    for name, layer in layers.items():
        f, s = found[name], stored[name]
        shift = (f.mean - s.mean).square() / (s.var + layer.eps)
        spread = ((f.var + layer.eps).log() - (s.var + layer.eps).log()).square()
        distances[name] = (shift + spread).mean()
    return distances


def mean_distance(distances: dict[str, Tensor]) -> Tensor:
    """Mean over layers, each with the same voice however many channels it has."""
    return torch.stack(list(distances.values())).mean()
