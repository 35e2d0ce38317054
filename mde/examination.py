"""Examination of a teacher: what it is, what one image costs, and how its depth lies beside the truth."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mde.domain import DOMAINS
from mde.errors import InputError
from mde.macs import count_macs
from mde.nets.batchnorm import Norms, norms_of
from mde.nets.net import DepthNet
from mde.plain_scene import Frame
from mde.resident_memory import PeakWatch, can_watch

TRIED_SIZES = ((192, 256), (192, 640), (240, 320), (256, 320), (352, 1216), (375, 1242), (384, 384), (480, 640))
"""(height, width) that are asked about: those of benchmarks and of small students."""


@dataclass(frozen=True, kw_only=True)
class FrameDepth:
    """Depth of one frame, in metres for metric teachers."""

    lowest: float
    median: float
    highest: float
    ratio_to_truth: float | None
    """Median of depth / truth; None for depth without unit."""
    rank_correlation: float
    """Spearman's, between depth and truth: 1 when nearer and farther are always told apart."""


@dataclass(frozen=True, kw_only=True)
class Examination:
    """All that is measured."""

    num_parameters: int
    num_macs: int
    """Of one image at native size."""
    norms: Norms
    size_refusals: dict[str, str | None]
    """Tried sizes, "480x640", with the reason where they are refused; sizes that are resized count as taken."""
    processor_s: float
    """Processor time of one forward pass, one image at native size."""
    wall_s: float
    peak_bytes: int | None
    """Memory that one forward pass takes beside the weights; None where the system does not say."""
    has_gradient: bool
    """Whether a gradient reaches the image, which adapt.run needs."""
    frames: tuple[FrameDepth, ...]


def examine(teacher: DepthNet, frames: list[Frame]) -> tuple[Examination, Float[Tensor, "frames 1 height width"]]:
    """Ask a teacher for the depth of `frames`; answers what was found and that depth, on the CPU.

    Raises InputError when depth is not finite, not positive, or not of the image's size.
    """
    device = next(teacher.parameters()).device
    first = frames[0].image[None].to(device)
    norms = norms_of(teacher, first)
    num_macs = count_macs(teacher, first)
    depths, seconds = [], []
    peak = _watch(device)
    with torch.no_grad():
        for frame in frames:
            start = time.process_time(), time.perf_counter()
            depth_m = teacher(frame.image[None].to(device)).depth_m.cpu()
            seconds.append((time.process_time() - start[0], time.perf_counter() - start[1]))
            _check_depth(teacher, depth_m, frame)
            depths.append(depth_m)
    processor_s, wall_s = sorted(seconds)[len(seconds) // 2]
    found = Examination(
        num_parameters=sum(parameter.numel() for parameter in teacher.parameters()),
        num_macs=num_macs,
        norms=norms,
        size_refusals={f"{h}x{w}": teacher.size_rule(h, w) if teacher.size_rule else None for h, w in TRIED_SIZES},
        processor_s=processor_s,
        wall_s=wall_s,
        peak_bytes=peak(),
        has_gradient=_has_gradient(teacher, first),
        frames=tuple(_compare(teacher, depth_m[0], frame) for depth_m, frame in zip(depths, frames, strict=True)),
    )
    return found, torch.cat(depths)


def _check_depth(teacher: DepthNet, depth_m: Tensor, frame: Frame) -> None:
    wanted = (1, 1, *frame.image.shape[-2:])
    if tuple(depth_m.shape) != wanted:
        raise InputError(f"teacher {teacher.spec.name!r} answers {tuple(depth_m.shape)}; expected depth of {wanted}")
    num_bad = int((~torch.isfinite(depth_m) | (depth_m <= 0)).sum())
    if num_bad:
        raise InputError(
            f"teacher {teacher.spec.name!r} answers {num_bad} pixels of {depth_m.numel()} that are NaN, infinite or not"
            " positive; expected depth: wrong weights, or images in another range than [0, 1]?"
        )


def _watch(device: torch.device) -> Callable[[], int | None]:
    """Begins to watch memory; the answer tells the bytes that were taken since, None where the system does not say."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return lambda: torch.cuda.max_memory_allocated(device)
    return PeakWatch().growth_bytes if can_watch() else lambda: None


def _has_gradient(teacher: DepthNet, image: Tensor) -> bool:
    with torch.enable_grad():
        asked = image.clone().requires_grad_()
        depth_m = teacher(asked).depth_m
        if not depth_m.requires_grad:
            return False
        (gradient,) = torch.autograd.grad(depth_m.mean(), asked, allow_unused=True)
    return gradient is not None and bool((gradient != 0).any())


def _compare(teacher: DepthNet, depth_m: Float[Tensor, "1 height width"], frame: Frame) -> FrameDepth:
    seen = (frame.depth_m > 0) & (frame.depth_m <= DOMAINS[teacher.spec.domain].depth_range_m[1])
    pred_m, true_m = depth_m[seen].double().numpy(), frame.depth_m[seen].double().numpy()
    ratio = float(np.median(pred_m / true_m)) if teacher.spec.kind == "metric" else None
    return FrameDepth(
        lowest=depth_m.min().item(),
        median=depth_m.median().item(),
        highest=depth_m.max().item(),
        ratio_to_truth=ratio,
        rank_correlation=_rank_correlation(pred_m, true_m),
    )


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's; 0 where either side is constant. Equal values are ranked by their average."""
    ranks = [_ranks(values) for values in (first, second)]
    if min(rank.std() for rank in ranks) == 0.0:
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - 0.5 * (count - 1))[place]
