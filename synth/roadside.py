"""Roadside: everything that stands on one side of a street, from the kerb outwards."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synth.builder import Builder
from synth.buildings import building_rand
from synth.mesh import Mesh
from synth.paint import Paint
from synth.people import person_rand
from synth.plants import bush_rand, hedge_rand, tree_rand
from synth.road import Road
from synth.street import bollard_rand, fence_rand, guard_rail, lamp_post_rand, pole_rand, sign_rand
from synth.street_plan import Side, Street
from synth.vehicles import car_rand

Maker = Callable[[np.random.Generator, Paint], Mesh]
BARRIER_M = 12.0
"""Length of one piece of crash barrier."""
NEAR_M = 25.0
"""Trees nearer than this have all their leaves."""


class Roadside:
    """Fills one side of a street."""

    def __init__(self, builder: Builder, rng: np.random.Generator, road: Road, street: Street, side: Side) -> None:
        self._builder, self._rng, self._road, self._street, self._side = builder, rng, road, street, side

    def fill(self) -> None:
        """Add all things of this side."""
        if self._side.kerb_m > self._side.road_m:
            self._park_cars()
        self._build()
        self._plant()
        if self._rng.random() < self._street.boundary:
            self._enclose()
        if self._rng.random() < self._street.barrier:
            for along_m in np.arange(-8.0, 120.0, BARRIER_M):
                self._put(
                    "barrier", lambda _, paint: guard_rail(paint, BARRIER_M), along_m, self._side.sidewalk_m + 0.35
                )
        self._raise_poles()
        if self._side.lift_kerb_m > 0.0:
            self._equip_sidewalk()

    def _put(
        self, kind: str, maker: Maker, along_m: float, lateral_m: float, *, turn_rad: float = 0.0, sink_m: float = 0.0
    ) -> None:
        """Make something and stand it on the ground; +y of the thing looks along the road."""
        side = self._side
        place = self._road.place(along_m, side.sign * lateral_m, side.ground_m(lateral_m) - sink_m)
        self._builder.make(kind, maker, place, yaw_rad=float(-self._road.heading_rad(along_m)) + turn_rad)

    def _park_cars(self) -> None:
        rng, side = self._rng, self._side
        filled, along_m = rng.uniform(0.15, 0.95), rng.uniform(-6.0, 4.0)
        while along_m < 110.0:
            if rng.random() < filled:
                with_traffic = (side.sign > 0) == (rng.random() < 0.9)
                place = self._road.place(along_m, side.sign * (side.kerb_m - 1.05 + rng.normal(0.0, 0.1)))
                turn_rad = float(-self._road.heading_rad(along_m)) + (0.0 if with_traffic else np.pi)
                self._builder.make("car", car_rand, place, yaw_rad=turn_rad)
            along_m += rng.uniform(5.2, 6.6)

    def _build(self) -> None:
        rng, side, town = self._rng, self._side, self._street.is_town
        along_m = rng.uniform(-8.0, 6.0)
        while along_m < 170.0:
            length_m = float(rng.uniform(9.0, 26.0) if town else rng.uniform(8.0, 18.0))
            depth_m = float(rng.uniform(9.0, 14.0))
            if rng.random() < self._street.buildings:
                middle_m = side.lots_m + depth_m / 2 + rng.uniform(0.0, 0.5 if town else 4.0)
                slope_m = abs(side.ground_m(middle_m + depth_m / 2) - side.ground_m(middle_m - depth_m / 2)) / 2

                def house(
                    shape: np.random.Generator, paint: Paint, size: tuple[float, float] = (length_m, depth_m)
                ) -> Mesh:
                    return building_rand(shape, paint, length_m=size[0], depth_m=size[1], is_town=town)

                self._put("building", house, along_m + length_m / 2, middle_m, sink_m=slope_m + 0.15)
            gap_m = rng.uniform(0.0, 1.5) if town and rng.random() < 0.8 else rng.uniform(2.5, 14.0)
            along_m += length_m + float(gap_m)

    def _plant(self) -> None:
        rng, side, street = self._rng, self._side, self._street
        verge_m = max(side.lots_m - side.sidewalk_m, 1.0)
        for along_m in rng.uniform(2.0, 150.0, rng.poisson(rng.uniform(*street.trees_per_100m) * 1.5)):
            in_verge = rng.random() < 0.6
            lateral_m = (
                side.sidewalk_m + rng.uniform(0.4, verge_m) if in_verge else side.lots_m + rng.uniform(0.0, 25.0)
            )
            lateral_m = side.kerb_m + 0.8 if street.is_town else lateral_m
            if street.buildings < 0.5 or lateral_m < side.lots_m - 0.5:
                self._put_tree(along_m, lateral_m)
        for along_m in rng.uniform(3.0, 70.0, rng.poisson(0.7 if street.is_town else 3.0)):
            self._put("bush", bush_rand, along_m, side.sidewalk_m + rng.uniform(0.9, verge_m + 0.2))
        if street.buildings < 0.5 and rng.random() < 0.75:
            begin_m = rng.uniform(5.0, 90.0)
            for along_m in np.arange(begin_m, begin_m + rng.uniform(30.0, 150.0), rng.uniform(4.0, 8.0)):
                self._put_tree(along_m, side.lots_m + rng.uniform(2.0, 14.0))

    def _put_tree(self, along_m: float, lateral_m: float) -> None:
        def tree(shape: np.random.Generator, paint: Paint) -> Mesh:
            return tree_rand(shape, paint, is_near=along_m < NEAR_M)

        self._put("tree", tree, along_m, lateral_m, turn_rad=self._rng.uniform(0.0, 2 * np.pi), sink_m=0.05)

    def _enclose(self) -> None:
        """Fences, walls or hedges with gates."""
        rng, along_m = self._rng, self._rng.uniform(-6.0, 10.0)
        is_hedge = rng.random() < 0.4
        while along_m < 90.0:
            length_m = float(rng.uniform(6.0, 14.0))

            def line(shape: np.random.Generator, paint: Paint, length_m: float = length_m) -> Mesh:
                return hedge_rand(shape, paint, length_m) if is_hedge else fence_rand(shape, paint, length_m)

            self._put("fence", line, along_m + length_m / 2, self._side.sidewalk_m + 0.5, sink_m=0.03)
            along_m += length_m + (rng.uniform(2.5, 6.0) if rng.random() < 0.5 else 0.05)

    def _raise_poles(self) -> None:
        rng, side = self._rng, self._side
        if rng.random() < (0.8 if side.lift_kerb_m else 0.35):
            maker = pole_rand if rng.random() < 0.3 else lamp_post_rand
            over_road_rad = np.pi if side.sign > 0 else 0.0
            for along_m in np.arange(rng.uniform(3.0, 20.0), 130.0, rng.uniform(18.0, 40.0)):
                self._put("pole", maker, along_m, side.kerb_m + 0.45, turn_rad=over_road_rad)
        for along_m in rng.uniform(6.0, 60.0, rng.poisson(1.3)):
            self._put("sign", sign_rand, along_m, side.kerb_m + 0.6, turn_rad=rng.normal(0.0, 0.15))

    def _equip_sidewalk(self) -> None:
        rng, side, people = self._rng, self._side, self._street.people
        width_m = side.sidewalk_m - side.kerb_m
        for along_m in rng.uniform(3.0, 45.0, rng.poisson(2.0)):
            across_rad = -side.sign * np.pi / 2
            self._put(
                "bollard", bollard_rand, along_m, side.kerb_m + rng.uniform(0.4, max(width_m, 0.6)), turn_rad=across_rad
            )
        for along_m in rng.uniform(5.0, 45.0, int(rng.integers(people[0], people[1] + 1))):
            turn_rad = rng.choice((0.0, np.pi)) + rng.normal(0.0, 0.4)
            lateral_m = side.kerb_m + rng.uniform(0.5, max(width_m - 0.3, 0.6))
            self._put("person", person_rand, along_m, lateral_m, turn_rad=turn_rad)
