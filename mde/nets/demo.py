"""Demo teacher: a small U-Net with BatchNorm, trained on the sealed world of `eval`, shipped with the project.

It lets every stage run, and be judged, without a weight file of others. How it was trained and how
good it is stands in `demo_teacher/teacher.json` beside its weights; `python -m eval.demo_teacher`
makes both again. With LayerNorm in place of BatchNorm it is the example of a teacher that remembers no statistics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional as F

from mde.domain import Domain
from mde.errors import InputError
from mde.files import sha256_bytes
from mde.nets.net import DepthNet, NetSpec
from mde.nets.output import Output
from mde.nets.weights import load_strictly

Norm = Literal["batch", "layer"]
"""What follows every convolution: BatchNorm, or LayerNorm over the channels of each place."""
WEIGHTS = Path(__file__).parent / "demo_teacher" / "weights.safetensors"
"""The committed weights."""
NATIVE_SIZE = (48, 64)
WIDTHS = (24, 48, 96, 160, 192)
"""Channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the image."""
MIDDLE_DEPTH_M = 3.0
"""Depth of an answer of zero, near the geometric mean of rooms, so that training starts in the middle."""


def load_demo_teacher(weights: Path | None, domain: Domain) -> DepthNet:
    """The demo teacher, frozen and in eval mode; `weights` None means the committed file.

    Raises:
        InputError: for a domain other than indoor, and for a file that is absent, damaged or belongs
            to another network.
    """
    path = WEIGHTS if weights is None else weights
    taps = ("stem", *(f"down.{number}" for number in range(len(WIDTHS) - 1)))
    return load_shipped(
        "demo", path, domain, lambda state: DemoTeacher(domain.depth_range_m, norm=_norm_of(state)), taps=taps
    )


def load_shipped(
    name: str,
    path: Path,
    domain: Domain,
    build: Callable[[Mapping[str, Tensor]], nn.Module],
    *,
    taps: tuple[str, ...],
) -> DepthNet:
    """A demo teacher that `build` makes for the weights of `path`, frozen and in eval mode.

    Raises:
        InputError: for a domain other than indoor, and for a file that is absent, damaged or belongs
            to another network.
    """
    if domain.name != "indoor":
        raise InputError(f"teacher {name} knows domain 'indoor' only, got {domain.name!r}; use --domain indoor")
    content = _read(path, name)
    try:
        state = load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise InputError(f"{path} is not a readable safetensors file; expected {name} teacher weights") from error
    core = build(state)
    load_strictly(core, state, path=path)
    spec = NetSpec(
        name=name,
        role="teacher",
        domain=domain.name,
        native_size=NATIVE_SIZE,
        depth_range_m=domain.depth_range_m,
        licence="Apache-2.0",
        taps=taps,
        weights_sha256=sha256_bytes(content),
        files=(path,),
    )
    return DepthNet(core, spec).eval().requires_grad_(False)


def _norm_of(state: Mapping[str, Tensor]) -> Norm:
    return "batch" if any(name.endswith("running_mean") for name in state) else "layer"


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(
            f"{path} does not exist; make it with: python -m eval.demo_teacher --teacher {name}"
        ) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); expected {name} teacher weights") from error


class DemoTeacher(nn.Module):
    """The network at any size; right at the field of view that it was trained with.

    `raw` is ln(depth / 3 m) at input size, not bounded; `depth_m` is in metres, clamped to the range.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, depth_range_m: tuple[float, float], widths: tuple[int, ...] = WIDTHS, norm: Norm = "batch"
    ) -> None:
        super().__init__()
        self.depth_range_m = depth_range_m
        # Not persistent: constants of the architecture, and loading is strict.
        self.register_buffer("mean", torch.tensor((0.45, 0.45, 0.45)).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor((0.25, 0.25, 0.25)).view(1, 3, 1, 1), persistent=False)
        self.stem = _convolution(3, widths[0], norm, stride=2)
        pairs = list(zip(widths[:-1], widths[1:], strict=True))
        self.down = nn.ModuleList(Down(fine, coarse, norm) for fine, coarse in pairs)
        self.up = nn.ModuleList(Up(coarse, fine, norm) for fine, coarse in reversed(pairs))
        self.head = nn.Conv2d(widths[0], 4, 3, padding=1)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth of RGB in [0, 1]; normalises by itself."""
        features = [self.stem((image - self.mean) / self.std)]
        for down in self.down:
            features.append(down(features[-1]))
        out = features.pop()
        for up in self.up:
            out = up(out, features.pop())
        height, width = image.shape[-2:]
        raw = F.pixel_shuffle(self.head(out), 2)[..., :height, :width]  # one row or column too many at odd sizes
        depth_m = (raw + math.log(MIDDLE_DEPTH_M)).exp().clamp(*self.depth_range_m)
        return Output(depth_m=depth_m, raw=raw)


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each place of a map (B,C,H,W), as in ConvNeXt (Liu et al., 2022)."""

    def forward(self, features: Tensor) -> Tensor:
        """Normalised features, of the same shape."""
        return super().forward(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _convolution(inputs: int, outputs: int, norm: Norm, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs) if norm == "batch" else ChannelNorm(outputs),
        nn.ReLU(inplace=True),
    )


class Down(nn.Module):
    """Half the size, then one more convolution with a residual path."""

    def __init__(self, inputs: int, outputs: int, norm: Norm) -> None:
        super().__init__()
        self.shrink = _convolution(inputs, outputs, norm, stride=2)
        self.refine = _convolution(outputs, outputs, norm)

    def forward(self, fine: Tensor) -> Tensor:
        """Features at half the size of `fine`, rounded up."""
        coarse = self.shrink(fine)
        return coarse + self.refine(coarse)


class Up(nn.Module):
    """Bring coarse features to the size of the skip and join both."""

    def __init__(self, inputs: int, outputs: int, norm: Norm) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.join = _convolution(2 * outputs, outputs, norm)

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """Features at the size of `skip`; narrowed before they grow, which is the same and cheaper."""
        grown = F.interpolate(self.narrow(coarse), size=skip.shape[-2:], mode="bilinear", align_corners=False)
        return self.join(torch.cat((grown, skip), dim=1))
