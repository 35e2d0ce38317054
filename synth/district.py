"""District: streets in a grid and the blocks between them, for views from above."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from synth.city_block import WALK_M, CityBlock
from synth.land import Land
from synth.lorries import bus_rand, lorry_rand
from synth.mesh import Material, Mesh, merged
from synth.people import person_rand
from synth.site import Maker
from synth.street import bollard_rand, lamp_post
from synth.vehicles import car_rand

END_M = 420.0
"""The land reaches so far from the camera to every side."""
CELL_M = 12.0
"""Edge of a ground cell: the land bends little over it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class District:
    """One kind of land; ranges are drawn from."""

    share: float
    block_m: tuple[float, float]
    street_m: tuple[float, float]
    uses: dict[str, float]
    """Weights of what a block is used for."""
    relief_m: float
    cars_per_100m: float
    has_walks: bool


DISTRICTS: dict[str, District] = {
    "town": District(
        share=0.3,
        block_m=(45.0, 85.0),
        street_m=(7.0, 13.0),
        uses={"town": 6.0, "park": 1.0, "parking": 1.0, "suburb": 1.0},
        relief_m=2.0,
        cars_per_100m=3.5,
        has_walks=True,
    ),
    "suburb": District(
        share=0.35,
        block_m=(50.0, 95.0),
        street_m=(5.0, 8.0),
        uses={"suburb": 7.0, "park": 1.0, "wood": 0.7, "field": 0.7, "pitch": 0.4},
        relief_m=7.0,
        cars_per_100m=1.2,
        has_walks=True,
    ),
    "farmland": District(
        share=0.35,
        block_m=(70.0, 190.0),
        street_m=(3.0, 7.0),
        uses={"field": 5.0, "wood": 2.0, "farm": 1.5, "suburb": 0.5},
        relief_m=16.0,
        cars_per_100m=0.4,
        has_walks=False,
    ),
}


def add_district(land: Land, rng: np.random.Generator, district: District) -> None:
    """Lay the land in patches and fill its blocks."""
    bands = [_bands_rand(rng, district) for _ in range(2)]
    street_paint = land.builder.streams()[1]
    asphalt = street_paint.of("asphalt", "asphalt", "concrete", tint=(0.65, 0.65, 0.65), tile_m=4.0, variation=0.5)
    roads: list[Mesh] = []
    blocks: list[CityBlock] = []
    uses, weights = list(district.uses), np.array(list(district.uses.values()))
    for u_kind, u_low, u_high in bands[0]:
        for v_kind, v_low, v_high in bands[1]:
            us = _lines(u_low, u_high, has_walk=district.has_walks and u_kind == "block")
            vs = _lines(v_low, v_high, has_walk=district.has_walks and v_kind == "block")
            if u_kind == "street" or v_kind == "street":
                roads.append(land.terrain.patch(us, vs, asphalt))
                continue
            use = str(rng.choice(uses, p=weights / weights.sum()))
            _lay_block(land, us, vs, use, has_walk=district.has_walks)
            blocks.append(CityBlock(land, (u_low, u_high), (v_low, v_high), use))
    land.builder.add("road", merged(roads))
    for block in blocks:
        block.fill(rng)
    for number in (0, 1):
        _fill_streets(land, rng, district, bands[number], is_along_v=number == 0)


def _bands_rand(rng: np.random.Generator, district: District) -> list[tuple[str, float, float]]:
    """Blocks and streets in turn across the land."""
    bands, at = [], -END_M
    at_block = True
    begin_m = float(rng.uniform(0.3, 1.0)) * district.block_m[1]
    while at < END_M:
        span = begin_m if at == -END_M else float(rng.uniform(*(district.block_m if at_block else district.street_m)))
        bands.append(("block" if at_block else "street", at, at + span))
        at, at_block = at + span, not at_block
    return bands


def _lines(low: float, high: float, *, has_walk: bool) -> np.ndarray:
    """Grid lines of a band. Its neighbours across share them, so the edges of sidewalks are lines in all of them."""
    lines = np.linspace(low, high, max(int(np.ceil((high - low) / CELL_M)), 1) + 1)
    return np.unique(np.append(lines, (low + WALK_M, high - WALK_M))) if has_walk else lines


FLOORS: dict[str, tuple[str, ...]] = {
    "town": ("asphalt", "concrete", "grass", "gravel"),
    "parking": ("asphalt", "asphalt", "gravel"),
    "field": ("grass", "soil", "grass"),
    "farm": ("grass", "soil", "gravel"),
    "wood": ("soil", "grass"),
}
_FIELD_TINTS = ((1.0, 1.0, 1.0), (1.2, 1.05, 0.6), (0.8, 1.0, 0.5), (0.9, 0.8, 0.5), (1.1, 0.95, 0.75))


def _lay_block(land: Land, us: np.ndarray, vs: np.ndarray, use: str, *, has_walk: bool) -> None:
    _, paint = land.builder.streams()
    families = FLOORS.get(use, ("grass",))
    tint = paint.colour(_FIELD_TINTS) if use in ("field", "farm", "park") else (0.9, 0.9, 0.9)
    floor = paint.of(*families, tint=tint, tile_m=(3.0, 7.0), spread=0.25, variation=0.7)
    if not has_walk or use in ("field", "wood"):
        land.builder.add("field", land.terrain.patch(us, vs, floor))
        return
    paving = paint.of("cobbles", "concrete", "asphalt", tile_m=2.0, tint=(0.9, 0.9, 0.88), spread=0.2)
    inner_u, inner_v = (np.array((low + WALK_M, high - WALK_M)) for low, high in ((us[0], us[-1]), (vs[0], vs[-1])))
    land.builder.add("field", land.terrain.patch(_within(us, inner_u), _within(vs, inner_v), floor))
    rim = [
        land.terrain.patch(us[us <= inner_u[0]], vs, paving),
        land.terrain.patch(us[us >= inner_u[1]], vs, paving),
        land.terrain.patch(_within(us, inner_u), vs[vs <= inner_v[0]], paving),
        land.terrain.patch(_within(us, inner_u), vs[vs >= inner_v[1]], paving),
    ]
    land.builder.add("sidewalk", merged(rim))


def _within(lines: np.ndarray, ends: np.ndarray) -> np.ndarray:
    return lines[(lines >= ends[0]) & (lines <= ends[1])]


def _fill_streets(
    land: Land,
    rng: np.random.Generator,
    district: District,
    bands: list[tuple[str, float, float]],
    *,
    is_along_v: bool,
) -> None:
    """Centre lines, lamps, vehicles and people along the streets of one direction."""
    _, paint = land.builder.streams()
    white = paint.of("plaster", tint=(1.2, 1.2, 1.2), gloss=0.2)
    dashes = []
    for kind, low, high in bands:
        if kind != "street" or abs(low) > 300.0:
            continue
        middle, width = (low + high) / 2, high - low
        if width > 5.5:
            dashes += _dashes(land, middle, white, is_along_v=is_along_v)
        for side in (-1.0, 1.0):
            at = -300.0
            while at < 300.0:
                at += 7.0 + float(rng.exponential(100.0 / district.cars_per_100m))
                maker: Maker = car_rand if rng.random() < 0.9 else bus_rand if rng.random() < 0.4 else lorry_rand
                out = middle + side * 0.25 * width
                u, v = (out, at) if is_along_v else (at, out)
                yaw_rad = (0.0 if side > 0 else np.pi) if is_along_v else side * np.pi / 2
                land.put("car", maker, (u, v), yaw_rad, follows=True)
        if district.has_walks:
            _line_street(land, rng, middle, width, is_along_v=is_along_v)
    if dashes:
        land.builder.add("marking", merged(dashes), casts_shadow=False)


def _line_street(land: Land, rng: np.random.Generator, middle: float, width: float, *, is_along_v: bool) -> None:
    lamp = partial(lamp_post, height_m=6.5, reach_m=1.2, is_lit=False)
    for at in np.arange(-150.0, 240.0, float(rng.uniform(25.0, 40.0))):
        out = middle + width / 2 + 0.5
        yaw_rad = np.pi if is_along_v else -np.pi / 2
        land.put("lamp", lamp, (out, float(at)) if is_along_v else (float(at), out), yaw_rad, half_m=(0.2, 0.2))
    for at in rng.uniform(-150.0, 220.0, int(rng.poisson(5.0))):
        out = middle + float(rng.choice((-1.0, 1.0))) * (width / 2 + float(rng.uniform(0.5, WALK_M)))
        maker = person_rand if rng.random() < 0.7 else bollard_rand
        land.put("person", maker, (out, float(at)) if is_along_v else (float(at), out), float(rng.uniform(0.0, 6.28)))


def _dashes(land: Land, middle: float, white: Material, *, is_along_v: bool) -> list[Mesh]:
    across = np.array((middle - 0.08, middle + 0.08))
    spans = [np.array((at, at + 3.0)) for at in np.arange(-250.0, 250.0, 8.0)]
    seen = [
        span
        for span in spans
        if land.sees(land.terrain.place(*((middle, span[0]) if is_along_v else (span[0], middle))))
    ]
    return [
        land.terrain.patch(*((across, span) if is_along_v else (span, across)), white, lift_m=0.03) for span in seen
    ]
