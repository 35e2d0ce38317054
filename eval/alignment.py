"""Alignment: what a prediction may borrow from the ground truth of its image before it is scored.

Legend: p predicted, g true depth of the valid pixels of one image, where p is finite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from mde.errors import InputError
from mde.nets.net import Kind

Alignment = Literal["none", "median", "least_squares", "least_squares_inverse"]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What an alignment found for one image: scale * p + shift is depth, or scale / p + shift is inverse depth."""

    scale: float = 1.0
    shift: float = 0.0
    """In metres, or in 1/metres."""
    is_inverse: bool = False

    def apply(self, pred: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Aligned depth, not yet clamped: infinite where inverse depth is not positive; NaN stays NaN."""
        if not self.is_inverse:
            return pred * self.scale + self.shift
        return 1.0 / (self.scale / pred + self.shift).clamp_min(0.0)

    def __str__(self) -> str:
        """What was done, for a caption; nothing where nothing was.

        >>> str(Fit(scale=2.0)), str(Fit(scale=0.5, shift=-1.0)), str(Fit())
        ('scaled by 2', '0.5 × depth - 1 m', '')
        """
        if self == AS_IT_STANDS:
            return ""
        if self.is_inverse:
            return f"1 / ({self.scale:.3g} / depth {self._added()})"
        return f"scaled by {self.scale:.3g}" if self.shift == 0.0 else f"{self.scale:.3g} × depth {self._added()} m"

    def _added(self) -> str:
        return f"{'-' if self.shift < 0.0 else '+'} {abs(self.shift):.3g}"


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


def least_squares_fit(pred: Float[Tensor, " pixels"], true_m: Float[Tensor, " pixels"]) -> Fit:
    """Scale s and shift t that minimise the sum of (s p + t - g)^2 over the pixels of one image.

    s = cov(p, g) / var(p), t = mean(g) - s mean(p), in float64. Two pixels are met exactly. Where all p are equal, and
    for a single pixel, s = 0 and t = mean(g), which is the minimum too; finite nowhere, p is left as it stands. A
    prediction that runs against the truth gets s < 0.

    Reference: B. Ke et al., "Repurposing Diffusion-Based Image Generators for Monocular Depth Estimation" (Marigold),
    2024, section 4.1: predictions of affine-invariant depth are aligned so before the metrics.
    """
    known = pred.isfinite()
    if not known.any():
        return AS_IT_STANDS
    scale, shift = _line(pred[known].double(), true_m[known].double())
    return Fit(scale=scale, shift=shift)


def least_squares_inverse_fit(pred: Float[Tensor, " pixels"], true_m: Float[Tensor, " pixels"]) -> Fit:
    """Scale s and shift t that minimise the sum of (s / p + t - 1 / g)^2: what relative depth leaves open.

    As `least_squares_fit` with 1/p for p and 1/g for g; a p of 0 has no inverse and is left out. Where s / p + t is not
    positive the depth is infinite, which the clamp makes the cap.

    Reference: R. Ranftl et al., "Towards Robust Monocular Depth Estimation" (MiDaS), 2020, equations 3 and 4. Differs:
    all valid pixels of the protocol count, of what cap they may have.
    """
    inverse = 1.0 / pred.double()
    known = inverse.isfinite()
    if not known.any():
        return AS_IT_STANDS
    scale, shift = _line(inverse[known], 1.0 / true_m[known].double())
    return Fit(scale=scale, shift=shift, is_inverse=True)


def _line(values: Tensor, targets: Tensor) -> tuple[float, float]:
    """Slope and intercept of the least-squares line; a level one where all values are equal."""
    centre = targets.mean()
    if values.min() == values.max():
        return 0.0, float(centre)
    offsets = values - values.mean()
    slope = (offsets * (targets - centre)).sum() / offsets.square().sum()
    return float(slope), float(centre - slope * values.mean())


def _median(values: Tensor) -> Tensor:
    """The mean of the two middle values for even counts, as numpy does; `torch.median` takes the lower one."""
    ordered = values.double().sort().values
    count = len(ordered)
    return torch.stack((ordered[(count - 1) // 2], ordered[count // 2])).mean()


ALIGNMENTS: dict[Alignment, Callable[[Tensor, Tensor], Fit]] = {
    "none": no_fit,
    "median": median_fit,
    "least_squares": least_squares_fit,
    "least_squares_inverse": least_squares_inverse_fit,
}
LABELS: dict[Alignment, str] = {
    "none": "metric",
    "median": "median-aligned",
    "least_squares": "scale-and-shift-aligned",
    "least_squares_inverse": "aligned in inverse depth",
}
"""How a row is called: an aligned figure must not be taken for a metric one."""
SUITABLE: dict[Kind, tuple[Alignment, ...]] = {
    "metric": ("none", "median", "least_squares", "least_squares_inverse"),
    "disparity": ("median", "least_squares_inverse"),
    "relative": ("least_squares_inverse",),
}
"""What takes away all that a network of a kind does not know; under another alignment its figures mean nothing."""


def check_kind(kind: Kind, alignments: Iterable[Alignment], *, net: str) -> None:
    """Raise InputError for a network whose kind of depth one of the alignments cannot judge."""
    for alignment in alignments:
        if alignment not in SUITABLE[kind]:
            ways = " or ".join(f"--alignment {name}" for name in SUITABLE[kind])
            raise InputError(f"{net} answers {kind} depth, which alignment {alignment} cannot judge; choose {ways}")
