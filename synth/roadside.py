"""Roadside: everything that stands on one side of a street, from the kerb outwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from synth.buildings import building_rand
from synth.mesh import Mesh
from synth.motorcycles import motorcycle_rand
from synth.people import person_rand
from synth.plants import bush_rand, hedge_rand, tree_rand
from synth.side import Side
from synth.signals import sign_rand
from synth.site import Maker, Site
from synth.street import (
    bicycle_stand_rand,
    billboard_rand,
    bollard_rand,
    bus_stop_rand,
    fence_rand,
    guard_rail,
    lamp_head_m,
    lamp_post,
    noise_wall,
    parapet_rand,
    pole_rand,
    wire_rand,
)
from synth.street_kinds import Street
from synth.vehicles import car_rand

BARRIER_M = 12.0
"""Length of one piece of crash barrier."""
NEAR_M = 25.0
"""Trees nearer than this have all their leaves."""
STEM_M = (0.35, 0.35)
"""Half sizes of the plot of a tree or a post."""
BESIDE = 0.35
"""Share of the other lanes and of the parking strips with a vehicle right beside the camera; it hides the view."""
PARKED_M = 12.0
"""How much farther on the other rows of parked cars begin."""
CORNER_M = 2.6
"""From a side road to what stands beside it: its sidewalk and a little more."""


class Roadside:
    """Fills one side of a street, except between the stations `covered_m`."""

    def __init__(
        self,
        site: Site,
        rng: np.random.Generator,
        street: Street,
        side: Side,
        *,
        covered_m: tuple[float, float] | None = None,
    ) -> None:
        self._site, self._rng, self._street, self._side, self._covered_m = site, rng, street, side, covered_m

    def fill(self) -> None:
        """Add all things of this side."""
        rng, side, street = self._rng, self._side, self._street
        if side.kerb_m > side.road_m:
            self._park_cars()
        if street.drop_m[1] > 0.0:
            self._line("parapet", parapet_rand, 10.0, side.sidewalk_m + 0.05, end_m=150.0)
        if street.is_motorway and rng.random() < 0.2:
            wall = partial(noise_wall, height_m=float(rng.uniform(2.5, 4.5)))
            self._line("wall", wall, 6.0, side.sidewalk_m + 1.5, end_m=170.0, begin_m=float(rng.uniform(-12.0, 60.0)))
        self._build()
        self._raise_poles()
        if rng.random() < street.barrier:
            self._line("barrier", guard_rail, BARRIER_M, side.sidewalk_m + 0.35, end_m=120.0)
        if rng.random() < street.boundary:
            self._enclose()
        if side.lift_kerb_m > 0.0 and not street.is_tunnel:
            self._equip_sidewalk()
        self._plant()

    def _put(
        self,
        kind: str,
        maker: Maker,
        along_m: float,
        lateral_m: float,
        *,
        turn_rad: float = 0.0,
        sink_m: float = 0.0,
        slopes: bool = False,
        half_m: tuple[float, float] | None = None,
        margin_m: float = 0.1,
        corner_m: float = CORNER_M,
    ) -> bool:
        """Make something and stand it on the ground with its +y along the road; it `slopes` as the road does."""
        site, side = self._site, self._side
        if not self._is_clear(along_m, lateral_m, corner_m):
            return False
        place = site.road.place(along_m, side.sign * lateral_m, side.ground_m(lateral_m) - sink_m)
        yaw_rad = turn_rad - site.road.heading_beside_rad(along_m, lateral_m)
        grade = site.road.grade_at(along_m) * float(np.cos(turn_rad)) if slopes else 0.0
        return site.put(kind, maker, place, yaw_rad, grade=grade, half_m=half_m, margin_m=margin_m)

    def _is_clear(self, along_m: float, lateral_m: float, margin_m: float) -> bool:
        """Whether a place is away from the side road and from what leads over the street."""
        low_m, high_m = self._covered_m if self._covered_m is not None else (np.inf, np.inf)
        is_open = not low_m - margin_m + CORNER_M < along_m < high_m + margin_m - CORNER_M
        return is_open and self._side.is_clear(along_m, lateral_m, margin_m)

    def _line(
        self,
        kind: str,
        maker: Callable[..., Mesh],
        piece_m: float,
        lateral_m: float,
        *,
        end_m: float,
        begin_m: float = -8.0,
    ) -> None:
        """Pieces of equal length one behind the other."""
        for along_m in np.arange(begin_m, end_m, piece_m):
            piece = partial(maker, length_m=piece_m)
            self._put(
                kind, piece, float(along_m), lateral_m, slopes=True, margin_m=-0.08, corner_m=CORNER_M + piece_m / 2
            )

    def _park_cars(self) -> None:
        rng, side = self._rng, self._side
        filled, along_m = rng.uniform(0.15, 0.95), float(rng.uniform(-6.0, 4.0))
        if rng.random() > BESIDE:
            along_m += PARKED_M
        while along_m < 110.0:
            if rng.random() < filled:
                with_traffic = (side.sign > 0) == (rng.random() < 0.9)
                kind, maker = "car", car_rand
                if rng.random() < 0.06:
                    kind, maker = "motorcycle", partial(motorcycle_rand, has_rider=False)
                lateral_m = side.kerb_m - 1.05 + float(rng.normal(0.0, 0.1))
                place = self._site.road.place(along_m, side.sign * lateral_m)
                turn_rad = 0.0 if with_traffic else np.pi
                grade = self._site.road.grade_at(along_m) * float(np.cos(turn_rad))
                yaw_rad = -float(self._site.road.heading_rad(along_m)) + turn_rad
                if self._is_clear(along_m, lateral_m, 5.5):
                    self._site.put(kind, maker, place, yaw_rad, grade=grade)
            along_m += float(rng.uniform(5.2, 6.6))

    def _build(self) -> None:
        rng, side, town = self._rng, self._side, self._street.is_town
        along_m = float(rng.uniform(-8.0, 6.0))
        while along_m < 170.0:
            length_m = float(rng.uniform(9.0, 26.0) if town else rng.uniform(8.0, 18.0))
            depth_m = float(rng.uniform(9.0, 14.0))
            if rng.random() < self._street.buildings:
                middle_m = side.lots_m + depth_m / 2 + float(rng.uniform(0.0, 0.5 if town else 4.0)) + 0.6
                self._put_house(along_m + length_m / 2, middle_m, length_m, depth_m)
            gap_m = rng.uniform(0.0, 1.5) if town and rng.random() < 0.8 else rng.uniform(2.5, 14.0)
            along_m += length_m + float(gap_m)

    def _put_house(self, along_m: float, lateral_m: float, length_m: float, depth_m: float) -> None:
        side, road = self._side, self._site.road
        slope_m = abs(side.ground_m(lateral_m + depth_m / 2) - side.ground_m(lateral_m - depth_m / 2)) / 2
        ends = [float(road.height_m(along_m + share * length_m)) for share in (-0.5, 0.0, 0.5)]
        house = partial(
            building_rand,
            length_m=length_m,
            depth_m=depth_m,
            is_town=self._street.is_town,
            is_lit=self._site.weather.is_dark,
        )
        self._put(
            "building",
            house,
            along_m,
            lateral_m,
            sink_m=slope_m + ends[1] - min(ends) + 0.15,
            half_m=(depth_m / 2 + 0.1, length_m / 2 + 0.1),
            margin_m=0.0,
            corner_m=CORNER_M + 0.4 + length_m / 2,
        )

    def _plant(self) -> None:
        rng, side, street = self._rng, self._side, self._street
        verge_m = max(side.lots_m - side.sidewalk_m, 1.0)
        for along_m in rng.uniform(2.0, 150.0, rng.poisson(rng.uniform(*street.trees_per_100m) * 1.5)):
            in_verge = rng.random() < 0.6 and street.drop_m[1] == 0.0
            lateral_m = (
                side.sidewalk_m + rng.uniform(0.4, verge_m) if in_verge else side.lots_m + rng.uniform(0.0, 25.0)
            )
            lateral_m = side.kerb_m + 0.8 if street.is_town else lateral_m
            if street.buildings < 0.5 or lateral_m < side.lots_m - 0.5:
                self._put_tree(along_m, lateral_m)
        bushes = 0.0 if street.drop_m[1] else 0.7 if street.is_town else 3.0
        for along_m in rng.uniform(3.0, 70.0, rng.poisson(bushes)):
            lateral_m = side.sidewalk_m + rng.uniform(0.9, verge_m + 0.2)
            self._put("bush", bush_rand, along_m, lateral_m, half_m=(0.5, 0.5), slopes=True)
        if street.buildings < 0.5 and street.trees_per_100m[1] > 3.0 and rng.random() < 0.75:
            begin_m = rng.uniform(5.0, 90.0)
            for along_m in np.arange(begin_m, begin_m + rng.uniform(30.0, 150.0), rng.uniform(4.0, 8.0)):
                self._put_tree(along_m, side.lots_m + rng.uniform(2.0, 14.0))

    def _put_tree(self, along_m: float, lateral_m: float) -> None:
        tree = partial(tree_rand, is_near=along_m < NEAR_M)
        turn_rad = float(self._rng.uniform(0.0, 2 * np.pi))
        self._put("tree", tree, along_m, lateral_m, turn_rad=turn_rad, sink_m=0.15, half_m=STEM_M)

    def _enclose(self) -> None:
        """Fences, walls or hedges with gates."""
        rng, along_m = self._rng, float(self._rng.uniform(-6.0, 10.0))
        maker: Callable[..., Mesh] = hedge_rand if rng.random() < 0.4 else fence_rand
        while along_m < 90.0:
            length_m = float(rng.uniform(6.0, 14.0))
            self._put(
                "fence",
                partial(maker, length_m=length_m),
                along_m + length_m / 2,
                self._side.sidewalk_m + 0.6,
                sink_m=0.06,
                slopes=True,
                margin_m=-0.05,
                corner_m=CORNER_M + length_m / 2,
            )
            along_m += length_m + (float(rng.uniform(2.5, 6.0)) if rng.random() < 0.5 else 0.05)

    def _raise_poles(self) -> None:
        """Lamps or poles in a row, all of one kind, and signs."""
        rng, side = self._rng, self._side
        is_dark = self._site.weather.is_dark
        if rng.random() < (0.95 if is_dark and side.lift_kerb_m else 0.8 if side.lift_kerb_m else 0.35):
            stations = np.arange(rng.uniform(3.0, 20.0), 130.0, rng.uniform(18.0, 40.0))
            if rng.random() < (0.0 if is_dark else 0.3):
                self._raise_wires(stations)
            else:
                self._raise_lamps(stations)
        for along_m in rng.uniform(6.0, 60.0, rng.poisson(1.3)):
            turn_rad = float(rng.normal(0.0, 0.15))
            self._put("sign", sign_rand, along_m, side.kerb_m + 0.6, turn_rad=turn_rad, half_m=(0.15, 0.15))

    def _raise_lamps(self, stations: np.ndarray) -> None:
        side, turn_rad = self._side, np.pi if self._side.sign > 0 else 0.0
        height_m, reach_m = float(self._rng.uniform(4.5, 9.0)), float(self._rng.uniform(0.0, 2.2))
        post = partial(lamp_post, height_m=height_m, reach_m=reach_m, is_lit=self._site.weather.is_dark)
        x, _, z = lamp_head_m(height_m, reach_m)
        for along_m in stations:
            if self._put("lamp", post, along_m, side.kerb_m + 0.45, turn_rad=turn_rad, half_m=STEM_M):
                lift_m = side.ground_m(side.kerb_m + 0.45) + z
                self._site.lamps_m.append(self._site.road.place(along_m, side.sign * (side.kerb_m + 0.45 - x), lift_m))

    def _raise_wires(self, stations: np.ndarray) -> None:
        rng, side, site = self._rng, self._side, self._site
        has_wires, height_m = rng.random() < 0.6, float(rng.uniform(5.5, 8.5))
        stood = [
            along_m
            for along_m in stations
            if self._put(
                "pole", partial(pole_rand, height_m=height_m), along_m, side.kerb_m + 0.45, half_m=STEM_M, sink_m=0.1
            )
        ]
        for first_m, second_m in zip(stood[:-1], stood[1:], strict=True):
            start, end = (site.road.place(s, side.sign * (side.kerb_m + 0.45), 0.0) for s in (first_m, second_m))
            if has_wires and site.builder.is_coarse:
                site.builder.omit("wire")
            elif has_wires:
                span = partial(wire_rand, span_m=end - start, height_m=height_m - 0.45, across_m=0.7)
                site.builder.make("wire", span, start)

    def _equip_sidewalk(self) -> None:
        rng, side, people = self._rng, self._side, self._street.people
        width_m, across_rad = side.sidewalk_m - side.kerb_m, -side.sign * np.pi / 2
        facing_rad = 0.0 if side.sign > 0 else np.pi
        if width_m > 1.8 and rng.random() < 0.25:
            self._put(
                "shelter", bus_stop_rand, float(rng.uniform(7.0, 60.0)), side.sidewalk_m - 0.8, turn_rad=facing_rad
            )
        for maker, rate in ((billboard_rand, 0.25), (bicycle_stand_rand, 0.35)):
            for along_m in rng.uniform(6.0, 60.0, rng.poisson(rate)):
                self._put("furniture", maker, along_m, side.sidewalk_m - 0.5, turn_rad=facing_rad)
        for along_m in rng.uniform(3.0, 45.0, rng.poisson(2.0)):
            lateral_m = side.kerb_m + rng.uniform(0.4, max(width_m, 0.6))
            self._put("bollard", bollard_rand, along_m, lateral_m, turn_rad=across_rad)
        for along_m in rng.uniform(5.0, 45.0, int(rng.integers(people[0], people[1] + 1))):
            turn_rad = float(rng.choice((0.0, np.pi)) + rng.normal(0.0, 0.4))
            lateral_m = side.kerb_m + rng.uniform(0.5, max(width_m - 0.3, 0.6))
            self._put("person", person_rand, along_m, lateral_m, turn_rad=turn_rad, corner_m=0.0)
