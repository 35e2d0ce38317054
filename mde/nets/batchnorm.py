"""BatchNorm of a network: where it is, whether its statistics were learned, and whether it runs at all."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

OTHER_NORMS = (nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm2d, nn.RMSNorm)


@dataclass(frozen=True, kw_only=True)
class NormPart:
    """The BatchNorm layers of one part of a network."""

    name: str
    num_layers: int
    num_channels: int
    num_untouched: int
    """Layers whose stored mean is 0 and variance 1 everywhere, as before any training."""
    num_idle: int
    """Layers that did not run in a forward pass."""


@dataclass(frozen=True, kw_only=True)
class Norms:
    """What a network has to remember its training images by."""

    parts: tuple[NormPart, ...]
    """One for every part of the network, those without BatchNorm included."""
    num_frozen: int
    """Layers of another class that hold a running mean and variance, such as torchvision's FrozenBatchNorm2d."""
    num_other: int
    """LayerNorm and its like, which store nothing about images."""
    num_convolutions: int
    num_biased: int
    """Convolutions with a bias, which those before BatchNorm usually lack."""

    @property
    def num_layers(self) -> int:
        """BatchNorm layers in all."""
        return sum(part.num_layers for part in self.parts)

    @property
    def num_untouched(self) -> int:
        """BatchNorm layers without learned statistics, in all."""
        return sum(part.num_untouched for part in self.parts)

    @property
    def num_idle(self) -> int:
        """BatchNorm layers that did not run, in all."""
        return sum(part.num_idle for part in self.parts)

    @property
    def looks_folded(self) -> bool:
        """No norm of any kind, and biases everywhere: as after folding, or of a network that never had any."""
        has_norm = self.num_layers + self.num_frozen + self.num_other > 0
        return not has_norm and self.num_convolutions >= 4 and self.num_biased >= 0.9 * self.num_convolutions


def norms_of(network: nn.Module, image: Tensor) -> Norms:
    """Count the norms of `network`; one forward pass of `image` shows which of them run."""
    layers = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, _BatchNorm) and module.running_mean is not None
    }
    idle = _idle(network, layers, image)
    modules = list(network.modules())
    convolutions = [module for module in modules if isinstance(module, _ConvNd)]
    return Norms(
        parts=tuple(
            _part(part, {key: layer for key, layer in layers.items() if _is_below(part, key)}, idle)
            for part in _parts(network)
        ),
        num_frozen=sum(
            not isinstance(module, _BatchNorm)
            and {"running_mean", "running_var"} <= dict(module.named_buffers(recurse=False)).keys()
            for module in modules
        ),
        num_other=sum(isinstance(module, OTHER_NORMS) for module in modules),
        num_convolutions=len(convolutions),
        num_biased=sum(module.bias is not None for module in convolutions),
    )


def _parts(network: nn.Module) -> list[str]:
    """Names of the children that hold parameters, below wrappers that have a single child."""
    prefix, module = "", network
    while True:
        children = [(name, child) for name, child in module.named_children() if any(True for _ in child.parameters())]
        if len(children) != 1:
            return [prefix + name for name, _ in children] or [prefix.rstrip(".")]
        prefix, module = f"{prefix}{children[0][0]}.", children[0][1]


def _part(name: str, layers: dict[str, _BatchNorm], idle: set[str]) -> NormPart:
    return NormPart(
        name=name,
        num_layers=len(layers),
        num_channels=sum(layer.num_features for layer in layers.values()),
        num_untouched=sum(_is_untouched(layer) for layer in layers.values()),
        num_idle=len(idle & layers.keys()),
    )


def _is_below(part: str, name: str) -> bool:
    return part == "" or name == part or name.startswith(part + ".")


def _is_untouched(layer: _BatchNorm) -> bool:
    assert layer.running_mean is not None and layer.running_var is not None
    return bool((layer.running_mean == 0).all()) and bool((layer.running_var == 1).all())


@torch.no_grad()
def _idle(network: nn.Module, layers: dict[str, _BatchNorm], image: Tensor) -> set[str]:
    idle = set(layers)

    def hook_of(name: str):  # type: ignore[no-untyped-def]
        return lambda _module, _inputs: idle.discard(name)

    handles = [layer.register_forward_pre_hook(hook_of(name)) for name, layer in layers.items()]
    try:
        network(image)
    finally:
        for handle in handles:
            handle.remove()
    return idle
