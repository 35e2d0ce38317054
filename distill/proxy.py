"""Proxy: how well a student follows its teacher on pictures of other scenes and other cameras, without a real image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from distill.looks import LOOKS, looked
from mde.batch import read_images
from mde.nets.net import DepthNet
from mde.shards import ShardReader


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """Mean |ln y - ln d| of a student's depth y and its teacher's d, over records that it did not learn from."""

    plain: float
    """On the renders as they are."""
    looks: dict[str, float]
    """On the same renders as other cameras would take them."""
    flip: float
    """Mean |ln y(x) - ln y(mirror of x)|, of the student alone."""

    @property
    def worst(self) -> float:
        """On the look that the student is worst at: the score that chooses."""
        return max(self.looks.values())


@torch.no_grad()
def proxy_of(
    student: nn.Module,
    teacher: DepthNet,
    held_out: ShardReader,
    *,
    transformation: nn.Module | None = None,
    seed: int = 0,
    batch_size: int = 8,
) -> Proxy:
    """Score a student, which answers an `Output`, on all of `held_out`, renders of scenes that it did not see.

    A student that learned from transformed renders is judged on transformed ones: give its `transformation`. The
    teacher answers each picture as it is, in eval mode. Lower is better. How far to trust it: LOG.md.
    """
    sums: dict[str, float] = {}
    for start in range(0, len(held_out), batch_size):
        numbers = list(range(start, min(start + batch_size, len(held_out))))
        images = read_images(held_out, numbers, teacher.spec.framing).to(next(teacher.parameters()).device)
        if transformation is not None:
            images = transformation(images)
        answer = student(images).depth_m
        errors = {"plain": _difference(answer, teacher(images).depth_m)}
        errors["flip"] = _difference(answer, student(images.flip(-1)).depth_m.flip(-1))
        for name in LOOKS:
            seen = looked(name, images, seed=seed + start)
            errors[name] = _difference(student(seen).depth_m, teacher(seen).depth_m)
        for name, error in errors.items():
            sums[name] = sums.get(name, 0.0) + error * len(numbers)
    means = {name: total / len(held_out) for name, total in sums.items()}
    return Proxy(plain=means["plain"], flip=means["flip"], looks={name: means[name] for name in LOOKS})


def _difference(ours: Tensor, theirs: Tensor) -> float:
    return (ours.clamp_min(1e-3).log() - theirs.clamp_min(1e-3).log()).abs().mean().item()
