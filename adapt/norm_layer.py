"""Norm layers of a network: where feature statistics are taken, whether the network stores any there or not."""

from __future__ import annotations

from torch import nn

from adapt.target import batchnorm_targets

NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
"""Batch and instance norm of every kind are of the first; timm's and transformers' norms derive from one of them."""


def norm_layers(network: nn.Module) -> dict[str, nn.Module]:
    """Every norm by name: those of torch, what derives from them, and whatever holds running statistics.

    Norms that others write from scratch are not found; they look like any module.
    """
    stored = batchnorm_targets(network)
    return {name: module for name, module in network.named_modules() if isinstance(module, NORMS) or name in stored}


def num_channels(layer: nn.Module) -> int:
    """Channels of a norm's input, along `adapt.statistics.channel_axis`."""
    if isinstance(layer, nn.LayerNorm | nn.RMSNorm):
        return int(layer.normalized_shape[-1])
    if isinstance(layer, nn.GroupNorm):
        return layer.num_channels
    if isinstance(layer, nn.modules.batchnorm._NormBase):
        return layer.num_features
    return len(layer.running_mean)  # type: ignore[arg-type]  # frozen BatchNorm, found by its buffers
