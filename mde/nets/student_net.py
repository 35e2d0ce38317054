"""A student's network as training sees it, whoever wrote it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from mde.bins import Bins
from mde.nets.output import Output


class Student(nn.Module):
    """Maps image (B,3,H,W), RGB in [0,1], to an `Output` whose depth lies inside `depth_range_m`, at the image's size.

    `dpm_logits`, where a student has a depth probability map, are over `bins` at a size of its own. A student that
    normalises does so inside. One whose `backbone` is a module of published weights can begin from them
    (`mde.nets.backbone_weights`).
    """

    def __init__(self, bins: Bins, depth_range_m: tuple[float, float]) -> None:
        super().__init__()
        self.bins = bins
        self.depth_range_m = depth_range_m

    @abstractmethod
    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth in metres of RGB in [0,1]."""


class PyramidStudent(Student):
    """A student in two halves: a backbone that answers maps, from fine to coarse, and what decodes depth from them.

    Feature distillation (`distill.acclimation`) needs the halves: it gives the decoder maps of another network.
    """

    @abstractmethod
    def features(self, image: Float[Tensor, "batch 3 height width"]) -> list[Tensor]:
        """Maps of the backbone, (B,C,h,w) each, from fine to coarse."""

    @abstractmethod
    def decode(self, features: Sequence[Tensor], image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth from such maps, at the size of `image`, which it does not see otherwise; they are in the answer."""

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth in metres inside the range, with the logits of the DPM and the maps of the backbone."""
        return self.decode(self.features(image), image)
