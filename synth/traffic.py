"""Traffic: moving vehicles on the lanes, and people who cross."""

from __future__ import annotations

from functools import partial

import numpy as np

from synth.lorries import bus_rand, lorry_rand, tram_rand
from synth.motorcycles import motorcycle_rand
from synth.people import person_rand
from synth.roadside import BARRIER_M, BESIDE
from synth.site import Maker, Site
from synth.street import guard_rail
from synth.street_kinds import Street
from synth.street_plan import Plan
from synth.vehicles import car_rand

END_M = 130.0
SHARES: dict[str, dict[str, float]] = {
    "car": {"streets": 0.84, "motorway": 0.76},
    "lorry": {"streets": 0.06, "motorway": 0.2},
    "bus": {"streets": 0.05, "motorway": 0.03},
    "motorcycle": {"streets": 0.05, "motorway": 0.01},
}
MAKERS = {"car": car_rand, "lorry": lorry_rand, "bus": bus_rand, "motorcycle": motorcycle_rand, "tram": tram_rand}
ROOM_M = {"car": 9.0, "lorry": 17.0, "bus": 15.0, "motorcycle": 6.0, "tram": 28.0}
"""From the middle of one vehicle to the next, at least."""
CLOSEST_M = {"car": 6.0, "lorry": 17.0, "bus": 14.0, "motorcycle": 6.0, "tram": 26.0}
"""From the camera to the middle of the first vehicle of a lane."""


def vehicle_kind_rand(rng: np.random.Generator, street: Street) -> str:
    """Which kind of vehicle comes next."""
    column = "motorway" if street.is_motorway else "streets"
    return str(rng.choice(list(SHARES), p=[share[column] for share in SHARES.values()]))


def vehicle(kind: str, site: Site) -> Maker:
    """The maker of a moving vehicle; its lamps are on in the dark and in fog."""
    return partial(MAKERS[kind], is_lit=site.weather.is_dark or site.weather.is_foggy)


def add_traffic(site: Site, rng: np.random.Generator, plan: Plan, street: Street) -> None:
    """Fill every lane; in the own one the next vehicle is at least 6 m ahead."""
    for lateral_m in plan.lane_middles_m():
        along_m = float(rng.uniform(6.0, 45.0) if lateral_m == 0.0 else rng.uniform(-2.0, 30.0))
        is_tram_lane = plan.has_tram and float(lateral_m) in plan.tram_lanes_m()
        _fill_lane(site, rng, plan, street, along_m, float(lateral_m), is_tram_lane=is_tram_lane)
    if plan.right.lift_kerb_m > 0.0 and not street.is_tunnel:
        for along_m in rng.uniform(7.0, 35.0, rng.poisson(0.25)):
            place = site.road.place(along_m, rng.uniform(-plan.left.road_m, plan.right.road_m))
            site.put("person", person_rand, place, float(rng.uniform(0.0, 2 * np.pi)))
    if street.is_motorway:
        for along_m in np.arange(-6.0, END_M, BARRIER_M):
            yaw_rad, grade = -float(site.road.heading_rad(along_m)), site.road.grade_at(float(along_m))
            rail = partial(guard_rail, length_m=BARRIER_M)
            site.put("barrier", rail, site.road.place(along_m, plan.middle_m), yaw_rad, grade=grade, margin_m=-0.05)


def _fill_lane(
    site: Site,
    rng: np.random.Generator,
    plan: Plan,
    street: Street,
    along_m: float,
    lateral_m: float,
    *,
    is_tram_lane: bool,
) -> None:
    gap_m = 100.0 / max(float(rng.uniform(*street.cars_per_100m)), 0.1)  # below one per kilometre the lane is empty
    comes = plan.comes(lateral_m)
    beside_m = 8.0 if lateral_m != 0.0 and rng.random() < BESIDE else 0.0
    while along_m < END_M:
        kind = "tram" if is_tram_lane and rng.random() < 0.2 else vehicle_kind_rand(rng, street)
        along_m = max(along_m, CLOSEST_M[kind] - beside_m)
        swerve = 0.0 if kind == "tram" else float(rng.normal(0.0, 1.0))
        heading_rad, grade = float(site.road.heading_rad(along_m)), site.road.grade_at(along_m)
        yaw_rad = -heading_rad + (np.pi if comes else 0.0) + 0.02 * swerve
        place = site.road.place(along_m, lateral_m + 0.2 * swerve)
        site.put(kind, vehicle(kind, site), place, yaw_rad, grade=-grade if comes else grade)
        along_m += ROOM_M[kind] + float(rng.exponential(gap_m))
