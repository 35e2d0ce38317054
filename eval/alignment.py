"""Alignment: the one number that a prediction may borrow from the ground truth before it is scored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Alignment = Literal["none", "median"]


def no_scale(pred_m: Float[Tensor, " pixels"], true_m: Float[Tensor, " pixels"]) -> float:
    """Factor 1: the prediction is judged in metres as it stands."""
    return 1.0


def median_scale(pred_m: Float[Tensor, " pixels"], true_m: Float[Tensor, " pixels"]) -> float:
    """Factor median(g) / median(p) of one image: what remains is the error of the shape of the scene.

    The prediction must be positive. The result for `c * p` is the result for `p` divided by c.

    Reference: T. Zhou et al., "Unsupervised Learning of Depth and Ego-Motion from Video", 2017,
    section 4.1.
    """
    return float(_median(true_m) / _median(pred_m))


def _median(values: Tensor) -> Tensor:
    """The mean of the two middle values for even counts, as numpy does; `torch.median` takes the lower one."""
    ordered = values.double().sort().values
    count = len(ordered)
    return torch.stack((ordered[(count - 1) // 2], ordered[count // 2])).mean()


ALIGNMENTS: dict[Alignment, Callable[[Tensor, Tensor], float]] = {"none": no_scale, "median": median_scale}
LABELS: dict[Alignment, str] = {"none": "metric", "median": "median-aligned"}
"""How a row is called: an aligned figure must not be taken for a metric one."""
