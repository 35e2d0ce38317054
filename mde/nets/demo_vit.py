"""Demo transformer: a small vision transformer with a convolutional decoder, trained on the sealed world like `demo`.

Built like the depth networks of today, so that what works on it may work on those: an encoder of tokens with LayerNorm
and no stored statistics, maps reassembled after each of its blocks, and fusion from coarse to fine. Its features for
distillation are the answers (B,C,h,w) of the modules `reassemble.0` to `reassemble.3`, at strides 4, 8, 16 and 32.
How it was trained and how good it is stands in `demo_transformer/teacher.json` beside its weights;
`python -m eval.demo_teacher --teacher demo-transformer` makes both again.

Reference: Ranftl, Bochkovskiy, Koltun, "Vision transformers for dense prediction", ICCV 2021.
Differs: tokens lie 8 pixels apart and come from three convolutions; no class token; coarse maps are means over tokens.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.domain import Domain
from mde.nets.demo import MIDDLE_DEPTH_M, NATIVE_SIZE, load_shipped
from mde.nets.net import DepthNet
from mde.nets.output import Output

WEIGHTS = Path(__file__).parent / "demo_transformer" / "weights.safetensors"
"""The committed weights."""
STRIDE = 8
"""Pixels between tokens."""
WIDTH = 96
"""Channels of a token."""
NUM_HEADS = 3
MAP_WIDTHS = (32, 48, 64, 96)
"""Channels of the maps at strides 4, 8, 16 and 32, one after each block."""
FUSED = 32
"""Channels of the decoder."""


def load_demo_transformer(weights: Path | None, domain: Domain) -> DepthNet:
    """The demo transformer, frozen and in eval mode; `weights` None means the committed file.

    Raises:
        InputError: for a domain other than indoor, and for a file that is absent, damaged or belongs
            to another network.
    """
    path = WEIGHTS if weights is None else weights
    taps = tuple(f"reassemble.{number}" for number in range(len(MAP_WIDTHS)))
    return load_shipped(
        "demo-transformer", path, domain, lambda state: DemoTransformer(domain.depth_range_m), taps=taps
    )


class DemoTransformer(nn.Module):
    """The network at any size; right at the field of view that it was trained with.

    `raw` is ln(depth / 3 m) at input size, not bounded; `depth_m` is in metres, clamped to the range.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, depth_range_m: tuple[float, float]) -> None:
        super().__init__()
        self.depth_range_m = depth_range_m
        # Not persistent: constants of the architecture, and loading is strict.
        self.register_buffer("mean", torch.tensor((0.45, 0.45, 0.45)).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor((0.25, 0.25, 0.25)).view(1, 3, 1, 1), persistent=False)
        self.stem = nn.Sequential(
            *(nn.Conv2d(3, WIDTH // 4, 3, 2, padding=1), nn.GELU()),
            *(nn.Conv2d(WIDTH // 4, WIDTH // 2, 3, 2, padding=1), nn.GELU()),
            nn.Conv2d(WIDTH // 2, WIDTH, 3, 2, padding=1),
        )
        height, width = (side // STRIDE for side in NATIVE_SIZE)
        self.places = nn.Parameter(0.02 * torch.randn(1, WIDTH, height, width))
        self.blocks = nn.ModuleList(Block() for _ in MAP_WIDTHS)
        self.norm = nn.LayerNorm(WIDTH)
        self.reassemble = _reassembly()
        self.fuse = nn.ModuleList(Fusion(width) for width in MAP_WIDTHS)
        self.smooth = nn.Conv2d(FUSED, FUSED, 3, padding=1)
        self.head = nn.Conv2d(FUSED, 4, 3, padding=1)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth of RGB in [0, 1]; normalises by itself."""
        height, width = image.shape[-2:]
        edges = (0, -width % STRIDE, 0, -height % STRIDE)  # to whole tokens
        maps = self.maps(F.pad((image - self.mean) / self.std, edges, mode="replicate"))
        fused = self.fuse[-1](maps[-1], None)
        for fuse, features in zip(reversed(self.fuse[:-1]), reversed(maps[:-1]), strict=True):
            fused = fuse(features, fused)
        half = F.interpolate(self.smooth(F.relu(fused)), scale_factor=2.0, mode="bilinear", align_corners=False)
        raw = F.pixel_shuffle(self.head(F.relu(half)), 2)[..., :height, :width]
        depth_m = (raw + math.log(MIDDLE_DEPTH_M)).exp().clamp(*self.depth_range_m)
        return Output(depth_m=depth_m, raw=raw)

    def maps(self, pixels: Float[Tensor, "batch 3 height width"]) -> list[Tensor]:
        """Maps from fine to coarse, one after every block."""
        grid = self.stem(pixels)
        size = grid.shape[-2:]
        places = F.interpolate(self.places, size=size, mode="bicubic", align_corners=False)
        tokens = (grid + places).flatten(2).transpose(1, 2)
        maps = []
        for block, reassemble in zip(self.blocks, self.reassemble, strict=True):
            tokens = block(tokens)
            maps.append(reassemble(self.norm(tokens).transpose(1, 2).unflatten(2, size)))
        return maps


class Block(nn.Module):
    """Attention among all tokens, then a perceptron for each, both with LayerNorm before and a residual path."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(WIDTH)
        self.query_key_value = nn.Linear(WIDTH, 3 * WIDTH)
        self.project = nn.Linear(WIDTH, WIDTH)
        self.norm_perceptron = nn.LayerNorm(WIDTH)
        self.perceptron = nn.Sequential(nn.Linear(WIDTH, 3 * WIDTH), nn.GELU(), nn.Linear(3 * WIDTH, WIDTH))

    def forward(self, tokens: Float[Tensor, "batch tokens channels"]) -> Tensor:
        """Tokens of the same shape."""
        tokens = tokens + self.attend(self.norm_attention(tokens))
        return tokens + self.perceptron(self.norm_perceptron(tokens))

    def attend(self, tokens: Float[Tensor, "batch tokens channels"]) -> Tensor:
        """Scaled dot-product attention in NUM_HEADS heads; few tokens, for which two products beat torch's kernel."""
        heads = self.query_key_value(tokens).unflatten(2, (3, NUM_HEADS, WIDTH // NUM_HEADS)).permute(2, 0, 3, 1, 4)
        query, key, value = heads.unbind(0)
        weights = (query @ key.transpose(2, 3) / math.sqrt(WIDTH // NUM_HEADS)).softmax(dim=3)
        return self.project((weights.to(value.dtype) @ value).transpose(1, 2).flatten(2))


class Fusion(nn.Module):
    """Bring a map to the decoder's width, add what came from coarser ones, and filter with a residual path."""

    def __init__(self, num_in: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(num_in, FUSED, 3, padding=1, bias=False)
        self.first = nn.Conv2d(FUSED, FUSED, 3, padding=1)
        self.second = nn.Conv2d(FUSED, FUSED, 3, padding=1)

    def forward(self, features: Float[Tensor, "batch _ height width"], coarse: Tensor | None) -> Tensor:
        """At the size of `features`; `coarse` is None for the coarsest."""
        out = self.project(features)
        if coarse is not None:
            out = out + F.interpolate(coarse, size=out.shape[-2:], mode="bilinear", align_corners=False)
        return out + self.second(F.relu(self.first(F.relu(out))))


def _reassembly() -> nn.ModuleList:
    """From the tokens' grid to maps, from fine to coarse; partial cells at the edges count too."""
    half, quarter = (nn.AvgPool2d(shrink, ceil_mode=True) for shrink in (2, 4))
    steps: tuple[nn.Module, ...] = (
        nn.ConvTranspose2d(WIDTH, MAP_WIDTHS[0], 2, stride=2),
        nn.Conv2d(WIDTH, MAP_WIDTHS[1], 1),
        nn.Sequential(half, nn.Conv2d(WIDTH, MAP_WIDTHS[2], 1)),
        nn.Sequential(quarter, nn.Conv2d(WIDTH, MAP_WIDTHS[3], 1)),
    )
    return nn.ModuleList(steps)
