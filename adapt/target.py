"""Targets: the moments that a layer's input should have, as the teacher or the owner of its data remembers them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from adapt.statistics import Moments
from mde.errors import InputError
from mde.nets.net import DepthNet

Source = Literal["batchnorm", "owner"]
LayerChoice = Literal["all", "encoder"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the input of one layer should look like."""

    moments: Moments
    eps: float
    """The layer's own, added to variances."""
    source: Source

    def to(self, device: torch.device) -> Target:
        """The same on another device."""
        moments = Moments(mean=self.moments.mean.to(device), var=self.moments.var.to(device))
        return replace(self, moments=moments)


def batchnorm_targets(teacher: nn.Module) -> dict[str, Target]:
    """The running statistics of every BatchNorm layer by name; of any class that holds them, empty without.

    That is `torch.nn.BatchNorm*d`, SyncBatchNorm, timm's fused and frozen ones and torchvision's frozen one.
    InstanceNorm with running statistics is not: it averages the variances of single images.
    """
    targets = {}
    for name, module in teacher.named_modules():
        mean, var = getattr(module, "running_mean", None), getattr(module, "running_var", None)
        if (
            isinstance(mean, Tensor)
            and isinstance(var, Tensor)
            and not isinstance(module, nn.modules.instancenorm._InstanceNorm)
        ):
            moments = Moments(mean=mean, var=var)
            targets[name] = Target(moments=moments, eps=float(getattr(module, "eps", 1e-5)), source="batchnorm")
    return targets


def layers_of(teacher: nn.Module, targets: dict[str, Target]) -> dict[str, nn.Module]:
    """The modules that `targets` speak of."""
    return {name: teacher.get_submodule(name) for name in targets}


@torch.no_grad()
def running_targets(
    teacher: DepthNet, targets: dict[str, Target], images: Tensor, which: LayerChoice
) -> dict[str, Target]:
    """Of `targets` those whose layers run in a forward pass of `images`, in that order, on the device of `images`; with
    "encoder" its part only.

    The encoder ends with the last layer that works on the smallest maps: decoders grow from there. Maps of a single
    place (pooled context) do not count.

    Raises:
        InputError: when none of the layers runs.
    """
    sizes: dict[str, int] = {}

    def hook_of(name: str):  # type: ignore[no-untyped-def]
        return lambda _layer, inputs: sizes.update({name: inputs[0].numel() // inputs[0].shape[0] // width[name]})

    width = {name: len(target.moments.mean) for name, target in targets.items()}
    handles = [layer.register_forward_pre_hook(hook_of(name)) for name, layer in layers_of(teacher, targets).items()]
    try:
        teacher(images)
    finally:
        for handle in handles:
            handle.remove()
    if not sizes:
        raise InputError(f"none of the {len(targets)} layers with statistics runs in teacher {teacher.spec.name!r}")
    names = list(sizes)
    if which == "encoder":
        smallest = min((size for size in sizes.values() if size > 1), default=1)
        names = names[: max(place for place, name in enumerate(names) if sizes[name] == smallest) + 1]
    return {name: targets[name].to(images.device) for name in names}
