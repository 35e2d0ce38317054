"""Networks of the Monocular-Depth-Estimation-Toolbox: their file format, and what all of them share.

The teachers that TIE-KD used come from it (public repository zhyever/Monocular-Depth-Estimation-Toolbox).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from mde.domain import Domain, DomainName
from mde.nets.imagenet import ImageNetColours
from mde.nets.net import DepthNet, SizeRule
from mde.nets.output import Output
from mde.nets.published import BENCHMARK_FRAMINGS, published_spec, training_of
from mde.nets.weights import Allowed, load_strictly
from mde.nets.weights_file import read_weights
from mde.nets.weights_folder import found_weights

_PUBLISHER = "github.com/zhyever/Monocular-Depth-Estimation-Toolbox"
LICENCE = "Apache-2.0"
DESCENDED_LICENCE = "Apache-2.0; descends from a program under GPL-3.0"
"""Of AdaBins and BTS, which the Toolbox has from their authors' programs."""
_SCALAR: Any = np.float64(0.0).__reduce__()[0]
_ALLOWED: tuple[Allowed, ...] = (
    (_SCALAR, "numpy.core.multiarray.scalar"),  # numpy 1
    (_SCALAR, "numpy._core.multiarray.scalar"),  # numpy 2
    np.dtype,
    np.dtypes.Float64DType,
)
"""What the training puts into `meta` beside plain values: its best score, a numpy number."""


class Depther(nn.Module):
    """Backbone, neck and head: image to depth, by itself at any size that they take.

    `raw` is the head's answer in metres, at half the size or the whole; `depth_m` is that clamped to the range
    and brought to input size, without averaging over the mirrored image.
    """

    def __init__(
        self, *, backbone: nn.Module, neck: nn.Module, decode_head: nn.Module, depth_range_m: tuple[float, float]
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.decode_head = decode_head
        self.depth_range_m = depth_range_m
        self.colours = ImageNetColours()

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth of RGB in [0, 1]; normalises by itself."""
        raw = self.decode_head(self.neck(self.backbone(self.colours(image))))
        depth_m = raw.clamp(*self.depth_range_m)
        # Corners on corners: the Toolbox's own inference.
        depth_m = F.interpolate(depth_m, size=image.shape[-2:], mode="bilinear", align_corners=True)
        return Output(depth_m=depth_m, raw=raw)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Tensors of a file, under the name of the teacher that they are for."""

    teacher: str
    path: Path
    state: Mapping[str, Tensor]


def read_toolbox_weights(
    teacher: str, weights: Path | None, domain: Domain, *, names: Mapping[DomainName, tuple[str, ...]]
) -> Source:
    """Read `weights`, else the published file of `domain` that lies in the weights folder.

    `names` are the files' names by domain: those of the Toolbox's configurations, since the publisher's own
    download names are not known. Raises InputError for a domain without weights and for files that cannot be read.
    """
    published = training_of(names, domain, teacher=teacher)
    path = found_weights(weights, teacher=teacher, names=published, publisher=_PUBLISHER)
    return Source(teacher=teacher, path=path, state=read_weights(path, entry="state_dict", allowed=_ALLOWED))


def load_depther(
    core: Depther, source: Source, state: Mapping[str, Tensor], domain: Domain, *, size_rule: SizeRule, licence: str
) -> DepthNet:
    """`core` with the tensors of `state`, frozen and in eval mode. Raises InputError where they do not fit."""
    load_strictly(core, state, path=source.path)
    spec = published_spec(
        source.teacher, domain, BENCHMARK_FRAMINGS[domain.name], source.path, licence=licence, taps=("backbone",)
    )
    return DepthNet(core, spec, size_rule=size_rule).eval().requires_grad_(False)


def any_size(height: int, width: int) -> str | None:
    """Any size of 32 pixels and more."""
    return None if min(height, width) >= 32 else "both sides need 32 pixels or more"
