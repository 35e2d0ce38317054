"""Unit: whether ground truth was read with the scale with which it was stored, as far as its numbers tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from jaxtyping import Float
from torch import Tensor

from eval.frame import Frame
from mde.domain import DomainName

USUAL_MEDIAN_M: dict[DomainName, tuple[float, float]] = {
    "indoor": (0.5, 8.0),
    "driving": (3.0, 50.0),
    "warehouse": (1.0, 16.0),
    "drone": (8.0, 160.0),
}
"""Between which numbers the median of what was measured lies in sets of a domain; wide on purpose."""
SCALES = (1.0, 10.0, 100.0, 256.0, 1000.0, 5000.0, 10000.0)
"""Units per metre in use: metres to a tenth of a millimetre, KITTI and TUM RGB-D."""
LEAST_FACTOR = 2.0
"""A network may well be wrong by less."""
NEAR_FACTOR = 1.2
"""How far from a ratio of two scales the predictions may lie to suggest it."""
STEP = 7
"""Every seventh value is enough for a median."""


@dataclass
class UnitEvidence:
    """Medians of what was measured and of what was predicted, frame by frame."""

    true_m: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    """Predicted by measured depth."""
    units_per_metre: float | None = None
    """With which the frames were read."""

    def add_frame(self, frame: Frame) -> None:
        """Count a frame, whether it can be scored or not."""
        if frame.depth_m is None:
            return
        sampled = frame.depth_m.flatten()[::STEP]
        measured = sampled[sampled > 0]
        if len(measured):
            self.true_m.append(float(measured.median()))
            self.units_per_metre = frame.depth_units_per_metre

    def add_prediction(self, pred_m: Float[Tensor, " pixels"], true_m: Float[Tensor, " pixels"]) -> None:
        """Count what a metric network answered at the valid pixels of a frame."""
        self.ratios.append(float(pred_m[::STEP].median() / true_m[::STEP].median()))

    def doubt(self, domain: DomainName) -> str | None:
        """One sentence with the scale that is likely, or None where the numbers look like metres."""
        if not self.true_m:
            return None
        typical_m = median(self.true_m)
        ratio = median(self.ratios) if self.ratios else None
        fitting = _fitting(self.units_per_metre or 1.0, typical_m, domain)
        low_m, high_m = USUAL_MEDIAN_M[domain]
        read = "" if self.units_per_metre is None else f", read as {self.units_per_metre:g} units per metre"
        if not low_m <= typical_m <= high_m:
            usual = f"{domain} scenes have {low_m:g} to {high_m:g} m"
            advice = _advice(_ordered(fitting, ratio))
            return f"the ground truth has a median of {typical_m:.3g} m{read}; {usual}: {advice}"
        near = [scale for scale, factor in fitting.items() if ratio and _apart(factor, ratio) < math.log(NEAR_FACTOR)]
        if not near or ratio is None:
            return None
        said = f"predictions are {ratio:.3g} times the ground truth{read}"
        return f"{said}, which is what a wrong scale looks like: {_advice(near)}"


def _fitting(units_per_metre: float, typical_m: float, domain: DomainName) -> dict[float, float]:
    """Other scales that would bring the median to where it usually lies, with the factor that depth would get."""
    low_m, high_m = USUAL_MEDIAN_M[domain]
    factors = {scale: units_per_metre / scale for scale in SCALES}
    return {
        scale: factor
        for scale, factor in factors.items()
        if _apart(factor, 1.0) > math.log(LEAST_FACTOR) and low_m <= factor * typical_m <= high_m
    }


def _ordered(fitting: dict[float, float], ratio: float | None) -> list[float]:
    """The scale first that the predictions speak for."""
    return sorted(fitting, key=lambda scale: 0.0 if ratio is None else _apart(fitting[scale], ratio))


def _apart(factor: float, other: float) -> float:
    return abs(math.log(factor / other))


def _advice(scales: Sequence[float]) -> str:
    if not scales:
        return "no usual scale explains that; check what the files hold"
    return f"check the unit of the depth files, it may be {' or '.join(f'{scale:g}' for scale in scales)} per metre"
