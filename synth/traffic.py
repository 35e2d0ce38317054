"""Traffic: moving vehicles on the lanes, and people who cross."""

from __future__ import annotations

import numpy as np

from synth.builder import Builder
from synth.people import person_rand
from synth.road import Road
from synth.roadside import BARRIER_M
from synth.street import guard_rail
from synth.street_plan import Plan, Street
from synth.vehicles import car_rand, lorry_rand

END_M = 130.0


def add_traffic(builder: Builder, rng: np.random.Generator, road: Road, plan: Plan, street: Street) -> None:
    """Fill every lane; in the own one the next vehicle is at least 6 m ahead."""
    for lateral_m in plan.lane_middles_m():
        # Whoever drives on the other side of the middle comes towards us.
        comes = (lateral_m < plan.middle_m) == (plan.middle_m < 0.0)
        along_m = float(rng.uniform(6.0, 45.0) if lateral_m == 0.0 else rng.uniform(-2.0, 30.0))
        _fill_lane(builder, rng, road, street, along_m, float(lateral_m), comes=bool(comes))
    if plan.right.lift_kerb_m > 0.0:
        for along_m in rng.uniform(7.0, 35.0, rng.poisson(0.25)):
            place = road.place(along_m, rng.uniform(-plan.left.road_m, plan.right.road_m))
            builder.make("person", person_rand, place, yaw_rad=float(rng.uniform(0.0, 2 * np.pi)))
    if street.is_motorway:
        for along_m in np.arange(-6.0, END_M, BARRIER_M):
            heading_rad = float(road.heading_rad(along_m))
            place = road.place(along_m, plan.middle_m)
            builder.make("barrier", lambda _, paint: guard_rail(paint, BARRIER_M), place, yaw_rad=-heading_rad)


def _fill_lane(
    builder: Builder,
    rng: np.random.Generator,
    road: Road,
    street: Street,
    along_m: float,
    lateral_m: float,
    *,
    comes: bool,
) -> None:
    gap_m = 100.0 / max(float(rng.uniform(*street.cars_per_100m)), 0.1)  # below one per kilometre the lane is empty
    while along_m < END_M:
        is_large = rng.random() < (0.22 if street.is_motorway else 0.05)
        if is_large and along_m < 12.0:
            along_m += 8.0
        kind, maker = ("lorry", lorry_rand) if is_large else ("car", car_rand)
        turn_rad = float(-road.heading_rad(along_m)) + (np.pi if comes else 0.0) + float(rng.normal(0.0, 0.02))
        builder.make(kind, maker, road.place(along_m, lateral_m + rng.normal(0.0, 0.2)), yaw_rad=turn_rad)
        along_m += 9.0 + (6.0 if is_large else 0.0) + float(rng.exponential(gap_m))
