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

from mde.domain import Domain, DomainName
from mde.framing import Framing
from mde.nets.mobile_vit import AttentionBlock, Residual, filter_norm, full_filter, mix_norm
from mde.nets.net import DepthNet, resize_prediction
from mde.nets.output import Output
from mde.nets.published import check_domain, published_spec, training_of
from mde.nets.weights import load_strictly
from mde.nets.weights_file import read_weights

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
    training = training_of(TRAININGS, domain, teacher="meter")
    state = read_weights(weights)
    check_domain(weights, {name: other.weights_sha256 for name, other in TRAININGS.items()}, domain, owner="METER's")
    core = Meter(training, domain.depth_range_m)
    load_strictly(core, state, path=weights)
    spec = published_spec("meter", domain, Framing(training.native_size), weights, licence="MIT", taps=("encoder",))
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
        self.conv1 = filter_norm(3, 16, stride=2)
        self.mv2 = nn.ModuleList(_bottleneck(*sizes) for sizes in _BOTTLENECKS)
        self.mvit = nn.ModuleList(AttentionBlock(*sizes) for sizes in _TRANSFORMERS)
        self.conv2 = mix_norm(80, 160)

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
        self.end_up_layer = nn.Sequential(full_filter(half + encoder_channels, half), nn.ReLU())

    def forward(
        self, x: Float[Tensor, "batch _ _ _"], features: Float[Tensor, "batch _ height width"]
    ) -> Float[Tensor, "batch _ height width"]:
        """`x` has half the size of `features`."""
        return self.end_up_layer(torch.cat((self.conv2d_transpose(x), features), dim=1))


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
