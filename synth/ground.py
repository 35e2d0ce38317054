"""Ground: the road with its markings, kerbs, sidewalks, side roads, verges and fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synth.mesh import Material, Mesh, merged
from synth.paint import Paint
from synth.road import AHEAD_M, BEHIND_M, STEPS_M
from synth.shapes import strip
from synth.side import HILL_M, LAND_M, Side
from synth.site import Site
from synth.street_kinds import Street
from synth.street_plan import Plan

KERB_M = 0.16
"""Width of the kerb stones."""
CORNER_WALK_M = 2.2
"""Width of the sidewalks along side roads."""
GAUGE_M = 1.435
Edge = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a side between two lines across; "mouth" is a side road, "walk" a sidewalk along it."""

    kind: str
    start_m: Edge
    """Station of the first line, as a function of the distance outwards."""
    end_m: Edge


def lay_ground(site: Site, rng: np.random.Generator, plan: Plan, street: Street) -> None:
    """Add every surface that lies on the ground; all of them reach to the horizon."""
    _, paint = site.builder.streams()
    families = ("asphalt",) * 4 + ("concrete", "cobbles" if street.buildings > 0.5 else "asphalt")
    gloss = float(rng.choice((0.1, 0.25)))
    asphalt = site.weather.soaked(
        paint.of(*families, tile_m=(2.5, 5.0), tint=(0.62, 0.62, 0.62), spread=0.3, gloss=gloss, variation=0.5)
    )
    pieces = {side.sign: _pieces(side) for side in (plan.left, plan.right)}
    steps_m = _stations(plan, pieces)
    ribbon = site.road.ribbon((-plan.left.kerb_m, 0.0), (plan.right.kerb_m, 0.0), asphalt, steps_m)
    site.builder.add("road", ribbon)
    _paint_lines(site, rng, plan, street, paint)
    for side in (plan.left, plan.right):
        _lay_side(site, rng, side, street, pieces[side.sign], steps_m, asphalt)


def _pieces(side: Side) -> list[Piece]:
    behind, ahead = (lambda _: BEHIND_M), (lambda _: AHEAD_M)
    if side.gap is None:
        return [Piece("open", behind, ahead)]
    gap = side.gap
    walk_m = CORNER_WALK_M if side.lift_kerb_m > 0.0 else 0.0
    start, end = (lambda lateral: gap.edges_m(lateral)[0]), (lambda lateral: gap.edges_m(lateral)[1])
    before, after = (lambda lateral: start(lateral) - walk_m), (lambda lateral: end(lateral) + walk_m)
    walks = [Piece("walk", before, start), Piece("walk", end, after)] if walk_m else []
    return [Piece("open", behind, before), *walks, Piece("mouth", start, end), Piece("open", after, ahead)]


def _stations(plan: Plan, pieces: dict[int, list[Piece]]) -> np.ndarray:
    """Stations that the road and both sides share where they touch, so that no crack opens between them."""
    corners = [
        edge(side.kerb_m)
        for side in (plan.left, plan.right)
        for piece in pieces[side.sign]
        for edge in (piece.start_m, piece.end_m)
    ]
    return np.unique(np.concatenate((STEPS_M, corners)))


def _paint_lines(site: Site, rng: np.random.Generator, plan: Plan, street: Street, paint: Paint) -> None:
    white = paint.of("plaster", "concrete", tint=(1.25, 1.25, 1.25), tile_m=1.0, gloss=0.2)
    left_m, right_m = -plan.left.road_m, plan.right.road_m

    def draw(lateral_m: float, *, width_m: float, dash_m: float, gap_m: float) -> None:
        line = site.road.markings(lateral_m, white, width_m=width_m, dash_m=dash_m, gap_m=gap_m, but_m=plan.crossing_m)
        site.builder.add("marking", line, casts_shadow=False)

    if street.is_town or rng.random() < 0.75:
        dash_m, gap_m = (6.0, 12.0) if street.is_motorway else (3.0, 3.0)
        gap_m = gap_m if rng.random() < 0.8 else 0.0
        between = plan.lane_m * (np.arange(-8, 9) + 0.5)
        for lateral_m in between[(between > left_m + 0.8) & (between < right_m - 0.8)]:
            draw(float(lateral_m), width_m=0.12, dash_m=dash_m, gap_m=gap_m)
    if rng.random() < 0.6:
        for lateral_m in (left_m + 0.2, right_m - 0.2):
            draw(lateral_m, width_m=0.14, dash_m=1.0, gap_m=0.0)
    if plan.has_tram:
        steel = paint.of("metal", tint=(0.5, 0.5, 0.5), gloss=0.6)
        for lateral_m in plan.tram_lanes_m():
            rails = (lateral_m - GAUGE_M / 2, lateral_m + GAUGE_M / 2)
            lines = [
                site.road.ribbon((x - 0.035, 0.02), (x + 0.035, 0.02), steel, STEPS_M[STEPS_M < 160.0]) for x in rails
            ]
            site.builder.add("marking", merged(lines), casts_shadow=False)


def _lay_side(
    site: Site,
    rng: np.random.Generator,
    side: Side,
    street: Street,
    pieces: list[Piece],
    steps_m: np.ndarray,
    asphalt: Material,
) -> None:
    _, paint = site.builder.streams()
    top_m, kerb_m, hill_m = side.lift_kerb_m, side.kerb_m, side.lots_m + HILL_M
    stone = site.weather.soaked(paint.of("concrete", tile_m=1.0, tint=(1.1, 1.1, 1.1), spread=0.2))
    floors = ("cobbles", "cobbles", "concrete", "asphalt", "asphalt", "stones")
    paving = site.weather.soaked(paint.of(*floors, tile_m=(1.2, 3.0), tint=(0.95, 0.95, 0.92), spread=0.2))
    lawn = ("grass", "grass", "grass", "soil", "gravel", "cobbles" if top_m else "grass")
    verge = paint.of(
        *(("concrete", "stones", "gravel", "grass") if street.drop_m[1] else lawn),
        tile_m=(1.5, 3.5),
        spread=0.25,
        variation=0.7,
    )
    field = paint.of("grass", "grass", "soil", tile_m=(2.5, 6.0), spread=0.3, variation=0.8)
    far_lift_m = side.lift_hill_m + float(rng.normal(2.0, 8.0))
    strips = [
        ("verge", (side.sidewalk_m, top_m), (side.lots_m, side.lift_lots_m), verge),
        ("field", (side.lots_m, side.lift_lots_m), (hill_m, side.lift_hill_m), field),
        ("field", (hill_m, side.lift_hill_m), (side.lots_m + LAND_M, far_lift_m), field),
    ]
    if top_m > 0.0:
        inner_m, outer_m = kerb_m + 0.01, kerb_m + KERB_M
        strips = [
            ("kerb", (kerb_m, 0.0), (inner_m, top_m), stone),
            ("kerb", (inner_m, top_m), (outer_m, top_m), stone),
            ("sidewalk", (outer_m, top_m), (side.sidewalk_m, top_m), paving),
            *strips,
        ]
    for piece in pieces:
        for kind, inner, outer, material in strips:
            if piece.kind == "mouth":
                kind, material = "road", asphalt
                inner, outer = ((x, _lowered(side, x, z)) for x, z in (inner, outer))
            elif piece.kind == "walk" and kind != "kerb" and outer[0] <= hill_m:
                kind, material = "sidewalk", paving
            site.builder.add(kind, _sheet(site, side, piece, steps_m, inner, outer, material))
    if side.gap is not None and top_m > 0.0:
        _close_mouth(site, side, [(kerb_m, top_m), *(strip[2] for strip in strips)], stone)


def _lowered(side: Side, distance_m: float, lift_m: float) -> float:
    """Height of a side road where the ground beside it has the height `lift_m`."""
    low_m = lift_m - side.lift_kerb_m
    return max(low_m, 0.0) if distance_m <= side.sidewalk_m else low_m


def _sheet(
    site: Site,
    side: Side,
    piece: Piece,
    steps_m: np.ndarray,
    inner: tuple[float, float],
    outer: tuple[float, float],
    material: Material,
) -> Mesh:
    """The part of a piece between two (distance outwards, height) lines."""
    low_m, high_m = piece.start_m(side.kerb_m), piece.end_m(side.kerb_m)
    share = (steps_m[(steps_m >= low_m) & (steps_m <= high_m)] - low_m) / (high_m - low_m)
    lines = []
    for lateral_m, lift_m in (inner, outer) if side.sign > 0 else (outer, inner):
        start_m, end_m = piece.start_m(lateral_m), piece.end_m(lateral_m)
        stations_m = (1.0 - share) * start_m + share * end_m  # ends exactly where the neighbour begins
        lines.append(site.road.place(stations_m, side.sign * lateral_m, lift_m))
    along_m = (low_m + share * (high_m - low_m)).astype(np.float32)
    return strip(lines[0], lines[1], along_m, material, across_m=abs(outer[0] - inner[0]))


def _close_mouth(site: Site, side: Side, line_m: list[tuple[float, float]], stone: Material) -> None:
    """Kerbs along both edges of a side road, from (distance outwards, height) points."""
    assert side.gap is not None
    lateral_m, lift_m = (np.array(values) for values in zip(*line_m, strict=True))
    low_m = np.array([_lowered(side, *point) for point in line_m])
    edges_m = np.array([side.gap.edges_m(float(distance_m)) for distance_m in lateral_m])
    faces = []
    for number in (0, 1):
        top, foot = (site.road.place(edges_m[:, number], side.sign * lateral_m, z) for z in (lift_m, low_m))
        first, second = (foot, top) if (number == 0) == (side.sign > 0) else (top, foot)
        faces.append(strip(first, second, lateral_m.astype(np.float32), stone, across_m=side.lift_kerb_m))
    site.builder.add("kerb", merged(faces))
