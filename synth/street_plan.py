"""Street plan: the widths drawn for one street, from side to side."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synth.side import Gap, Side
from synth.street_kinds import STREETS, Street


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Widths drawn for one scene; lateral zero is the middle of the own lane, + is right."""

    lane_m: float
    middle_m: float
    """Lateral place of the line between the two directions."""
    left: Side
    right: Side
    crossing_m: tuple[float, float] | None = None
    """Stations between which side roads meet the street, if any do."""
    has_tram: bool = False

    def lane_middles_m(self) -> np.ndarray:
        """Lateral places of the middles of all lanes; the own one is 0."""
        lanes = self.lane_m * np.arange(-7, 8)
        inside = (lanes > 1.0 - self.left.road_m) & (lanes < self.right.road_m - 1.0)
        return np.asarray(lanes[inside & (np.abs(lanes - self.middle_m) > 0.9)])

    def tram_lanes_m(self) -> list[float]:
        """Lateral places of the lanes beside the middle."""
        lanes = self.lane_middles_m()
        return [float(lane) for lane in lanes if abs(lane - self.middle_m) < 0.75 * self.lane_m]

    def mirrored(self) -> Plan:
        """The same street where people drive on the left."""
        return replace(
            self, middle_m=-self.middle_m, left=replace(self.right, sign=-1), right=replace(self.left, sign=1)
        )

    def comes(self, lateral_m: float) -> bool:
        """Whether the traffic at this lateral place comes towards the camera."""
        return (lateral_m < self.middle_m) == (self.middle_m < 0.0)


def street_plan_rand(rng: np.random.Generator) -> tuple[str, Street, Plan]:
    """A kind of street, by name, and its widths. One in twelve is in a country that drives on the left."""
    name = str(rng.choice(list(STREETS), p=[street.share for street in STREETS.values()]))
    street = STREETS[name]
    lanes, lane_m = int(rng.integers(street.num_lanes[0], street.num_lanes[1] + 1)), float(rng.uniform(*street.lane_m))
    own = int(rng.integers(lanes))  # counted from the right
    median_m = float(rng.uniform(1.5, 6.0)) if lanes > 1 and street.is_motorway else 0.0
    left_of_own_m = (lanes - own - 0.5) * lane_m
    hard_shoulder_m = 2.2 if street.is_motorway else 0.0
    left = _side_rand(rng, street, -1, left_of_own_m + median_m + lanes * lane_m + 0.3)
    right = _side_rand(rng, street, 1, (own + 0.5) * lane_m + 0.3 + hard_shoulder_m)
    plan = Plan(lane_m=lane_m, middle_m=-left_of_own_m - median_m / 2.0, left=left, right=right)
    plan = replace(plan, has_tram=bool(rng.random() < street.tram))
    plan = plan.mirrored() if rng.random() < 1.0 / 12.0 else plan
    return name, street, _with_side_roads_rand(rng, plan) if rng.random() < street.junction else plan


def _with_side_roads_rand(rng: np.random.Generator, plan: Plan) -> Plan:
    """A crossing, or a road that joins from one side, 9 to 70 m ahead and up to 14 degrees askew."""
    half_m, skew = float(rng.uniform(2.8, 5.5)), float(rng.uniform(-0.25, 0.25))
    nearest_m = 4.0 + half_m + 25.0 * abs(skew)  # its mouth begins ahead of the camera on both sides
    middle_m = float(rng.uniform(nearest_m, 70.0))
    which = float(rng.random())
    sides = {
        side.sign: replace(
            side, gap=Gap(start_m=middle_m - half_m, end_m=middle_m + half_m, skew=skew * side.sign) if leaves else None
        )
        for side, leaves in ((plan.left, which < 0.7), (plan.right, which > 0.3))
    }
    reach_m = half_m + abs(skew) * max(plan.left.kerb_m, plan.right.kerb_m)
    return replace(plan, left=sides[-1], right=sides[1], crossing_m=(middle_m - reach_m, middle_m + reach_m))


def _side_rand(rng: np.random.Generator, street: Street, sign: int, road_m: float) -> Side:
    kerb_m = road_m + (2.1 if rng.random() < street.parking else 0.0)
    sidewalk_m = kerb_m + float(rng.uniform(*street.sidewalk_m))
    lots_m = sidewalk_m + float(rng.uniform(*street.setback_m))
    lift_kerb_m = float(rng.uniform(0.06, 0.16)) if sidewalk_m > kerb_m else 0.0
    slope = rng.normal(0.0, 0.02 if lift_kerb_m else 0.06)
    lift_lots_m = lift_kerb_m + float(slope) * (lots_m - sidewalk_m) - float(rng.uniform(*street.drop_m))
    hill_m = float(rng.normal(0.0, 1.0) + (rng.uniform(0.0, 7.0) if rng.random() < 0.25 else 0.0))
    hill_m = hill_m if street.drop_m[1] == 0.0 else -abs(hill_m)  # the land beside an embankment does not rise to it
    return Side(
        sign=sign,
        road_m=road_m,
        kerb_m=kerb_m,
        sidewalk_m=sidewalk_m,
        lots_m=lots_m,
        lift_kerb_m=lift_kerb_m,
        lift_lots_m=lift_lots_m,
        lift_hill_m=lift_lots_m + hill_m,
    )
