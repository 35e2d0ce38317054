"""Land: rolling ground seen from above, and what stands on it so far."""

from __future__ import annotations

from functools import partial

import numpy as np

from synth.builder import Builder
from synth.buildings import building_rand
from synth.plots import Plots
from synth.sight import Sight
from synth.site import Maker, sheared
from synth.terrain import Terrain

MARGIN_M = 25.0
"""Things this far outside the picture are made too: their shadows and their tops may reach into it."""
FARTHEST_M = 260.0


class Land:
    """The land with what stands on it so far."""

    def __init__(self, builder: Builder, terrain: Terrain, sight: Sight) -> None:
        self.builder, self.terrain, self.sight, self._plots, self._houses = builder, terrain, sight, Plots(), Plots()
        self._houses.take(np.zeros(2), (12.0, 12.0), 0.0)  # the camera hangs here; nothing high may reach it

    def sees(self, place_m: np.ndarray) -> bool:
        """Whether something at a place, or its shadow, may be in the picture."""
        return self.sight.holds(place_m, MARGIN_M, end_m=FARTHEST_M)

    def put(
        self,
        kind: str,
        maker: Maker,
        place_m: tuple[float, float],
        yaw_rad: float,
        *,
        half_m: tuple[float, float] | None = None,
        sink_m: float = 0.0,
        follows: bool = False,
    ) -> bool:
        """Stand something at (u, v) of the land where it is seen and free; `yaw_rad` is against the grid.

        `half_m` are the half sizes of its plot; `follows` lets it lie on the slope.
        """
        u_m, v_m = place_m
        place = self.terrain.place(u_m, v_m, -sink_m)
        if not self.sees(place) or (kind in ("tree", "building") and self._houses.meets(place, (3.0, 3.0), 0.0)):
            return False
        turn_rad = yaw_rad + self.terrain.turn_rad
        mesh = maker(*self.builder.streams())
        if half_m is None:
            low, high = mesh.bounds_m()
            half_m = float(max(-low[0], high[0])), float(max(-low[1], high[1]))
        if not self._plots.take(place, (half_m[0] + 0.2, half_m[1] + 0.2), turn_rad):
            return False
        step = 0.5 * np.array((-np.sin(yaw_rad), np.cos(yaw_rad)))
        rise = self.terrain.height_m(u_m + step[0], v_m + step[1]) - self.terrain.height_m(u_m - step[0], v_m - step[1])
        self.builder.add(kind, sheared(mesh, float(rise) if follows else 0.0).moved(place, yaw_rad=turn_rad))
        return True

    def put_house(
        self,
        rng: np.random.Generator,
        place_m: tuple[float, float],
        yaw_rad: float,
        *,
        is_town: bool,
        size_m: tuple[float, float] | None = None,
    ) -> None:
        """A house whose foot lies in the slope; `size_m` is its length and depth."""
        u_m, v_m = place_m
        length_m, depth_m = size_m or (float(rng.uniform(10.0, 26.0)), float(rng.uniform(9.0, 14.0)))
        reach_m = float(np.hypot(length_m, depth_m)) / 2
        ring = self.terrain.height_m(u_m + reach_m * np.cos(np.arange(8)), v_m + reach_m * np.sin(np.arange(8)))
        house = partial(building_rand, length_m=length_m, depth_m=depth_m, is_town=is_town)
        sink_m = float(self.terrain.height_m(u_m, v_m) - ring.min()) + 0.1
        self.put("building", house, place_m, yaw_rad, half_m=(depth_m / 2 + 0.2, length_m / 2 + 0.2), sink_m=sink_m)
