"""Ground: the road with its markings, kerbs, sidewalks, verges and fields."""

from __future__ import annotations

import numpy as np

from synth.builder import Builder
from synth.mesh import Material
from synth.paint import Paint
from synth.road import Road
from synth.street_plan import Plan, Side, Street

KERB_M = 0.16
"""Width of the kerb stones."""


def lay_ground(builder: Builder, rng: np.random.Generator, road: Road, plan: Plan, street: Street) -> None:
    """Add every surface that lies on the ground; all of them reach to the horizon."""
    _, paint = builder.streams()
    families = (
        "asphalt",
        "asphalt",
        "asphalt",
        "asphalt",
        "concrete",
        "cobbles" if street.buildings > 0.5 else "asphalt",
    )
    gloss = float(rng.choice((0.1, 0.25)))
    asphalt = paint.of(*families, tile_m=(2.5, 5.0), spread=0.25, gloss=gloss, variation=0.5)
    builder.add("road", road.ribbon((-plan.left.kerb_m, 0.0), (plan.right.kerb_m, 0.0), asphalt))
    _paint_lines(builder, rng, road, plan, street, paint)
    for side in (plan.left, plan.right):
        _lay_side(builder, rng, road, side)


def _paint_lines(
    builder: Builder, rng: np.random.Generator, road: Road, plan: Plan, street: Street, paint: Paint
) -> None:
    white = paint.of("plaster", "concrete", tint=(1.25, 1.25, 1.25), tile_m=1.0, gloss=0.2)
    left_m, right_m = -plan.left.road_m, plan.right.road_m
    if street.is_town or rng.random() < 0.75:
        dash_m, gap_m = (6.0, 12.0) if street.is_motorway else (3.0, 3.0)
        gap_m = gap_m if rng.random() < 0.8 else 0.0
        between = plan.lane_m * (np.arange(-8, 9) + 0.5)
        for lateral_m in between[(between > left_m + 0.8) & (between < right_m - 0.8)]:
            line = road.markings(float(lateral_m), white, width_m=0.12, dash_m=dash_m, gap_m=gap_m)
            builder.add("marking", line, casts_shadow=False)
    if rng.random() < 0.6:
        for lateral_m in (left_m + 0.2, right_m - 0.2):
            line = road.markings(lateral_m, white, width_m=0.14, dash_m=1.0, gap_m=0.0)
            builder.add("marking", line, casts_shadow=False)


def _lay_side(builder: Builder, rng: np.random.Generator, road: Road, side: Side) -> None:
    _, paint = builder.streams()

    def lay(kind: str, inner: tuple[float, float], outer: tuple[float, float], material: Material) -> None:
        """A strip between (distance outwards, height) lines."""
        a, b = (side.sign * inner[0], inner[1]), (side.sign * outer[0], outer[1])
        builder.add(kind, road.ribbon(*((a, b) if side.sign > 0 else (b, a)), material))

    top_m, kerb_m = side.lift_kerb_m, side.kerb_m
    if top_m > 0.0:
        stone = paint.of("concrete", tile_m=1.0, tint=(1.1, 1.1, 1.1), spread=0.2)
        floors = ("cobbles", "cobbles", "concrete", "asphalt", "asphalt", "stones")
        paving = paint.of(*floors, tile_m=(1.2, 3.0), tint=(0.95, 0.95, 0.92), spread=0.2)
        lay("kerb", (kerb_m, 0.0), (kerb_m + 0.01, top_m), stone)
        lay("kerb", (kerb_m + 0.01, top_m), (kerb_m + KERB_M, top_m), stone)
        lay("sidewalk", (kerb_m + KERB_M, top_m), (side.sidewalk_m, top_m), paving)
    lawn = ("grass", "grass", "grass", "soil", "cobbles" if top_m else "grass")
    verge = paint.of(*lawn, tile_m=(1.5, 3.5), spread=0.25, variation=0.7)
    lay("verge", (side.sidewalk_m, top_m), (side.lots_m, side.lift_lots_m), verge)
    field = paint.of("grass", "grass", "soil", tile_m=(2.5, 6.0), spread=0.3, variation=0.8)
    hill = (side.lots_m + 30.0, side.lift_hill_m)
    lay("field", (side.lots_m, side.lift_lots_m), hill, field)
    lay("field", hill, (hill[0] + 290.0, hill[1] + float(rng.normal(2.0, 8.0))), field)
