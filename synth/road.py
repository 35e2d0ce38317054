"""Road: a gently bent and hilly line along which a street is laid out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.mesh import Material, Mesh, merged
from synth.shapes import strip

BEHIND_M, AHEAD_M = -14.0, 640.0
STEPS_M = np.unique(
    np.concatenate((np.arange(BEHIND_M, 60.0, 3.0), np.arange(60.0, 260.0, 10.0), np.array((300.0, 400.0, AHEAD_M))))
)


@dataclass(frozen=True, slots=True)
class Road:
    """The line x(s), z(s) over y = s, level and straight ahead at s = 0."""

    bend_per_m: float
    """Curvature where the road bends."""
    bend_from_m: float
    """Where the bend begins."""
    rise_per_m: float
    """Curvature of the hill."""

    def place(
        self, along_m: np.ndarray | float, lateral_m: np.ndarray | float, lift_m: np.ndarray | float = 0.0
    ) -> np.ndarray:
        """(...,3) points beside the line: `lateral_m` to the right, `lift_m` above it."""
        s = np.asarray(along_m, dtype=np.float64)
        heading = self.heading_rad(s)
        x = self._sideways(s) + lateral_m * np.cos(heading)
        y = s - lateral_m * np.sin(heading)
        return np.stack(np.broadcast_arrays(x, y, self._height(s) + lift_m), axis=-1)

    def heading_rad(self, along_m: np.ndarray | float) -> np.ndarray:
        """Direction of the line, clockwise from y."""
        past = np.maximum(np.asarray(along_m, dtype=np.float64) - self.bend_from_m, 0.0)
        return np.arctan(self.bend_per_m * past / (1.0 + 0.004 * past))

    def _sideways(self, s: np.ndarray) -> np.ndarray:
        past = np.maximum(s - self.bend_from_m, 0.0)
        # The integral of the slope in `heading_rad`.
        return self.bend_per_m * (past / 0.004 - np.log1p(0.004 * past) / 0.004**2)

    def _height(self, s: np.ndarray) -> np.ndarray:
        reach_m = 70.0
        return self.rise_per_m * reach_m**2 * (np.sqrt(1.0 + (s / reach_m) ** 2) - 1.0)

    def ribbon(self, from_m: tuple[float, float], to_m: tuple[float, float], material: Material) -> Mesh:
        """Surface between two (lateral, lift) lines, left one first, over the whole length."""
        return self.stretch(from_m, to_m, material, STEPS_M)

    def stretch(
        self, from_m: tuple[float, float], to_m: tuple[float, float], material: Material, steps_m: np.ndarray
    ) -> Mesh:
        """Surface between two (lateral, lift) lines over the given stations."""
        left, right = self.place(steps_m, *from_m), self.place(steps_m, *to_m)
        across_m = float(np.hypot(to_m[0] - from_m[0], to_m[1] - from_m[1]))
        return strip(left, right, np.asarray(steps_m, dtype=np.float32), material, across_m=across_m)

    def markings(self, lateral_m: float, material: Material, *, width_m: float, dash_m: float, gap_m: float) -> Mesh:
        """A painted line; with no gap it is continuous. It lies 1 cm above the road, so that nothing is coplanar."""
        low, high = (lateral_m - width_m / 2, 0.01), (lateral_m + width_m / 2, 0.01)
        if gap_m <= 0.0:
            return self.stretch(low, high, material, STEPS_M[STEPS_M < 200.0])
        starts = np.arange(BEHIND_M, 120.0, dash_m + gap_m)
        return merged([self.stretch(low, high, material, np.array((s, s + dash_m))) for s in starts])


def road_rand(rng: np.random.Generator, *, is_straight: bool) -> Road:
    """Half of the roads are straight; bends have radii above 150 m, hills are gentle."""
    bend = 0.0 if is_straight or rng.random() < 0.4 else rng.choice((-1, 1)) * rng.uniform(0.0008, 0.006)
    return Road(
        bend_per_m=float(bend),
        bend_from_m=float(rng.uniform(-10.0, 60.0)),
        rise_per_m=float(rng.normal(0.0, 0.00025)),
    )
