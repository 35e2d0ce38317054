"""Site: puts things on the ground along a road, each on a plot of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from synth.builder import Builder
from synth.mesh import Mesh, Vector
from synth.paint import Paint
from synth.plots import Plots
from synth.road import Road
from synth.weather import Weather

Maker = Callable[[np.random.Generator, Paint], Mesh]


class Site:
    """A road with what stands on it so far."""

    def __init__(self, builder: Builder, road: Road, weather: Weather) -> None:
        self.builder, self.road, self.weather = builder, road, weather
        self.plots = Plots()
        self.lamps_m: list[np.ndarray] = []
        """Where the heads of street lamps are."""

    def put(
        self,
        kind: str,
        maker: Maker,
        place_m: np.ndarray,
        yaw_rad: float,
        *,
        grade: float = 0.0,
        half_m: tuple[float, float] | None = None,
        margin_m: float = 0.1,
    ) -> bool:
        """Make a thing and stand it at `place_m`; False, and nothing is added, where the ground is taken.

        `grade` is the rise along the thing's own +y, which it follows. `half_m` are the half sizes of its plot
        (x, y) around its foot, such as a tree's stem; without it the plot is the thing's own outline.
        """
        rng, paint = self.builder.streams()
        if half_m is not None and not self._take(place_m, half_m, margin_m, yaw_rad):
            return False
        mesh = maker(rng, paint)
        if half_m is None:
            low, high = (corner.tolist() for corner in mesh.bounds_m())
            cos, sin = math.cos(yaw_rad), math.sin(yaw_rad)
            x, y = (low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0
            middle_m = place_m[0] + cos * x - sin * y, place_m[1] + sin * x + cos * y
            if not self._take(middle_m, ((high[0] - low[0]) / 2.0, (high[1] - low[1]) / 2.0), margin_m, yaw_rad):
                return False
        self.builder.add(kind, sheared(mesh, grade).moved(place_m, yaw_rad=yaw_rad))
        return True

    def _take(self, middle_m: Vector, half_m: tuple[float, float], margin_m: float, yaw_rad: float) -> bool:
        return self.plots.take(middle_m, (half_m[0] + margin_m, half_m[1] + margin_m), yaw_rad)


def sheared(mesh: Mesh, grade: float) -> Mesh:
    """The mesh with every upright line left upright and its foot on a slope along y."""
    if grade == 0.0:
        return mesh
    positions_m = mesh.positions_m.copy()
    positions_m[:, 2] += np.float32(grade) * positions_m[:, 1]
    return replace(mesh, positions_m=positions_m)
