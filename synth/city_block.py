"""City block: what fills the land between the streets: houses, gardens, fields, woods, parked cars."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from synth.land import Land
from synth.mesh import Mesh, merged
from synth.paint import Paint
from synth.plants import bush_rand, hedge_rand, tree_rand
from synth.shapes import box, cylinder
from synth.vehicles import car_rand

WALK_M = 2.0
"""Width of the sidewalks around a block."""


class CityBlock:
    """One block between streets, or the part of it that the camera can see."""

    def __init__(self, land: Land, us_m: tuple[float, float], vs_m: tuple[float, float], use: str) -> None:
        self._land, self._us, self._vs, self._use = land, us_m, vs_m, use

    def fill(self, rng: np.random.Generator) -> None:
        """Add what stands on the block."""
        fillers: dict[str, Callable[[np.random.Generator], None]] = {
            "town": self._town,
            "suburb": self._suburb,
            "farm": self._farm,
            "park": partial(self._trees, per_hectare=60.0),
            "wood": partial(self._trees, per_hectare=220.0),
            "field": self._field,
            "parking": self._parking,
        }
        if self._use in fillers:
            fillers[self._use](rng)

    def _area_ha(self) -> float:
        return (self._us[1] - self._us[0]) * (self._vs[1] - self._vs[0]) / 1e4

    def _spots_rand(self, rng: np.random.Generator, count: int, edge_m: float) -> np.ndarray:
        low, high = np.array((self._us[0], self._vs[0])) + edge_m, np.array((self._us[1], self._vs[1])) - edge_m
        return np.asarray(rng.uniform(low, np.maximum(high, low + 0.1), (count, 2)))

    def _town(self, rng: np.random.Generator) -> None:
        self._rows(rng, is_town=True, setback_m=WALK_M + 0.6, gap_m=(0.0, 2.0), filled=0.93)
        self._trees(rng, per_hectare=25.0)

    def _suburb(self, rng: np.random.Generator) -> None:
        self._rows(rng, is_town=False, setback_m=float(rng.uniform(4.0, 8.0)), gap_m=(3.0, 11.0), filled=0.85)
        for u, v in self._spots_rand(rng, int(rng.poisson(9.0 * self._area_ha())), 6.0):
            self._land.put("shed", shed_rand, (u, v), float(rng.choice((0.0, np.pi / 2))))
        for u, v in self._spots_rand(rng, int(rng.poisson(6.0 * self._area_ha())), 8.0):
            self._land.put("pool", pool_rand, (u, v), float(rng.choice((0.0, np.pi / 2))))
        for u, v in self._spots_rand(rng, int(rng.poisson(12.0 * self._area_ha())), 4.0):
            hedge = partial(hedge_rand, length_m=float(rng.uniform(6.0, 16.0)))
            self._land.put("hedge", hedge, (u, v), float(rng.choice((0.0, np.pi / 2))), sink_m=0.1, follows=True)
        for u, v in self._spots_rand(rng, int(rng.poisson(8.0 * self._area_ha())), 3.0):
            self._land.put("car", car_rand, (u, v), float(rng.choice(4) * np.pi / 2), follows=True)
        self._trees(rng, per_hectare=45.0)

    def _farm(self, rng: np.random.Generator) -> None:
        middle = self._spots_rand(rng, 1, 0.35 * min(self._us[1] - self._us[0], self._vs[1] - self._vs[0]))[0]
        for u, v in middle + rng.normal(0.0, 18.0, (int(rng.integers(2, 5)), 2)):
            self._land.put_house(rng, (u, v), float(rng.choice((0.0, np.pi / 2))), is_town=False)
        self._trees(rng, per_hectare=18.0)

    def _field(self, rng: np.random.Generator) -> None:
        if rng.random() < 0.4:
            for u, v in self._spots_rand(rng, int(rng.poisson(14.0 * self._area_ha())), 5.0):
                self._land.put("bale", bale_rand, (u, v), float(rng.uniform(0.0, np.pi)))
        self._trees(rng, per_hectare=2.0)

    def _parking(self, rng: np.random.Generator) -> None:
        for u in np.arange(self._us[0] + 6.0, self._us[1] - 5.0, 8.5):
            for v in np.arange(self._vs[0] + 5.0, self._vs[1] - 4.0, 2.7):
                if rng.random() < 0.55:
                    yaw_rad = np.pi / 2 * float(rng.choice((-1, 1))) + float(rng.normal(0.0, 0.03))
                    self._land.put("car", car_rand, (u, v), yaw_rad, follows=True)

    def _trees(self, rng: np.random.Generator, *, per_hectare: float) -> None:
        for u, v in self._spots_rand(rng, int(rng.poisson(per_hectare * self._area_ha())), 2.5):
            if rng.random() < 0.8:
                tree = partial(tree_rand, is_near=False)
                self._land.put("tree", tree, (u, v), float(rng.uniform(0.0, 6.28)), half_m=(0.7, 0.7), sink_m=0.2)
            else:
                self._land.put("bush", bush_rand, (u, v), 0.0, half_m=(0.7, 0.7))

    def _rows(
        self, rng: np.random.Generator, *, is_town: bool, setback_m: float, gap_m: tuple[float, float], filled: float
    ) -> None:
        """Houses along all four edges, with their long sides towards the street."""
        for along_v in (True, False):
            (low, high), across = (self._vs, self._us) if along_v else (self._us, self._vs)
            for edge, inwards in ((across[0], 1.0), (across[1], -1.0)):
                at = low + setback_m
                while at < high - setback_m - 7.0:
                    length_m = min(float(rng.uniform(10.0, 24.0) if is_town else rng.uniform(8.0, 16.0)), high - at)
                    middle = at + length_m / 2
                    depth_m = float(rng.uniform(8.5, 13.0))
                    out = edge + inwards * (setback_m + depth_m / 2)
                    u, v = (out, middle) if along_v else (middle, out)
                    if rng.random() < filled:
                        turn = 0.0 if along_v else np.pi / 2
                        self._land.put_house(rng, (u, v), turn, is_town=is_town, size_m=(length_m, depth_m))
                    at += length_m + float(rng.uniform(*gap_m))


def shed_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A shed or a garage."""
    width, length, height = float(rng.uniform(2.0, 3.5)), float(rng.uniform(2.5, 6.0)), float(rng.uniform(2.0, 2.8))
    wall = paint.of("wood", "plaster", "panels", "cladding", "corrugated", tile_m=1.5)
    roof = paint.of("shingles", "concrete", "metal", "corrugated", tile_m=2.0)
    shell = box((width, length, height + 0.6), wall, at_m=(0, 0, -0.6))
    return merged([shell, box((width + 0.4, length + 0.4, 0.15), roof, at_m=(0, 0, height))])


def pool_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A swimming pool with its rim."""
    width, length = float(rng.uniform(3.0, 4.5)), float(rng.uniform(5.0, 9.0))
    rim = paint.of("tiles", "concrete", "wood", tile_m=1.0)
    water = paint.of("plain", tint=(0.1, 0.45, 0.6), gloss=0.9, variation=0.2)
    stone = box((width + 1.2, length + 1.2, 0.6), rim, at_m=(0, 0, -0.45))
    return merged([stone, box((width, length, 0.1), water, at_m=(0, 0, 0.08))])


def bale_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A round bale of straw."""
    straw = paint.of("grass", tint=(1.3, 1.1, 0.6), tile_m=1.0)
    lying = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)))
    return cylinder(0.75, 1.3, straw, sections=14).turned(lying).moved((0, -0.65, 0.7))
