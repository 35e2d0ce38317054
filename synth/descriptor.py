"""Descriptor: a preview as four numbers, in the order of what they mean to a depth network.

A choice of n covers d independent properties with n^(1/d) levels each: 600 pictures are 24 levels of two, 8 of three
and 2 of ten. In many columns all candidates lie equally far apart, and no choice is nearer than chance. So the numbers
are few, and each counts a fifth as far as the one before: the first is covered finely, the last in its extremes alone.
None changes when the picture is mirrored, as training does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.preview import Preview

NUMBERS = ("scale", "clutter", "relief", "contrast")
"""Layout of depth, composition, layout again, appearance; `describe` says what they are."""
STEP = 0.2
"""How far one deviation of a number counts beside one of the number before; picked on a pool that no figure is of."""


def describe(preview: Preview) -> np.ndarray:
    """(4,) float32, the NUMBERS, not yet scaled.

    scale: logarithm of the median depth in metres, the one number that tells most of a depth map.
    clutter: logarithm of one plus the number of instances in view.
    relief: logarithm of the ratio of the 90th to the 10th percentile of depth.
    contrast: deviation of the brightness of the evenly exposed picture, in [0,1].
    """
    depth_m = preview.depth_m[preview.depth_m > 0]
    low, middle, high = np.log(np.percentile(depth_m, (10, 50, 90))) if len(depth_m) > 0 else (0.0, 0.0, 0.0)
    num_instances = len(np.unique(preview.ids[preview.ids > 0]))
    contrast = (preview.image.mean(axis=2) / 255.0).std()
    return np.array((middle, np.log1p(num_instances), high - low, contrast), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Scaling:
    """What makes the numbers comparable: fitted on all candidates, then fixed."""

    mean: np.ndarray
    """(4,) float64."""
    factor: np.ndarray
    """(4,) float64."""

    def apply(self, descriptors: np.ndarray) -> np.ndarray:
        """(N,4) descriptors as (N,4) float32 points, whose deviations are 1, STEP, STEP^2, STEP^3."""
        return np.ascontiguousarray((descriptors - self.mean) * self.factor, dtype=np.float32)


def fit_scaling(descriptors: np.ndarray) -> Scaling:
    """The scaling of a set of candidates. A number that is the same everywhere stays 0."""
    deviation = descriptors.std(axis=0, dtype=np.float64)
    weights = STEP ** np.arange(len(NUMBERS))
    factor = np.divide(weights, deviation, out=np.zeros(len(NUMBERS)), where=deviation > 1e-6)  # rounding is no spread
    return Scaling(descriptors.mean(axis=0, dtype=np.float64), factor)
