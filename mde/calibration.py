"""Calibration: the line by which a network's depth was brought to known distances."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """depth' = max(scale * depth + shift_m, least_m), in metres."""

    scale: float
    shift_m: float = 0.0
    least_m: float = 0.0
    """What depth becomes that a shift towards the camera would bring nearer than this; 0 where no shift can."""
    student_sha256: str
    """Digest of the student that was calibrated."""

    def __post_init__(self) -> None:
        if not (0.0 < self.scale < math.inf and math.isfinite(self.shift_m) and 0.0 <= self.least_m < math.inf):
            raise ValueError(f"{self} is no calibration: scale > 0, a finite shift and least depth >= 0 are expected")

    def apply(self, depth_m: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Calibrated depth, in float64."""
        return np.maximum(np.asarray(depth_m, np.float64) * self.scale + self.shift_m, self.least_m)

    def formula(self) -> str:
        """The line in words.

        >>> Calibration(scale=1.25, shift_m=-0.1, least_m=0.001, student_sha256="").formula()
        "depth' = 1.25 * depth - 0.1 m, at least 0.001 m"
        """
        shift = f" {'-' if self.shift_m < 0 else '+'} {abs(self.shift_m):.5g} m" if self.shift_m else ""
        least = f", at least {self.least_m:.5g} m" if self.least_m else ""
        return f"depth' = {self.scale:.5g} * depth{shift}{least}"


def line_calibration(
    scale: float, shift_m: float, depth_range_m: tuple[float, float], *, student_sha256: str
) -> Calibration:
    """The calibration of a student whose depth lies in `depth_range_m`.

    Where a shift towards the camera would leave the near end of the range at no positive depth, depth ends at the near
    end as it was. Raises ValueError where nothing of the range stays in front of the camera.
    """
    low_m, high_m = depth_range_m
    least_m = low_m if scale * low_m + shift_m <= 0.0 else 0.0
    if scale * high_m + shift_m <= least_m:
        raise ValueError(f"a shift of {shift_m:.5g} m leaves nothing of {low_m:g} to {high_m:g} m before the camera")
    return Calibration(scale=scale, shift_m=shift_m, least_m=least_m, student_sha256=student_sha256)
