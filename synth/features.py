"""Features: what a frozen teacher makes of an image, as a short vector of unit length."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mde.batch import read_images
from mde.errors import InputError
from mde.nets.net import DepthNet
from mde.shards import ShardReader

NUM_FEATURES = 64
"""Columns after the random projection; it keeps distances within about 1 / sqrt(64) (Johnson-Lindenstrauss)."""
BATCH = 8


def teacher_features(reader: ShardReader, teacher: DepthNet, *, seed: int) -> np.ndarray:
    """(N, NUM_FEATURES) float32, one row per record in the order of the reader.

    The mean over the image of what enters every normalisation layer, each layer brought to unit length so that wide
    ones do not drown the others, all of them to unit length again, then a seeded random projection.
    Raises InputError for a teacher without normalisation layers.
    """
    rows = []
    with captured_means(teacher) as means, torch.inference_mode():
        for first in range(0, len(reader), BATCH):
            numbers = list(range(first, min(first + BATCH, len(reader))))
            teacher(read_images(reader, numbers, teacher.spec.framing))
            layers = [nn.functional.normalize(means[name], dim=1) for name in sorted(means)]
            rows.append(nn.functional.normalize(torch.cat(layers, dim=1), dim=1).double().numpy())
    features = np.concatenate(rows)
    matrix = np.random.default_rng(seed).standard_normal((features.shape[1], NUM_FEATURES)) / np.sqrt(NUM_FEATURES)
    return np.asarray(features @ matrix, dtype=np.float32)


@contextmanager
def captured_means(network: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Inside the block every forward pass leaves (batch, channels) means of each normalisation layer's input."""
    layers = {
        name: module for name, module in network.named_modules() if isinstance(module, (_BatchNorm, nn.LayerNorm))
    }
    if not layers:
        raise InputError(
            "--teacher: this network has no normalisation layer to take features from; leave --teacher out"
        )
    means: dict[str, Tensor] = {}

    def hook_of(name: str):  # type: ignore[no-untyped-def]
        def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            channels_last = inputs[0].movedim(1, -1) if isinstance(module, _BatchNorm) else inputs[0]
            means[name] = channels_last.flatten(1, -2).mean(dim=1) if channels_last.dim() > 2 else channels_last

        return hook

    handles = [layer.register_forward_pre_hook(hook_of(name)) for name, layer in layers.items()]
    try:
        yield means
    finally:
        for handle in handles:
            handle.remove()
