"""METER (XXS): a small convolution and attention network for metric depth, as a teacher.

Written afresh; attribute names are those of the published weight files, so that they load as they are.

Reference: Papa, Russo, Amerini, "METER: a mobile vision transformer architecture for monocular depth
estimation", IEEE TCSVT 2023; public repository lorenzopapa5/METER (MIT).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.domain import Domain, DomainName
from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.net import DepthNet, NetSpec, resize_prediction
from mde.nets.output import Output
from mde.nets.weights import load_strictly
from mde.nets.weights_file import published_sha256, read_weights

_NUM_HEADS = 4
_HEAD_CHANNELS = 8
# The encoder's stages: channels in, channels out, stride; and channels, width of the tokens, width of the MLP.
_BOTTLENECKS = ((16, 16, 1), (16, 24, 2), (24, 24, 1), (24, 24, 1), (24, 48, 2), (48, 64, 2), (64, 80, 2))
_TRANSFORMERS = ((48, 64, 128), (64, 80, 320), (80, 96, 384))


@dataclass(frozen=True, kw_only=True)
class Training:
    """How the published weights of one domain were trained: what goes in, what comes out."""

    native_size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    metres_per_unit: float
    weights_sha256: str
    """Digest of the published file, to tell it from that of the other domain, which has the same shapes."""


TRAININGS: dict[DomainName, Training] = {
    "driving": Training(
        native_size=(192, 640),
        mean=(0.0, 0.0, 0.0),  # RGB / 255 as it is
        std=(1.0, 1.0, 1.0),
        metres_per_unit=0.1,
        weights_sha256="e55544ae36f9ad74237017fd5f8e761db4b258dbed44623c71ce305d44488bea",
    ),
    "indoor": Training(
        native_size=(192, 256),
        mean=(0.485, 0.456, 0.406),  # ImageNet
        std=(0.229, 0.224, 0.225),
        metres_per_unit=0.01,
        weights_sha256="327cddf3bfc85f4a13b8d18d2f13d8e40cdeb022ea397995c409ef1569bcbb53",
    ),
}


def load_meter(weights: Path, domain: Domain) -> DepthNet:
    """METER-XXS with the published weights of `domain`, frozen and in eval mode.

    Raises:
        InputError: for a domain that METER was not trained on, and when the file is not readable,
            belongs to another network, or is the published file of the other domain, whose
            numbers would be read in the wrong unit.
    """
    if domain.name not in TRAININGS:
        known = ", ".join(TRAININGS)
        raise InputError(f"teacher meter knows the domains {known}, got {domain.name!r}; use --domain with one of them")
    state = read_weights(weights)
    published = published_sha256(weights)
    for name, training in TRAININGS.items():
        if published == training.weights_sha256 and name != domain.name:
            raise InputError(
                f"{weights} are METER's {name} weights; expected {domain.name} ones, change file or domain"
            )
    core = Meter(TRAININGS[domain.name], domain.depth_range_m)
    load_strictly(core, state, path=weights)
    spec = NetSpec(
        name="meter",
        role="teacher",
        domain=domain.name,
        native_size=TRAININGS[domain.name].native_size,
        depth_range_m=domain.depth_range_m,
        licence="MIT",
        weights_sha256=sha256_file(weights),
    )
    return DepthNet(core, spec).eval().requires_grad_(False)


class Meter(nn.Module):
    """The network at its native size, or at another one whose sides are multiples of 64 pixels.

    `raw` is the answer itself at a quarter of the size, in decimetres (driving) or centimetres
    (indoor) and not bounded; `depth_m` is that in metres, bilinear to input size, clamped to the range.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, training: Training, depth_range_m: tuple[float, float]) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.metres_per_unit = training.metres_per_unit
        self.depth_range_m = depth_range_m
        # Not persistent: the published files do not hold them, and loading is strict.
        self.register_buffer("mean", torch.tensor(training.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(training.std).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth of RGB in [0, 1]; normalises by itself."""
        raw = self.decoder(self.encoder((image - self.mean) / self.std))
        depth_m = resize_prediction(raw * self.metres_per_unit, *image.shape[-2:])
        return Output(depth_m=depth_m.clamp(*self.depth_range_m), raw=raw)


class Encoder(nn.Module):
    """Seven inverted bottlenecks, three of them followed by attention over the whole image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = _filter_norm(3, 16, stride=2)
        self.mv2 = nn.ModuleList(_bottleneck(*sizes) for sizes in _BOTTLENECKS)
        self.mvit = nn.ModuleList(AttentionBlock(*sizes) for sizes in _TRANSFORMERS)
        self.conv2 = _mix_norm(80, 160)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> list[Tensor]:
        """Features at 1/4, 1/8, 1/16 and 1/32 of the size, with 24, 48, 64 and 160 channels.

        Features of the first three are taken before the attention at their size.
        """
        quarter = self.mv2[1](self.mv2[0](self.conv1(image)))
        eighth = self.mv2[4](self.mv2[3](self.mv2[2](quarter)))
        sixteenth = self.mv2[5](self.mvit[0](eighth))
        deepest = self.mvit[2](self.mv2[6](self.mvit[1](sixteenth)))
        return [quarter, eighth, sixteenth, self.conv2(deepest)]


class Decoder(nn.Module):
    """Three transposed convolutions, each joined with the encoder's features of its size. No norm."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d_in = nn.Conv2d(160, 64, 1, bias=False)
        self.ups_block_1 = UpBlock(64, 64)
        self.ups_block_2 = UpBlock(32, 48)
        self.ups_block_3 = UpBlock(16, 24)
        self.conv2d_out = nn.Conv2d(8, 1, 3, padding=1, bias=False)

    def forward(self, features: Sequence[Tensor]) -> Float[Tensor, "batch 1 _ _"]:
        """The answer at the size of the first of the encoder's features."""
        quarter, eighth, sixteenth, deepest = features
        x = self.ups_block_1(self.conv2d_in(deepest), sixteenth)
        x = self.ups_block_2(x, eighth)
        return self.conv2d_out(self.ups_block_3(x, quarter))


class UpBlock(nn.Module):
    """Twice the size with half the channels, then a filter over that and the encoder's features."""

    def __init__(self, channels: int, encoder_channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.conv2d_transpose = nn.ConvTranspose2d(channels, half, 3, stride=2, padding=1, output_padding=1, bias=False)
        self.end_up_layer = nn.Sequential(_filter(half + encoder_channels, half), nn.ReLU())

    def forward(
        self, x: Float[Tensor, "batch _ _ _"], features: Float[Tensor, "batch _ height width"]
    ) -> Float[Tensor, "batch _ height width"]:
        """`x` has half the size of `features`."""
        return self.end_up_layer(torch.cat((self.conv2d_transpose(x), features), dim=1))


class AttentionBlock(nn.Module):
    """A transformer layer between convolutions, in the manner of MobileViT.

    A pixel attends to the pixels that have its place in their 2x2 patch: four sets of tokens.
    """

    def __init__(self, channels: int, token_channels: int, hidden_channels: int) -> None:
        super().__init__()
        self.conv1 = _filter_norm(channels, channels)
        self.conv2 = _mix_norm(channels, token_channels)
        mlp = nn.Sequential(
            OrderedDict(
                net=nn.Sequential(
                    nn.Linear(token_channels, hidden_channels),
                    nn.ReLU(),
                    nn.Identity(),  # dropout in training; keeps the next layer's published number 3
                    nn.Linear(hidden_channels, token_channels),
                )
            )
        )
        layer = nn.Sequential(
            Residual(OrderedDict(norm=nn.LayerNorm(token_channels), fn=Attention(token_channels))),
            Residual(OrderedDict(norm=nn.LayerNorm(token_channels), fn=mlp)),
        )
        self.transformer = nn.Sequential(OrderedDict(layers=nn.Sequential(layer)))
        self.conv3 = _mix_norm(token_channels, channels)
        self.conv4 = _filter_norm(2 * channels, channels)

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels height width"]:
        """Both sides of `x` must be even."""
        height, width = x.shape[-2:]
        tokens = self.transformer(plane_to_tokens(self.conv2(self.conv1(x))))
        return self.conv4(torch.cat((self.conv3(tokens_to_plane(tokens, height, width)), x), dim=1))


class Attention(nn.Module):
    """Softmax attention with several heads."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = _NUM_HEADS * _HEAD_CHANNELS
        self.to_qkv = nn.Linear(channels, 3 * inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, channels))

    def forward(self, tokens: Float[Tensor, "sets tokens channels"]) -> Float[Tensor, "sets tokens channels"]:
        """Mix the tokens within each set."""
        parts = self.to_qkv(tokens).unflatten(-1, (3, _NUM_HEADS, _HEAD_CHANNELS))
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (sets, heads, tokens, channels of a head)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.to_out(mixed.transpose(1, 2).flatten(2))


class Residual(nn.Sequential):
    """A chain of modules whose answer is added to what goes in."""

    def forward(self, input: Tensor) -> Tensor:
        """What goes in plus what the chain makes of it."""
        return input + super().forward(input)


def plane_to_tokens(plane: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "sets tokens channels"]:
    """Four sets of tokens per image, one for each place in a 2x2 patch. Inverse: `tokens_to_plane`."""
    height, width = plane.shape[-2:]
    patches = plane.unflatten(3, (width // 2, 2)).unflatten(2, (height // 2, 2))
    return patches.permute(0, 3, 5, 2, 4, 1).flatten(3, 4).flatten(0, 2)


def tokens_to_plane(
    tokens: Float[Tensor, "sets tokens channels"], height: int, width: int
) -> Float[Tensor, "batch channels {height} {width}"]:
    """Put tokens back where `plane_to_tokens` took them from."""
    patches = tokens.unflatten(1, (height // 2, width // 2)).unflatten(0, (-1, 2, 2))
    return patches.permute(0, 5, 3, 1, 4, 2).flatten(4, 5).flatten(2, 3)


def _bottleneck(channels_in: int, channels_out: int, stride: int) -> nn.Module:
    """MobileNetV2's: widen to twice the channels, filter each by itself, narrow without ReLU."""
    wide = 2 * channels_in
    chain = nn.Sequential(
        *(nn.Conv2d(channels_in, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()),
        *(nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.ReLU()),
        *(nn.Conv2d(wide, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out)),
    )
    is_residual = stride == 1 and channels_in == channels_out
    return (Residual if is_residual else nn.Sequential)(OrderedDict(conv=chain))


def _filter(channels_in: int, channels_out: int, *, stride: int = 1) -> nn.Module:
    """A full 3x3 convolution and a 1x1 one; the published name `depthwise` is not what it does."""
    return nn.Sequential(
        OrderedDict(
            depthwise=nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
            pointwise=nn.Conv2d(channels_out, channels_out, 1, bias=False),
        )
    )


def _filter_norm(channels_in: int, channels_out: int, *, stride: int = 1) -> nn.Module:
    return nn.Sequential(_filter(channels_in, channels_out, stride=stride), nn.BatchNorm2d(channels_out), nn.ReLU())


def _mix_norm(channels_in: int, channels_out: int) -> nn.Module:
    convolution = nn.Conv2d(channels_in, channels_out, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels_out), nn.ReLU())
