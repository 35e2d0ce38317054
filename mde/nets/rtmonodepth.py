"""RT-MonoDepth-S: a small convolutional network for disparity, trained on video and stereo pairs, as a teacher.

Written from the shapes in the published files, public descriptions, and the answers of the authors' own program, which
it equals to the last bit (LOG.md). Attribute names are those of the files, so that they load as they are.

Reference: Feng et al., "Real-Time Monocular Depth Estimation on Embedded Systems" (RT-MonoDepth), 2023.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.domain import Domain
from mde.errors import InputError
from mde.files import sha256_bytes, sha256_file
from mde.nets.net import DepthNet, Kind, NetSpec
from mde.nets.output import Output
from mde.nets.weights import load_strictly
from mde.nets.weights_file import published_sha256, read_weights

NATIVE_SIZE = (192, 640)
ENCODER_CHANNELS = (64, 64, 128, 192)
"""At 1/2, 1/4, 1/8 and 1/16 of the image."""
DECODER_CHANNELS = (96, 64, 32, 16)
"""At 1/8, 1/4, 1/2 and the whole size."""
MIN_DISPARITY, MAX_DISPARITY = 0.01, 10.0
STEREO_SCALE = 5.4
"""Metres in the unit of weights that saw stereo pairs: the rig's base line is 0.54 m and was trained as 0.1."""
STEREO_SHA256 = ("6cdff9dfd76b0b804a6954508ebc57fbd8ff4713642282e861d47d9939190917",)
"""Digests of the published encoders that saw stereo pairs; of others the scale is unknown."""


def load_rtmonodepth(weights: Path | None, domain: Domain) -> DepthNet:
    """RT-MonoDepth-S from its encoder file, beside which the decoder's lies ('depth' in its name for 'encoder').

    The published weights that saw stereo pairs answer metres, others disparity.

    Raises:
        InputError: for another domain than driving, and when a file is missing, damaged or of another network.
    """
    if domain.name != "driving":
        raise InputError(f"teacher rtmonodepth knows domain 'driving' only, got {domain.name!r}; use --domain driving")
    if weights is None or "encoder" not in weights.name:
        raise InputError(
            "teacher 'rtmonodepth' needs --weights FILE: the encoder file that its authors publish, with the depth "
            "file beside it (github.com/Ecalpal/RT-MonoDepth)"
        )
    decoder = weights.with_name(weights.name.replace("encoder", "depth"))
    published = published_sha256(weights) if weights.is_file() else ""
    kind: Kind = "metric" if published in STEREO_SHA256 else "disparity"
    core = RtMonoDepth(kind, domain.depth_range_m)
    for module, path in ((core.encoder, weights), (core.decoder, decoder)):
        load_strictly(module, read_weights(path), path=path)
    spec = NetSpec(
        name="rtmonodepth",
        role="teacher",
        domain=domain.name,
        native_size=NATIVE_SIZE,
        kind=kind,
        depth_range_m=domain.depth_range_m,
        licence="non-commercial (its README)",
        taps=("encoder.convs.0", "encoder.convs.1", "encoder.convs.2"),
        weights_sha256=sha256_bytes((sha256_file(weights) + sha256_file(decoder)).encode()),
        files=(weights, decoder),
    )
    return DepthNet(core, spec).eval().requires_grad_(False)


class RtMonoDepth(nn.Module):
    """The network at its native size, or at another one whose sides are multiples of 16 pixels.

    `raw` is its disparity at input size, 0.01 to 10; depth is its inverse, times 5.4 m where it saw stereo pairs.
    """

    def __init__(self, kind: Kind, depth_range_m: tuple[float, float]) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.kind = kind
        self.depth_range_m = depth_range_m

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth of RGB in [0, 1]; normalises by itself."""
        share = torch.sigmoid(self.decoder(self.encoder((image - 0.45) / 0.225)))
        raw = MIN_DISPARITY + (MAX_DISPARITY - MIN_DISPARITY) * share
        if self.kind == "metric":
            return Output(depth_m=(STEREO_SCALE / raw).clamp(*self.depth_range_m), raw=raw)
        return Output(depth_m=1.0 / raw, raw=raw)


class Encoder(nn.Module):
    """Four halvings, with zeros beyond the border."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, ENCODER_CHANNELS[0], 7, 2, 3, bias=False)
        pairs = zip(ENCODER_CHANNELS[:-1], ENCODER_CHANNELS[1:], strict=True)
        self.convs = nn.ModuleList(
            nn.Sequential(
                *(nn.Conv2d(fine, coarse, 3, 2, 1), nn.LeakyReLU(0.1)),
                *(nn.Conv2d(coarse, coarse, 3, 1, 1), nn.LeakyReLU(0.1)),
            )
            for fine, coarse in pairs
        )

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 192 _ _"]:
        """Features at a sixteenth of the size."""
        out = F.relu(self.conv1(image))
        for convolutions in self.convs:
            out = convolutions(out)
        return out


class Decoder(nn.Module):
    """Four doublings (filter, nearest neighbour, filter) without skips; three heads, of which the finest is used.

    Filters see the image reflected beyond its border, heads see zeros.
    """

    def __init__(self) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for coarse, fine in zip((ENCODER_CHANNELS[-1], *DECODER_CHANNELS), DECODER_CHANNELS, strict=False):
            steps += [_named("conv", coarse, fine, "reflect"), _named("conv", fine, fine, "reflect")]
        heads = [_named("conv3", width, 1, "zeros") for width in reversed(DECODER_CHANNELS[1:])]
        self.decoder = nn.ModuleList((*steps, *heads))

    def forward(self, features: Float[Tensor, "batch 192 _ _"]) -> Float[Tensor, "batch 1 height width"]:
        """Logit of the disparity at sixteen times the size of `features`."""
        out = features
        for number in range(len(DECODER_CHANNELS)):
            out = F.elu(self.decoder[2 * number](out))
            out = F.interpolate(out, scale_factor=2, mode="nearest")
            out = F.elu(self.decoder[2 * number + 1](out))
        return self.decoder[2 * len(DECODER_CHANNELS)](out)


def _named(name: str, inputs: int, outputs: int, beyond: Literal["zeros", "reflect"]) -> nn.Sequential:
    """A 3x3 convolution under its published name; `beyond` the border lie zeros or the image's own reflection."""
    return nn.Sequential(OrderedDict({name: nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode=beyond)}))
