"""Street plan: kinds of roads, and the widths drawn for one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True)
class Street:
    """What one kind of road looks like from side to side; ranges are drawn from."""

    share: float
    """How often this kind is drawn."""
    num_lanes: tuple[int, int]
    """Lanes in the own direction; the other direction has as many."""
    lane_m: tuple[float, float]
    parking: float = 0.0
    """Chance of a parking strip on each side."""
    sidewalk_m: tuple[float, float] = (0.0, 0.0)
    """Width; zero means a verge of grass from the edge of the road."""
    setback_m: tuple[float, float] = (2.0, 8.0)
    """From the sidewalk to the buildings or the wood."""
    buildings: float = 0.0
    """Chance that a lot is built on."""
    is_town: bool = False
    """High houses in closed rows, shops, trees along the kerb."""
    trees_per_100m: tuple[float, float] = (2.0, 8.0)
    cars_per_100m: tuple[float, float] = (0.5, 3.0)
    """On each lane."""
    people: tuple[int, int] = (0, 3)
    """On each side."""
    barrier: float = 0.0
    """Chance of a crash barrier; above one half it is a motorway with a median strip."""
    boundary: float = 0.5
    """Chance of a fence or hedge behind the sidewalk."""

    @property
    def is_motorway(self) -> bool:
        """Whether a median strip parts the directions."""
        return self.barrier > 0.5


STREETS: dict[str, Street] = {
    "residential": Street(
        share=0.36,
        num_lanes=(1, 1),
        lane_m=(2.6, 3.3),
        parking=0.65,
        sidewalk_m=(1.2, 2.6),
        setback_m=(3.0, 10.0),
        buildings=0.85,
        people=(0, 4),
        boundary=0.7,
    ),
    "town": Street(
        share=0.22,
        num_lanes=(1, 2),
        lane_m=(2.9, 3.6),
        parking=0.5,
        sidewalk_m=(2.0, 4.5),
        setback_m=(0.0, 3.0),
        buildings=0.92,
        is_town=True,
        trees_per_100m=(0.0, 6.0),
        cars_per_100m=(1.0, 4.0),
        people=(1, 9),
        boundary=0.1,
    ),
    "country": Street(
        share=0.26,
        num_lanes=(1, 1),
        lane_m=(2.7, 3.6),
        setback_m=(3.0, 16.0),
        buildings=0.12,
        trees_per_100m=(4.0, 16.0),
        cars_per_100m=(0.2, 1.6),
        people=(0, 1),
        barrier=0.3,
        boundary=0.25,
    ),
    "motorway": Street(
        share=0.16,
        num_lanes=(2, 3),
        lane_m=(3.3, 3.75),
        setback_m=(4.0, 14.0),
        buildings=0.06,
        trees_per_100m=(5.0, 18.0),
        cars_per_100m=(0.8, 3.0),
        people=(0, 0),
        barrier=0.9,
        boundary=0.2,
    ),
}


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

    def ground_m(self, lateral_m: float) -> float:
        """Height of the ground `lateral_m` outwards."""
        places = (self.sidewalk_m, max(self.lots_m, self.sidewalk_m + 1e-3), self.lots_m + 30.0)
        return float(np.interp(lateral_m, places, (self.lift_kerb_m, self.lift_lots_m, self.lift_hill_m)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Widths drawn for one scene; lateral zero is the middle of the own lane, + is right."""

    lane_m: float
    middle_m: float
    """Lateral place of the line between the two directions."""
    left: Side
    right: Side

    def lane_middles_m(self) -> np.ndarray:
        """Lateral places of the middles of all lanes; the own one is 0."""
        lanes = self.lane_m * np.arange(-7, 8)
        inside = (lanes > 1.0 - self.left.road_m) & (lanes < self.right.road_m - 1.0)
        return np.asarray(lanes[inside & (np.abs(lanes - self.middle_m) > 0.9)])

    def mirrored(self) -> Plan:
        """The same street where people drive on the left."""
        return replace(
            self, middle_m=-self.middle_m, left=replace(self.right, sign=-1), right=replace(self.left, sign=1)
        )


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
    return name, street, plan.mirrored() if rng.random() < 1.0 / 12.0 else plan


def _side_rand(rng: np.random.Generator, street: Street, sign: int, road_m: float) -> Side:
    kerb_m = road_m + (2.1 if rng.random() < street.parking else 0.0)
    sidewalk_m = kerb_m + float(rng.uniform(*street.sidewalk_m))
    lots_m = sidewalk_m + float(rng.uniform(*street.setback_m))
    lift_kerb_m = float(rng.uniform(0.06, 0.16)) if sidewalk_m > kerb_m else 0.0
    slope = rng.normal(0.0, 0.02 if lift_kerb_m else 0.06)
    lift_lots_m = lift_kerb_m + float(slope) * (lots_m - sidewalk_m)
    hill_m = float(rng.normal(0.0, 1.0) + (rng.uniform(0.0, 7.0) if rng.random() < 0.25 else 0.0))
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
