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
from synth.sight import Sight
from synth.weather import Weather

Maker = Callable[[np.random.Generator, Paint], Mesh]

SLIGHT = frozenset({"lamp", "pole", "wire", "sign", "bollard"})
"""What is thinner than a pixel of a preview."""
REACH_M = {
    "building": 16.0,
    "tree": 9.0,
    "tram": 14.0,
    "lorry": 8.0,
    "bus": 8.0,
    "barrier": 7.0,
    "fence": 8.0,
    "wall": 5.0,
}
"""From the foot of a thing to its farthest end, at most; 3 m for the others."""
END_M = {
    "person": 35.0,
    "bush": 60.0,
    "furniture": 40.0,
    "motorcycle": 40.0,
    "barrier": 60.0,
    "fence": 70.0,
    "car": 90.0,
}
"""Where a thing becomes smaller than a pixel of a preview."""

SMALL, FAR_M = frozenset({"car", "motorcycle", "person"}), 80.0
"""What is made as for a preview so far ahead, since its wheels and lamps are a pixel or two there."""
HALF_M = {
    "car": (1.0, 2.3),
    "lorry": (1.3, 4.5),
    "bus": (1.3, 5.4),
    "tram": (1.3, 12.0),
    "motorcycle": (0.4, 1.0),
    "barrier": (0.1, 6.0),
    "fence": (0.2, 5.0),
    "wall": (0.15, 3.0),
    "parapet": (0.15, 5.0),
    "person": (0.3, 0.4),
}
"""About half the size of what a preview leaves out, so that it stands in the way of the same things."""


class Site:
    """A road with what stands on it so far."""

    def __init__(self, builder: Builder, road: Road, weather: Weather, sight: Sight) -> None:
        self.builder, self.road, self.weather, self._sight = builder, road, weather, sight
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
        if half_m is not None and not self._take(place_m, half_m, margin_m, yaw_rad):
            self.builder.skip()
            return False
        if self.builder.is_coarse and not self._shows(kind, place_m):
            is_free = half_m is not None or self._take(place_m, HALF_M.get(kind, (0.5, 0.5)), margin_m, yaw_rad)
            (self.builder.omit(kind) if is_free else self.builder.skip())
            return is_free
        rng, paint = self.builder.streams()
        if kind in SMALL and place_m[1] > FAR_M:
            paint = paint.coarse()
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

    def _shows(self, kind: str, place_m: Vector) -> bool:
        """Whether a preview, which has no shadows, may show a thing at this place."""
        return kind not in SLIGHT and self._sight.holds(place_m, REACH_M.get(kind, 3.0), end_m=END_M.get(kind, 240.0))

    def _take(self, middle_m: Vector, half_m: tuple[float, float], margin_m: float, yaw_rad: float) -> bool:
        return self.plots.take(middle_m, (half_m[0] + margin_m, half_m[1] + margin_m), yaw_rad)


def sheared(mesh: Mesh, grade: float) -> Mesh:
    """The mesh with every upright line left upright and its foot on a slope along y."""
    if grade == 0.0:
        return mesh
    positions_m = mesh.positions_m.copy()
    positions_m[:, 2] += np.float32(grade) * positions_m[:, 1]
    return replace(mesh, positions_m=positions_m)
