"""Networks whose answer is known, and frames whose depth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from eval.frame import Frame
from mde.nets.net import DepthNet, NetSpec
from mde.nets.output import Output

FULL_M = 20.0
"""Depth that the red channel at 1.0 stands for."""


class RedCore(nn.Module):
    """Depth = factor * red channel * FULL_M + offset, so that a test decides what is predicted where."""

    def __init__(self, factor: float, offset_m: float, num_bins: int) -> None:
        super().__init__()
        self.factor, self.offset_m, self.num_bins = factor, offset_m, num_bins
        self.mix = nn.Conv2d(3, 1, 1, bias=False)
        with torch.no_grad():
            self.mix.weight.copy_(torch.tensor([FULL_M, 0.0, 0.0]).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> Output:
        depth_m = self.mix(image) * self.factor + self.offset_m
        shape = (len(image), self.num_bins, image.shape[-2] // 4, image.shape[-1] // 4)
        return Output(depth_m=depth_m, dpm_logits=torch.zeros(shape) if self.num_bins else None)


@pytest.fixture
def red_net() -> Callable[..., DepthNet]:
    """Make a network with `RedCore`."""

    def make(
        factor: float = 1.0,
        *,
        offset_m: float = 0.0,
        num_bins: int = 0,
        size: tuple[int, int] = (24, 40),
        **changes: Any,
    ) -> DepthNet:
        spec = NetSpec(
            name="red",
            role="student",
            domain="driving",
            native_size=size,
            depth_range_m=(1e-3, 80.0),
            licence="Apache-2.0",
            weights_sha256="0" * 64,
        )
        return DepthNet(RedCore(factor, offset_m, num_bins), replace(spec, **changes)).eval()

    return make


@pytest.fixture
def make_frames() -> Callable[..., list[Frame]]:
    """Frames whose red channel holds their depth."""

    def make(num: int, *, height: int = 24, width: int = 40, per_scene: int = 2) -> list[Frame]:
        generator = torch.Generator().manual_seed(0)
        frames = []
        for index in range(num):
            image = torch.rand((3, height, width), generator=generator) * 0.8 + 0.1
            depth_m = image[:1] * FULL_M
            frames.append(Frame(name=f"f_{index:03d}", scene=f"s{index // per_scene}", image=image, depth_m=depth_m))
        return frames

    return make


@pytest.fixture
def write_pair() -> Callable[..., None]:
    """Write NAME.png and NAME_depth.png that agree with `RedCore`."""

    def write(folder: Path, name: str, *, seed: int = 0, units: int = 256, size: tuple[int, int] = (24, 40)) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(40, 250, (*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
        depth = np.rint(pixels[..., 0] / 255.0 * FULL_M * units).astype(np.uint16)
        Image.fromarray(depth).save(folder / f"{name}_depth.png")

    return write
