"""Fitting a transformation until transformed renders have the statistics that a teacher expects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from tqdm import tqdm

from adapt.checkpointing import checkpointed
from adapt.distance import StatisticsLoss, layer_distances
from adapt.matching import MomentMatching, PatchMatching, check_finite
from adapt.patch_similarity import captured_tokens, patch_distance
from adapt.statistics import Moments, captured, merge_moments
from adapt.target import LayerChoice, Target, layers_of, running_targets
from mde.batch import image_batches, read_images
from mde.errors import InputError
from mde.nets.net import DepthNet
from mde.nets.transformation import Rung, Transformation, fresh_transformation
from mde.shards import ShardReader


@dataclass(frozen=True, kw_only=True, slots=True)
class FitConfig:
    """How a transformation is fitted."""

    num_steps: int = 150
    """Optimiser steps."""
    batch_size: int = 16
    """Images per step; below 16 the content of single scenes shows in the statistics."""
    micro_batch: int = 0
    """Images in memory at once, for large teachers; 0 is all of a step. The gradient is the same, each image is seen
    twice per step."""
    checkpointing: bool = False
    """Make the teacher's activations again instead of keeping them: less memory, about a third more time."""
    learning_rate: float = 1e-2
    """Adam's for the affine map, falling to a tenth along a straight line; a network's is a tenth of it."""
    loss: StatisticsLoss = "normalised"
    """Distance between moments of a layer: normalised (free of scale), deepinversion (norms, as there) or jeffreys
    (divergence of normal distributions, which a layer without spread blows up)."""
    layers: LayerChoice = "all"
    """All layers, or the encoder's: down to the smallest maps. A decoder's also hold the depths of the training set."""
    past_share: float = 0.0
    """Share of the past in the moments compared, at least 0 and below 1; for small batches."""
    num_measured: int = 128
    """Images over which the distance is stated before and after."""

    def __post_init__(self) -> None:
        for name in ("num_steps", "num_measured"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name.replace('_', '-')} {getattr(self, name)} must be at least 1")
        if self.batch_size < 2:
            raise InputError(f"--batch-size {self.batch_size} must be at least 2: one image has no statistics to match")
        if self.micro_batch < 0:
            raise InputError(f"--micro-batch {self.micro_batch} must not be negative; 0 is the whole batch")
        if not 0.0 < self.learning_rate < float("inf"):
            raise InputError(f"--learning-rate {self.learning_rate} must be positive")
        if not 0.0 <= self.past_share < 1.0:
            raise InputError(f"--past-share {self.past_share} must be at least 0 and below 1")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A fitted transformation with the distances that speak for it."""

    transformation: Transformation
    targets: dict[str, Target]
    """What was matched: the layers that run, of those that were asked for."""
    before: dict[str, float]
    """Distance per layer of untouched renders, in the order in which layers run."""
    after: dict[str, float]
    """Distance per layer of transformed renders."""
    curve: list[float]
    """Mean distance of the batch at each step, in the loss that was fitted."""

    @property
    def mean_before(self) -> float:
        """Mean over layers, of untouched renders."""
        return sum(self.before.values()) / len(self.before)

    @property
    def mean_after(self) -> float:
        """Mean over layers, of transformed renders."""
        return sum(self.after.values()) / len(self.after)


def fit_transformation(
    teacher: DepthNet,
    targets: dict[str, Target],
    reader: ShardReader,
    config: FitConfig,
    *,
    rung: Rung,
    seed: int,
) -> Fit:
    """Fit one rung of the ladder to a frozen teacher; only the layers of `targets` that run count.

    Without any target a transformer's patches are made as varied as can be (`adapt.patch_similarity`).

    Reference: J. Hu et al., "Dense Depth Distillation with Out-of-Distribution Simulated Images", 2024 (transformation
    network fitted to stored feature statistics). No term ties the teacher's depth of a transformed image to that of the
    untouched one: there the teacher is at its worst.

    Raises:
        InputError: for a distance that is not finite, when no layer of `targets` runs, and where a teacher has neither
            targets nor attention.
    """
    transformation = fresh_transformation(rung, seed=seed).to(next(teacher.parameters()).device)
    measured = list(range(min(config.num_measured, len(reader))))
    if targets:
        targets = running_targets(teacher, targets, _images(reader, measured[:1], teacher), config.layers)
    before = measure_distances(teacher, targets, reader, measured, nn.Identity())
    curve = [] if rung == "identity" else _descend(transformation, teacher, targets, reader, config, seed=seed)
    transformation.eval().requires_grad_(False)
    after = before if rung == "identity" else measure_distances(teacher, targets, reader, measured, transformation)
    return Fit(transformation=transformation, targets=targets, before=before, after=after, curve=curve)


def _descend(
    transformation: Transformation,
    teacher: DepthNet,
    targets: dict[str, Target],
    reader: ShardReader,
    config: FitConfig,
    *,
    seed: int,
) -> list[float]:
    """Fit in place; answers the distance of every step's batch."""
    optimizer = torch.optim.Adam(_parameters(transformation, config.learning_rate))
    curve = []
    batches = image_batches(reader, teacher.spec.framing, config.batch_size, seed=seed, steps=range(config.num_steps))
    with ExitStack() as stack:
        matching: MomentMatching | PatchMatching
        if targets:
            capture = stack.enter_context(captured(layers_of(teacher, targets)))
            matching = MomentMatching(teacher, targets, capture, config.loss, config.past_share)
        else:
            matching = PatchMatching(teacher, stack.enter_context(captured_tokens(teacher)))
        if config.checkpointing:
            stack.enter_context(checkpointed(teacher))
        for step, images in tqdm(batches, total=config.num_steps, desc="adapt", unit="step"):
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * (1.0 - 0.9 * step / config.num_steps)
            optimizer.zero_grad(set_to_none=True)
            parts = list(images.to(next(teacher.parameters()).device).split(config.micro_batch or len(images)))
            curve.append(matching.backward(transformation, parts))
            optimizer.step()
    return curve


def _parameters(transformation: Transformation, learning_rate: float) -> list[dict[str, object]]:
    """The affine map's and, at a tenth of the rate, the network's."""
    groups: list[dict[str, object]] = [{"params": list(transformation.affine.parameters()), "peak": learning_rate}]
    if transformation.network is not None:
        groups.append({"params": list(transformation.network.parameters()), "peak": 0.1 * learning_rate})
    return groups


def _images(reader: ShardReader, numbers: list[int], teacher: DepthNet) -> Tensor:
    return read_images(reader, numbers, teacher.spec.framing).to(next(teacher.parameters()).device)


@torch.no_grad()
def measure_distances(
    teacher: DepthNet, targets: dict[str, Target], reader: ShardReader, numbers: list[int], transformation: nn.Module
) -> dict[str, float]:
    """Normalised distance per layer over the numbered records together, whatever loss was fitted.

    Every layer of `targets` must run (`running_targets`). Without targets the only entry is that of patches, from
    variety.

    Raises:
        InputError: where what enters a layer is not finite.
    """
    if not targets:
        return {"patches": sum(_patch_distances(teacher, reader, numbers, transformation)) / len(numbers)}
    parts, sizes = [], []
    for moments, size in _moments_of_parts(teacher, targets, reader, numbers, transformation, 8):
        parts.append(moments)
        sizes.append(size)
    distances = layer_distances("normalised", merge_moments(parts, sizes), targets)
    check_finite(distances)
    return {name: distance.item() for name, distance in distances.items()}


@torch.no_grad()
def record_distances(
    teacher: DepthNet, targets: dict[str, Target], reader: ShardReader, transformation: nn.Module
) -> list[float]:
    """Mean normalised distance of every record by itself: how foreign to the teacher a single image is."""
    numbers = list(range(len(reader)))
    if not targets:
        return _patch_distances(teacher, reader, numbers, transformation)
    found = []
    for moments, _ in _moments_of_parts(teacher, targets, reader, numbers, transformation, 1):
        distances = layer_distances("normalised", moments, targets)
        check_finite(distances)
        found.append(sum(distance.item() for distance in distances.values()) / len(distances))
    return found


def _patch_distances(
    teacher: DepthNet, reader: ShardReader, numbers: list[int], transformation: nn.Module
) -> list[float]:
    with captured_tokens(teacher) as capture:
        found = []
        for number in numbers:
            teacher(transformation(_images(reader, [number], teacher)))
            distance = patch_distance(capture.take())
            check_finite({"patches": distance})
            found.append(distance.item())
    return found


def _moments_of_parts(
    teacher: DepthNet,
    targets: dict[str, Target],
    reader: ShardReader,
    numbers: list[int],
    transformation: nn.Module,
    size: int,
) -> Iterator[tuple[dict[str, Moments], int]]:
    with captured(layers_of(teacher, targets)) as capture:
        for start in range(0, len(numbers), size):
            chosen = numbers[start : start + size]
            teacher(transformation(_images(reader, chosen, teacher)))
            yield capture.take(), len(chosen)
