"""A tiny teacher of every norm: BatchNorm, LayerNorm on maps and on tokens, and a GroupNorm that never runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from mde.nets.demo import ChannelNorm
from mde.nets.net import DepthNet, NetSpec
from mde.nets.output import Output

SIZE = (8, 12)


class MixedCore(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.stored = nn.BatchNorm2d(6)
        self.maps = ChannelNorm(6)
        self.tokens = nn.LayerNorm(6)
        self.idle = nn.GroupNorm(2, 6)
        self.head = nn.Conv2d(6, 1, 1)

    def forward(self, image: Tensor) -> Output:
        features = self.maps(self.stored(self.first(image)))
        tokens = self.tokens(2.0 * features.flatten(2).transpose(1, 2) + 1.0)
        depth_m = self.head(tokens.transpose(1, 2).reshape(features.shape)).exp()
        return Output(depth_m=depth_m, raw=depth_m)


def mixed_teacher(*, digest: str = "a" * 64, core: nn.Module | None = None) -> DepthNet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        core = core or MixedCore()
    spec = NetSpec(
        name="mixed",
        role="teacher",
        domain="indoor",
        native_size=SIZE,
        depth_range_m=(1e-3, 10.0),
        licence="Apache-2.0",
        weights_sha256=digest,
    )
    return DepthNet(core, spec).eval().requires_grad_(False)


def write_images(folder: Path, num: int = 34) -> list[Path]:
    """PNG images of noise, each of a brightness of its own, in two folders."""
    rng, paths = np.random.default_rng(0), []
    for number in range(num):
        path = folder / f"{number % 2}" / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 40 + 6 * number, (*SIZE, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(path)
        paths.append(path)
    return sorted(paths)
