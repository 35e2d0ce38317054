"""Alignment: what a prediction may borrow from the ground truth of its image before it is scored.

Legend: p predicted, g true depth of the valid pixels of one image, where p is finite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Alignment = Literal["none", "median"]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What an alignment found for one image: depth = scale * p + shift."""

    scale: float = 1.0
    shift: float = 0.0

    def apply(self, pred: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """The aligned depth of a prediction, not yet clamped; NaN stays NaN."""
        return pred * self.scale + self.shift


AS_IT_STANDS = Fit()


def no_fit(pred: Float[Tensor, " pixels"], true_m: Float[Tensor, " pixels"]) -> Fit:
    """Scale 1: the prediction is judged in metres as it stands."""
    return AS_IT_STANDS


def median_fit(pred: Float[Tensor, " pixels"], true_m: Float[Tensor, " pixels"]) -> Fit:
    """Scale median(g) / median(p) of one image: what remains is the error of the shape of the scene.

    The result for `c * p` is the result for `p` divided by c. A prediction whose median is not positive, or that is
    finite nowhere, has no such factor and is left as it stands.

    Reference: T. Zhou et al., "Unsupervised Learning of Depth and Ego-Motion from Video", 2017,
    section 4.1.
    """
    known = pred.isfinite()
    if not known.any():
        return AS_IT_STANDS
    middle = _median(pred[known])
    return Fit(scale=float(_median(true_m[known]) / middle)) if middle > 0.0 else AS_IT_STANDS


def _median(values: Tensor) -> Tensor:
    """The mean of the two middle values for even counts, as numpy does; `torch.median` takes the lower one."""
    ordered = values.double().sort().values
    count = len(ordered)
    return torch.stack((ordered[(count - 1) // 2], ordered[count // 2])).mean()


ALIGNMENTS: dict[Alignment, Callable[[Tensor, Tensor], Fit]] = {"none": no_fit, "median": median_fit}
LABELS: dict[Alignment, str] = {"none": "metric", "median": "median-aligned"}
"""How a row is called: an aligned figure must not be taken for a metric one."""
