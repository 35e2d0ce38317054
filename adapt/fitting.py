"""Fitting a transformation until transformed renders have the teacher's stored statistics."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm

from adapt.statistics import (
    Moments,
    batchnorm_layers,
    captured_moments,
    mean_distance,
    mean_moments,
    normalised_distances,
    stored_moments,
)
from mde.batch import image_batches, read_images
from mde.errors import InputError
from mde.nets.net import DepthNet
from mde.nets.transformation import AffineTransformation
from mde.shards import ShardReader


@dataclass(frozen=True, kw_only=True, slots=True)
class FitConfig:
    """How a transformation is fitted."""

    num_steps: int = 150
    """Optimiser steps."""
    batch_size: int = 16
    """Images per step; below 16 the content of single scenes shows in the statistics."""
    learning_rate: float = 1e-2
    """Adam's, falling to a tenth along a straight line."""
    num_measured: int = 128
    """Images over which the distance is stated before and after."""

    def __post_init__(self) -> None:
        for name in ("num_steps", "batch_size", "num_measured"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name.replace('_', '-')} {getattr(self, name)} must be at least 1")
        if not 0.0 < self.learning_rate < float("inf"):
            raise InputError(f"--learning-rate {self.learning_rate} must be positive")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A fitted transformation with the distances that speak for it."""

    transformation: AffineTransformation
    before: dict[str, float]
    """Distance per layer of untouched renders."""
    after: dict[str, float]
    """Distance per layer of transformed renders."""
    curve: list[float]
    """Mean distance of the batch at each step."""


def fit_affine(teacher: DepthNet, reader: ShardReader, config: FitConfig, *, seed: int) -> Fit:
    """Fit the 12-parameter rung to a frozen teacher. Raises InputError for a teacher without BatchNorm.

    Reference: J. Hu et al., "Dense Depth Distillation with Out-of-Distribution Simulated Images", 2024
    (transformation network fitted to stored feature statistics). Differs: an affine map of colours in
    place of a network, the distance of `normalised_distances`, and no term that ties colours to the
    render's: twelve parameters cannot destroy structure.
    """
    layers = batchnorm_layers(teacher)
    stored = stored_moments(layers)
    device = next(teacher.parameters()).device
    transformation = AffineTransformation().to(device)
    optimizer = torch.optim.Adam(transformation.parameters(), lr=config.learning_rate)
    curve = []
    batches = image_batches(reader, teacher.spec.framing, config.batch_size, seed=seed, steps=range(config.num_steps))
    with captured_moments(layers) as found:
        for step, images in tqdm(batches, total=config.num_steps, desc="adapt", unit="step"):
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * (1.0 - 0.9 * step / config.num_steps)
            teacher(transformation(images.to(device)))
            distance = mean_distance(normalised_distances(found, stored, layers))
            if not torch.isfinite(distance):
                raise InputError(
                    f"the BatchNorm distance became {distance.item()} at step {step}; lower --fit.learning-rate"
                )
            optimizer.zero_grad(set_to_none=True)
            distance.backward()
            optimizer.step()
            curve.append(distance.item())
    transformation.eval().requires_grad_(False)
    numbers = list(range(min(config.num_measured, len(reader))))
    return Fit(
        transformation=transformation,
        before=measure_distances(teacher, reader, numbers, nn.Identity()),
        after=measure_distances(teacher, reader, numbers, transformation),
        curve=curve,
    )


@torch.no_grad()
def measure_distances(
    teacher: DepthNet, reader: ShardReader, numbers: list[int], transformation: nn.Module
) -> dict[str, float]:
    """Distance per layer over the numbered records; batches of eight are merged exactly."""
    layers = batchnorm_layers(teacher)
    device = next(teacher.parameters()).device
    size = min(8, len(numbers))
    parts: list[dict[str, Moments]] = []
    with captured_moments(layers) as found:
        for start in range(0, len(numbers) - size + 1, size):
            images: Float[Tensor, "batch 3 height width"] = read_images(
                reader, numbers[start : start + size], teacher.spec.framing
            )
            teacher(transformation(images.to(device)))
            parts.append(dict(found))
    distances = normalised_distances(mean_moments(parts), stored_moments(layers), layers)
    return {name: distance.item() for name, distance in distances.items()}
