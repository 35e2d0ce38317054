"""Trial: a network of unknown make is tried out on four images before anything is learned from it.

What must hold is refused; what only looks wrong is a remark, since a network that was never seen may have its reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from mde.errors import InputError
from mde.nets.edge import IMAGENET_MEAN, IMAGENET_STD
from mde.nets.net import DepthNet
from mde.nets.own_file import in_one_line

NUM_IMAGES = 4
MIN_SPREAD = 1e-3
"""Mean relative difference of the depth of two images below which the network is said not to look at them."""
MAX_SHARE_OUTSIDE = 0.9
"""Share of pixels at the ends of the depth range above which the unit is in doubt."""
BETTER_BY = 1.0
"""By how much, in |ln variance|, another normalisation must fit better: a twofold one is off by ln(1/0.225^2) = 3."""


def try_out(net: DepthNet, network: nn.Module, *, name: str, normalises: bool) -> list[str]:
    """Remarks on `net`, whose own `network` sees images that are normalised before (`normalises`) or RGB in [0,1].

    Raises InputError, in one line, for training mode, gradients left on, a forward pass that fails, answers that
    change from call to call or with the other images of a batch.
    """
    if any(module.training for module in network.modules()):
        raise InputError(f"teacher {name} is in training mode; call network.eval() before you answer it")
    if any(parameter.requires_grad for parameter in network.parameters()):
        raise InputError(f"teacher {name} asks for gradients; call network.requires_grad_(False) before you answer it")
    net.eval()
    images = trial_images(*net.spec.native_size)
    depths = steady_depth(lambda shown: _depth(net, shown, name), images, name=f"teacher {name}")
    remarks = [
        _sameness(depths),
        _outside(depths, net) if net.spec.kind == "metric" else None,
        _inner_normalisation(network) if normalises else None,
        _statistics(net, network, images, normalises=normalises),
    ]
    return [f"teacher {name}: {remark}" for remark in remarks if remark is not None]


def steady_depth(ask: Callable[[Tensor], Tensor], images: Tensor, *, name: str) -> Tensor:
    """Depth of `images` by a network in eval mode, `ask`ed again and about the first image alone.

    Raises InputError where its answers change from call to call or with the other images of a batch.
    """
    depths = ask(images)
    if _relative_change(ask(images), depths) > 1e-4:
        raise InputError(f"{name} answers otherwise at every call; switch off dropout and other draws")
    if _relative_change(ask(images[:1]), depths[:1]) > 1e-2:
        raise InputError(
            f"{name} answers otherwise to an image alone than in a batch; its normalisation must use stored "
            "statistics (training=False), or it must take the images one by one"
        )
    return depths


def trial_images(height: int, width: int) -> Float[Tensor, "images 3 {height} {width}"]:
    """Smooth blotches at four scales, with the mean and deviation of photographs (0.45 and 0.22); always the same."""
    generator = torch.Generator().manual_seed(0)
    image = torch.zeros(NUM_IMAGES, 3, height, width)
    for num in (2, 5, 16, 48):
        grey = torch.rand(NUM_IMAGES, 1, num, num, generator=generator) - 0.5
        tint = torch.rand(NUM_IMAGES, 3, num, num, generator=generator) - 0.5
        blotch = F.interpolate(grey + 0.3 * tint, (height, width), mode="bilinear", align_corners=False)
        image += blotch / blotch.std(dim=(1, 2, 3), keepdim=True)
    return (0.45 + 0.22 * image / image.std(dim=(1, 2, 3), keepdim=True)).clamp(0.0, 1.0)


@torch.no_grad()
def _depth(net: DepthNet, images: Tensor, name: str) -> Tensor:
    try:
        depth_m = net(images).depth_m
    except InputError:
        raise
    except Exception as error:  # code of others raises anything
        size = "x".join(map(str, images.shape[-2:]))
        raise InputError(
            f"teacher {name} raised {type(error).__name__} for {len(images)} images of {size}: {in_one_line(error)}"
        ) from error
    return depth_m


def _relative_change(first: Tensor, second: Tensor) -> float:
    """Mean of |ln a - ln b|, both depths positive."""
    return float((first.log() - second.log()).abs().mean())


def _sameness(depths: Tensor) -> str | None:
    change = _relative_change(depths[1:], depths[:-1])
    if change >= MIN_SPREAD:
        return None
    return (
        f"the depth hardly depends on the image ({change:.2%} between four different ones); is its input normalised "
        "twice, or meant to be 0 to 255?"
    )


def _outside(depths_m: Tensor, net: DepthNet) -> str | None:
    nearest, farthest = net.spec.depth_range_m
    share = float(((depths_m <= nearest) | (depths_m >= farthest)).float().mean())
    if share <= MAX_SHARE_OUTSIDE:
        return None
    return f"{share:.0%} of its depth lies outside {nearest:g} to {farthest:g} m; is metres_per_unit right?"


def _inner_normalisation(network: nn.Module) -> str | None:
    """A network that keeps three numbers called mean, or a module called Normalize, likely normalises by itself."""
    for key, tensor in network.named_buffers():
        leaf = key.rpartition(".")[2].lower()
        if "mean" in leaf and "running" not in leaf and tensor.numel() == 3:
            return f"it holds a buffer {key!r} and is given normalised images; leave out mean and std if it uses it"
    for key, module in network.named_modules():
        if type(module).__name__ == "Normalize":
            return f"it holds a module {key!r} that normalises and is given normalised images; leave out mean and std"
    return None


def _statistics(net: DepthNet, network: nn.Module, images: Tensor, *, normalises: bool) -> str | None:
    """Whether the first BatchNorm's stored variances fit another normalisation better than the one declared."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    declared = images if not normalises else (images - net.core.mean) / net.core.std  # type: ignore[operator]
    others = {"RGB from 0 to 255": images * 255.0}
    others["RGB in [0,1]" if normalises else "images normalised by ImageNet's mean and std"] = (
        images if normalises else (images - mean) / std
    )
    distance = _first_distance(network, declared)
    if distance is None:
        return None
    for reading, pixels in others.items():
        other = _first_distance(network, pixels)
        if other is not None and other < min(1.0, distance - BETTER_BY):
            return (
                f"the statistics of its first BatchNorm fit {reading} ({other:.1f}) better than what it is given "
                f"({distance:.1f}, mean |ln variance ratio|); are images normalised twice, or never?"
            )
    return None


@torch.no_grad()
def _first_distance(network: nn.Module, pixels: Tensor) -> float | None:
    """Mean |ln(variance / stored variance)| at the input of the BatchNorm that is reached first; None without one."""
    with _inputs_of_batch_norms(network) as seen:
        network(pixels)
    if not seen:
        return None
    layer, given = seen[0]
    variance = given.flatten(2).transpose(0, 1).flatten(1).var(dim=1, correction=0)
    stored = layer.running_var
    assert stored is not None  # layers without stored statistics are not watched
    return float(((variance + layer.eps) / (stored + layer.eps)).log().abs().mean())


@contextmanager
def _inputs_of_batch_norms(network: nn.Module) -> Iterator[list[tuple[_BatchNorm, Tensor]]]:
    seen: list[tuple[_BatchNorm, Tensor]] = []

    def note(layer: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        assert isinstance(layer, _BatchNorm)
        seen.append((layer, arguments[0].detach()))

    hooks = [
        module.register_forward_pre_hook(note)
        for module in network.modules()
        if isinstance(module, _BatchNorm) and module.running_var is not None
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
