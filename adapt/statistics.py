"""Feature statistics: moments of what enters a teacher's layers, exact over any split into batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Mean and biased variance per channel of one layer's input, over batch and places."""

    mean: Float[Tensor, " channels"]
    var: Float[Tensor, " channels"]


def merge_moments(parts: list[dict[str, Moments]], num_images: list[int]) -> dict[str, Moments]:
    """Moments of the union of batches with so many images each, exactly: Var = E[var] + Var[mean]."""
    shares = torch.tensor(num_images, dtype=torch.float64) / sum(num_images)
    return {name: _merged([part[name] for part in parts], shares) for name in parts[0]}


def _merged(parts: list[Moments], shares: Tensor) -> Moments:
    weights = shares.to(parts[0].mean)[:, None]
    means, variances = torch.stack([part.mean for part in parts]), torch.stack([part.var for part in parts])
    mean = (weights * means).sum(0)
    return Moments(mean=mean, var=(weights * (variances + (means - mean).square())).sum(0))


class Capture:
    """What the layers of a network took in since it was last asked."""

    def __init__(self) -> None:
        self._inputs: dict[str, list[Moments]] = {}

    def add(self, name: str, moments: Moments) -> None:
        """Note one call of a layer."""
        self._inputs.setdefault(name, []).append(moments)

    def take(self) -> dict[str, Moments]:
        """Moments by layer, in the order in which they ran, and forget them; calls of one layer are merged.

        Layers that did not run are not among them. Gradients flow through the answer.
        """
        found, self._inputs = self._inputs, {}
        return {
            name: calls[0] if len(calls) == 1 else _merged(calls, torch.full((len(calls),), 1.0 / len(calls)))
            for name, calls in found.items()
        }


@contextmanager
def captured(layers: Mapping[str, nn.Module]) -> Iterator[Capture]:
    """Inside the block, forward passes leave the moments of each layer's input in the answered capture."""
    capture = Capture()

    def hook_of(name: str):  # type: ignore[no-untyped-def]
        return lambda layer, inputs: capture.add(name, moments_of(inputs[0], channel_axis(layer, inputs[0])))

    handles = [layer.register_forward_pre_hook(hook_of(name)) for name, layer in layers.items()]
    try:
        yield capture
    finally:
        for handle in handles:
            handle.remove()


def moments_of(features: Tensor, axis: int) -> Moments:
    """Moments per index of `axis`, in float32 whatever the features are."""
    mean, var = _MeanAndVariance.apply(features.float(), axis % features.dim())
    return Moments(mean=mean, var=var)


class _MeanAndVariance(torch.autograd.Function):
    """Mean and biased variance per channel, whose gradient is written in one pass over the features.

    With n values per channel: dmu/dx = 1 / n, dv/dx = 2 (x - mu) / n. Autograd's own takes several passes, which made a
    fit of a small teacher a tenth slower.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        others = [other for other in range(features.dim()) if other != axis]
        var, mean = torch.var_mean(features, dim=others, correction=0)
        ctx.save_for_backward(features, mean)
        ctx.axis = axis
        return mean, var

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        features, mean = ctx.saved_tensors
        of_mean, of_var = gradients
        shape = [-1 if axis == ctx.axis else 1 for axis in range(features.dim())]
        num = features.numel() / len(mean)
        slope = 2.0 * of_var / num
        return torch.addcmul((of_mean / num - slope * mean).view(shape), features, slope.view(shape)), None


def channel_axis(layer: nn.Module, features: Tensor) -> int:
    """Where a norm's channels are: last for LayerNorm on tokens, second for all that sees maps."""
    width = getattr(layer, "normalized_shape", None)
    return -1 if width is not None and features.shape[-1] == width[-1] else 1
