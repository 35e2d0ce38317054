"""Side: one side of a street, from the end of the lanes to the land behind the houses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SKEW_END_M = 60.0
"""Side roads that leave at an angle go straight away from here on, so that they never run back behind the camera."""
HILL_M, LAND_M = 30.0, 320.0
"""Where the slope behind the lots ends, and where the ground ends; from the lots outwards."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Where a side road leaves a side: between two lines across, straight in (along, lateral)."""

    start_m: float
    end_m: float
    skew: float
    """Metres along per metre outwards."""

    def edges_m(self, lateral_m: float) -> tuple[float, float]:
        """Stations of both edges, `lateral_m` outwards."""
        shift_m = self.skew * min(lateral_m, SKEW_END_M)
        return self.start_m + shift_m, self.end_m + shift_m


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One side of the road; distances go outwards from the middle of the own lane, heights up from the road."""

    sign: int
    """-1 left, +1 right."""
    road_m: float
    """End of the lanes."""
    kerb_m: float
    """End of the parking strip."""
    sidewalk_m: float
    """End of the sidewalk."""
    lots_m: float
    """Where houses or woods may begin."""
    lift_kerb_m: float
    """Height of the sidewalk; zero where there is none."""
    lift_lots_m: float
    lift_hill_m: float
    """Height of the ground 30 m behind `lots_m`."""
    gap: Gap | None = None
    """The side road, if one leaves here."""

    def is_clear(self, along_m: float, lateral_m: float, margin_m: float) -> bool:
        """Whether a place is at least `margin_m` away from the side road."""
        if self.gap is None:
            return True
        start_m, end_m = self.gap.edges_m(lateral_m)
        return not start_m - margin_m < along_m < end_m + margin_m

    def ground_m(self, lateral_m: float) -> float:
        """Height of the ground `lateral_m` outwards."""
        places = (self.sidewalk_m, max(self.lots_m, self.sidewalk_m + 1e-3), self.lots_m + HILL_M)
        return float(np.interp(lateral_m, places, (self.lift_kerb_m, self.lift_lots_m, self.lift_hill_m)))
