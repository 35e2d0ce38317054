"""Site: puts things on the ground along a road, each on a plot of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from synth.builder import Builder
from synth.mesh import Mesh
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
        mesh = maker(*self.builder.streams())
        middle_m = np.asarray(place_m, dtype=np.float64)[:2]
        if half_m is None:
            low, high = mesh.bounds_m()
            cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
            x, y = (low + high)[:2] / 2.0
            middle_m = middle_m + (cos * x - sin * y, sin * x + cos * y)
            half_m = (float(high[0] - low[0]) / 2.0, float(high[1] - low[1]) / 2.0)
        if not self.plots.take(middle_m, (half_m[0] + margin_m, half_m[1] + margin_m), yaw_rad):
            return False
        self.builder.add(kind, sheared(mesh, grade).moved(place_m, yaw_rad=yaw_rad))
        return True


def sheared(mesh: Mesh, grade: float) -> Mesh:
    """The mesh with every upright line left upright and its foot on a slope along y."""
    if grade == 0.0:
        return mesh
    positions_m = mesh.positions_m.copy()
    positions_m[:, 2] += np.float32(grade) * positions_m[:, 1]
    return replace(mesh, positions_m=positions_m)
