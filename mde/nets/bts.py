"""BTS: metric depth guided by local planes, on DenseNet-161 or ResNet-50.

Written from the paper and from facts about the published files; attribute names are those of the files.

Reference: Lee, Han, Ko, Suh, "From big to small: multi-scale local planar guidance for monocular depth
estimation", arXiv 1907.10326; PyTorch weights published at github.com/cleinc/bts (GPL-3.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import timm
from jaxtyping import Float
from torch import Tensor, nn

from mde.domain import Domain, DomainName
from mde.nets.imagenet import ImageNetColours
from mde.nets.net import DepthNet
from mde.nets.output import Output
from mde.nets.plane_decoder import PlaneDecoder
from mde.nets.published import BENCHMARK_FRAMINGS, published_spec, training_of
from mde.nets.renames import renamed
from mde.nets.weights import Allowed, load_strictly
from mde.nets.weights_file import read_weights
from mde.nets.weights_folder import found_weights

PUBLISHER = "github.com/cleinc/bts (the file `model` in a zip for each network)"
RENAMES = {"module.": ""}
REFERENCE_FOCAL_PX = 715.0873
"""Focal length for which the network of the driving domain answers metres; others scale its answer."""
_UNUSED = ("encoder.base_model.fc.weight", "encoder.base_model.fc.bias")
"""ResNet's classifier, which lies in the file and takes no part in depth."""
_RECONSTRUCT: Any = np.zeros(0).__reduce__()[0]
ALLOWED: tuple[Allowed, ...] = (
    (_RECONSTRUCT, "numpy.core.multiarray._reconstruct"),
    (_RECONSTRUCT, "numpy._core.multiarray._reconstruct"),
    np.ndarray,
    np.dtype,
    np.dtypes.Int32DType,
)
"""What the list of best steps, an array of int32, is made of in the files of a training with evaluation."""


FILES: dict[DomainName, tuple[str, ...]] = {
    "indoor": ("bts_nyu_v2_pytorch_densenet161/model", "bts_nyu_v2_pytorch_resnet50/model"),
    "driving": ("bts_eigen_v2_pytorch_densenet161/model", "bts_eigen_v2_pytorch_resnet50/model"),
}
"""Published files, with the folders that their zips unpack to."""
BACKBONES = {
    "densenet161": ("norm0", "pool0", "transition1", "transition2", "norm5"),
    "resnet50": ("act1", "layer1", "layer2", "layer3", "layer4"),
}
"""Networks of timm, and their layers after which features are taken, at 1/2 to 1/32 of the size."""


def load_bts(weights: Path | None, domain: Domain) -> DepthNet:
    """BTS with the published weights of `domain`, frozen and in eval mode; the file says which backbone.

    Raises:
        InputError: for a domain that BTS was not trained on, when there is no file, and when it is not
            readable or belongs to another network.
    """
    names = training_of(FILES, domain, teacher="bts")
    path = found_weights(weights, teacher="bts", names=names, publisher=PUBLISHER)
    state = renamed(read_weights(path, entry="model", allowed=ALLOWED), RENAMES, path=path)
    backbone = backbone_of(state)
    state = {key: tensor for key, tensor in state.items() if key not in _UNUSED}
    focal_px = domain.camera.f_px[0] if domain.name == "driving" else None
    core = Bts(backbone, domain.depth_range_m[1], focal_px)
    load_strictly(core, state, path=path)
    framing = BENCHMARK_FRAMINGS[domain.name]
    spec = published_spec("bts", domain, framing, path, licence="GPL-3.0", taps=("encoder",), focal_px=focal_px)
    return DepthNet(core, spec, size_rule=size_fault).eval().requires_grad_(False)


def backbone_of(state: Mapping[str, Tensor]) -> str:
    """DenseNet names its first convolution conv0, ResNet conv1."""
    return "densenet161" if "encoder.base_model.conv0.weight" in state else "resnet50"


def size_fault(height: int, width: int) -> str | None:
    """Which sizes are possible, where this one is not."""
    if min(height, width) >= 32 and height % 32 == 0 and width % 32 == 0:
        return None
    nearest = "x".join(str(max(32, 32 * round(side / 32))) for side in (height, width))
    return f"both sides must be multiples of 32, as {nearest}"


class Bts(nn.Module):
    """The network at every size whose sides are multiples of 32.

    `raw` is the answer itself, in metres at input size, and `depth_m` the same: up to `max_depth_m`, and where the
    camera's focal length counts (`focal_px` not None) up to that times focal_px / 715.0873.
    """

    def __init__(self, backbone: str, max_depth_m: float, focal_px: float | None) -> None:
        super().__init__()
        self.focal_px = focal_px
        self.max_depth_m = max_depth_m
        self.colours = ImageNetColours()
        self.encoder = Encoder(backbone)
        self.decoder = PlaneDecoder(self.encoder.channels, max_depth_m)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth of RGB in [0, 1]; normalises by itself."""
        raw = self.decoder(self.encoder(self.colours(image))).float() * self.max_depth_m
        if self.focal_px is not None:
            raw = raw * (self.focal_px / REFERENCE_FOCAL_PX)
        return Output(depth_m=raw, raw=raw)


class Encoder(nn.Module):
    """A classifier's layers, up to its pooling."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        network: Any = timm.create_model(backbone, pretrained=False, num_classes=0)
        self.base_model: nn.Module = network.features if backbone == "densenet161" else network
        self.taps = BACKBONES[backbone]
        self.channels = tuple(info["num_chs"] for info in network.feature_info)
        if backbone == "densenet161":
            self.channels = (96, 96, 192, 384, 2208)  # timm's table has the blocks, which end before the transitions

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> list[Tensor]:
        """Features from fine to coarse, each after its ReLU where it has one."""
        features, x = [], image
        for name, layer in self.base_model.named_children():
            x = layer(x)
            if name in self.taps:
                features.append(x)
            if name == self.taps[-1]:
                break
        return features
