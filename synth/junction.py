"""Junction: what stands and moves where side roads meet the street."""

from __future__ import annotations

from functools import partial

import numpy as np

from synth.buildings import building_rand
from synth.mesh import Material, Mesh, merged
from synth.paint import Paint
from synth.people import person_rand
from synth.plants import tree_rand
from synth.shapes import strip
from synth.side import Side
from synth.signals import sign_rand, traffic_light_rand
from synth.site import Maker, Site
from synth.street_kinds import Street
from synth.street_plan import Plan
from synth.traffic import vehicle, vehicle_kind_rand

STOP_M, ZEBRA_M = 0.4, 3.0
"""Width of a stop line, and of a zebra crossing along the road."""


def fill_junction(site: Site, rng: np.random.Generator, plan: Plan, street: Street) -> None:
    """Stop lines, crossings for people, lights or signs, and the traffic and houses of the side roads."""
    if plan.crossing_m is None:
        return
    has_lights = bool(rng.random() < (0.6 if street.is_town else 0.15))
    _, paint = site.builder.streams()
    white = paint.of("plaster", "concrete", tint=(1.25, 1.25, 1.25), tile_m=1.0, gloss=0.2)
    _mark_street(site, rng, plan, white, has_lights=has_lights)
    for side in (plan.left, plan.right):
        if side.gap is not None:
            SideRoad(site, rng, street, side).fill(white, has_lights=has_lights)
    if has_lights:
        _raise_lights(site, rng, plan)


def _mark_street(site: Site, rng: np.random.Generator, plan: Plan, white: Material, *, has_lights: bool) -> None:
    assert plan.crossing_m is not None
    left_m, right_m = -plan.left.road_m, plan.right.road_m
    near_m = plan.crossing_m[0] - 1.0
    marks = []
    if rng.random() < (0.7 if has_lights else 0.35) and plan.right.lift_kerb_m > 0.0:
        marks += [
            site.road.ribbon((x, 0.012), (x + 0.5, 0.012), white, np.array((near_m - ZEBRA_M, near_m)))
            for x in np.arange(left_m + 0.3, right_m - 0.5, 1.0)
        ]
        near_m -= ZEBRA_M + 1.0
        for _ in range(int(rng.poisson(0.5))):
            place = site.road.place(near_m + 1.0 + ZEBRA_M / 2, float(rng.uniform(left_m, right_m)))
            site.put("person", person_rand, place, float(rng.choice((-1, 1)) * np.pi / 2 + rng.normal(0.0, 0.2)))
    if has_lights:
        own = sorted((plan.middle_m, right_m if plan.middle_m < 0.0 else left_m))
        stations = np.array((near_m - STOP_M, near_m))
        marks.append(site.road.ribbon((own[0] + 0.1, 0.012), (own[1] - 0.1, 0.012), white, stations))
    if marks:
        site.builder.add("marking", merged(marks), casts_shadow=False)


def _raise_lights(site: Site, rng: np.random.Generator, plan: Plan) -> None:
    """One light before the junction and one behind it on each side; some reach over the lanes."""
    assert plan.crossing_m is not None
    reach_m = float(rng.choice((0.0, rng.uniform(2.5, 5.0))))
    for side, along_m in ((plan.right, plan.crossing_m[0] - 2.5), (plan.left, plan.crossing_m[1] + 2.5)):
        lateral_m = side.sign * (side.kerb_m + 0.5)
        comes = plan.comes(lateral_m)
        place = site.road.place(along_m, lateral_m, side.ground_m(abs(lateral_m)))
        yaw_rad = -float(site.road.heading_rad(along_m)) + (np.pi if comes else 0.0)
        light = partial(traffic_light_rand, reach_m=reach_m if plan.middle_m < 0.0 else 0.0)
        site.put("traffic light", light, place, yaw_rad, half_m=(0.2, 0.2))


class SideRoad:
    """One road that leaves the street, from its mouth outwards."""

    def __init__(self, site: Site, rng: np.random.Generator, street: Street, side: Side) -> None:
        assert side.gap is not None
        self._site, self._rng, self._street, self._side, self._gap = site, rng, street, side, side.gap
        self._half_m = (side.gap.end_m - side.gap.start_m) / 2

    def fill(self, white: Material, *, has_lights: bool) -> None:
        """Lines, a sign, vehicles, and houses or trees along it."""
        self._mark(white)
        if not has_lights:
            self._put("sign", sign_rand, self._side.kerb_m + 1.2, self._half_m + 0.5, turn_rad=np.pi, lift=True)
        self._drive()
        for across in (-1, 1):
            self._line(across)

    def place_m(self, outwards_m: float, across_m: float, lift_m: float = 0.0) -> np.ndarray:
        """A point of the side road: `across_m` further along the street than its middle."""
        start_m, end_m = self._gap.edges_m(outwards_m)
        height_m = self._side.ground_m(outwards_m) - self._side.lift_kerb_m
        return self._site.road.place((start_m + end_m) / 2 + across_m, self._side.sign * outwards_m, height_m + lift_m)

    def _put(
        self, kind: str, maker: Maker, outwards_m: float, across_m: float, *, turn_rad: float = 0.0, lift: bool = False,
        half_m: tuple[float, float] | None = None, slopes: bool = False, sink_m: float = 0.0,
    ) -> bool:  # fmt: skip
        """Put something down with its +y outwards; `lift` puts it on the sidewalk."""
        low, high = (self.place_m(outwards_m + step, across_m) for step in (-0.5, 0.5))
        ahead = high - low
        yaw_rad = float(np.arctan2(-ahead[0], ahead[1])) + turn_rad
        grade = float(ahead[2] / np.hypot(ahead[0], ahead[1])) * float(np.cos(turn_rad)) if slopes else 0.0
        place = self.place_m(outwards_m, across_m, (self._side.lift_kerb_m if lift else 0.0) - sink_m)
        return self._site.put(kind, maker, place, yaw_rad, grade=grade, half_m=half_m)

    def _mark(self, white: Material) -> None:
        begin_m = self._side.kerb_m + 2.0
        pieces = []
        if self._half_m > 2.6 and self._rng.random() < 0.8:
            for low in np.arange(begin_m, begin_m + 36.0, 5.0):
                pieces.append(self._patch((low, low + 2.5), (-0.06, 0.06), white))
        if self._rng.random() < 0.6:
            out = self._side.sign > 0  # whoever comes in drives on the far or on the near half
            pieces.append(
                self._patch(
                    (begin_m - 0.6, begin_m - 0.2),
                    (0.15, self._half_m - 0.2) if out else (-self._half_m + 0.2, -0.15),
                    white,
                )
            )
        if pieces:
            self._site.builder.add("marking", merged(pieces), casts_shadow=False)

    def _patch(self, outwards_m: tuple[float, float], across_m: tuple[float, float], material: Material) -> Mesh:
        """A painted rectangle."""
        lines = [np.stack([self.place_m(out, x, 0.012) for out in outwards_m]) for x in across_m]
        near, far = lines if self._side.sign < 0 else lines[::-1]
        length = np.array(outwards_m, dtype=np.float32)
        return strip(near, far, length, material, across_m=across_m[1] - across_m[0])

    def _drive(self) -> None:
        """Vehicles that wait at the mouth, come, go, or cross the street."""
        rng, sign = self._rng, self._side.sign
        begin_m = self._side.kerb_m + 5.0
        for inwards in (True, False):
            out_m = begin_m if inwards and rng.random() < 0.6 else begin_m + float(rng.exponential(15.0))
            while out_m < 45.0 and rng.random() < 0.75:
                kind = vehicle_kind_rand(rng, self._street)
                out_m += 4.0 if kind in ("lorry", "bus") else 0.0
                across_m = (0.5 if inwards == (sign > 0) else -0.5) * self._half_m
                maker = vehicle(kind, self._site)
                self._put(kind, maker, out_m, across_m, turn_rad=np.pi if inwards else 0.0, slopes=True)
                out_m += 8.0 + float(rng.exponential(10.0))
        if rng.random() < 0.3:
            out_m, turn_rad = float(rng.uniform(0.0, self._side.kerb_m)), float(rng.choice((0.0, np.pi)))
            across_m = (0.45 if (turn_rad > 0.0) == (sign > 0) else -0.45) * self._half_m
            self._put("car", vehicle("car", self._site), out_m, across_m, turn_rad=turn_rad, slopes=True)

    def _line(self, across: int) -> None:
        """Houses along one edge of the side road, behind those of the street; trees in open country."""
        rng, street, side = self._rng, self._street, self._side
        out_m = side.lots_m + float(rng.uniform(1.0, 4.0) if street.buildings < 0.3 else rng.uniform(14.5, 20.0))
        while out_m < 90.0:
            length_m, depth_m = float(rng.uniform(9.0, 20.0)), float(rng.uniform(9.0, 13.0))
            setback_m = 3.2 if street.is_town else float(rng.uniform(4.0, 8.0))
            if rng.random() < street.buildings:
                self._put_house(
                    out_m + length_m / 2, across * (self._half_m + setback_m + depth_m / 2), length_m, depth_m
                )
            elif rng.random() < 0.4:
                tree = partial(tree_rand, is_near=False)
                self._put("tree", tree, out_m, across * (self._half_m + 3.0), half_m=(0.4, 0.4), lift=True, sink_m=0.3)
            out_m += length_m + float(rng.uniform(0.5, 6.0))

    def _put_house(self, outwards_m: float, across_m: float, length_m: float, depth_m: float) -> None:
        side, town, is_lit = self._side, self._street.is_town, self._site.weather.is_dark

        def house(rng: np.random.Generator, paint: Paint) -> Mesh:
            return building_rand(rng, paint, length_m=length_m, depth_m=depth_m, is_town=town, is_lit=is_lit)

        grounds = [side.ground_m(outwards_m + share * length_m) for share in (-0.5, 0.5)]
        along_m = abs(self._site.road.grade_at(self._gap.start_m)) * depth_m / 2
        sink_m = abs(grounds[1] - grounds[0]) / 2 + along_m + 0.2
        self._put("building", house, outwards_m, across_m, half_m=(depth_m / 2, length_m / 2), lift=True, sink_m=sink_m)
