"""Room use: what a room is for, and what therefore stands in it."""

from __future__ import annotations

from dataclasses import dataclass

from synth import clutter
from synth.fittings import (
    bath_rand,
    crates_rand,
    floor_lamp_rand,
    plant_rand,
    television_rand,
    toilet_rand,
    washstand_rand,
)
from synth.furniture import PieceMaker, low_table_rand, round_table_rand, table_rand
from synth.seating import bed_rand, chair_rand, sofa_rand
from synth.storage import bookshelf_rand, cabinet_rand, counter_rand, desk_rand, fridge_rand

Clutter = tuple[clutter.ClutterMaker, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What a room is for."""

    share: float
    """How often this use is drawn."""
    width_m: tuple[float, float]
    depth_m: tuple[float, float]
    at_walls: tuple[PieceMaker, ...]
    """Drawn from, again and again, until the walls are full."""
    first: tuple[PieceMaker, ...] = ()
    """Placed before all others: what makes the room what it is."""
    free: tuple[PieceMaker, ...] = ()
    """Stand in the room."""
    num_free: tuple[int, int] = (0, 2)
    tops: Clutter = clutter.TABLE_TOP


USES: dict[str, Use] = {
    "bedroom": Use(
        share=0.22,
        width_m=(2.6, 4.6),
        depth_m=(3.0, 5.2),
        first=(bed_rand,),
        at_walls=(
            cabinet_rand,
            cabinet_rand,
            bookshelf_rand,
            desk_rand,
            chair_rand,
            floor_lamp_rand,
            crates_rand,
            plant_rand,
        ),
        free=(chair_rand, crates_rand),
        num_free=(0, 1),
        tops=clutter.TABLE_TOP,
    ),
    "living room": Use(
        share=0.24,
        width_m=(3.2, 6.5),
        depth_m=(3.5, 7.0),
        first=(sofa_rand, television_rand),
        at_walls=(sofa_rand, bookshelf_rand, cabinet_rand, table_rand, plant_rand, floor_lamp_rand, chair_rand),
        free=(low_table_rand, low_table_rand, sofa_rand, round_table_rand, chair_rand),
        num_free=(1, 3),
        tops=clutter.TABLE_TOP,
    ),
    "kitchen": Use(
        share=0.18,
        width_m=(2.2, 4.8),
        depth_m=(2.8, 5.5),
        first=(counter_rand, fridge_rand),
        at_walls=(counter_rand, counter_rand, fridge_rand, cabinet_rand, table_rand, bookshelf_rand),
        free=(round_table_rand, table_rand, chair_rand, chair_rand),
        num_free=(0, 3),
        tops=clutter.KITCHEN_TOP,
    ),
    "bathroom": Use(
        share=0.08,
        width_m=(1.8, 3.2),
        depth_m=(2.4, 3.8),
        first=(washstand_rand, toilet_rand, bath_rand),
        at_walls=(cabinet_rand, crates_rand),
        num_free=(0, 0),
        tops=clutter.BATH_TOP,
    ),
    "office": Use(
        share=0.16,
        width_m=(2.6, 6.5),
        depth_m=(3.0, 7.0),
        first=(desk_rand,),
        at_walls=(
            desk_rand,
            desk_rand,
            bookshelf_rand,
            bookshelf_rand,
            cabinet_rand,
            chair_rand,
            crates_rand,
            plant_rand,
        ),
        free=(chair_rand, chair_rand, desk_rand),
        num_free=(1, 4),
        tops=clutter.DESK_TOP,
    ),
    "dining room": Use(
        share=0.08,
        width_m=(3.0, 5.0),
        depth_m=(3.2, 5.5),
        first=(cabinet_rand,),
        at_walls=(cabinet_rand, bookshelf_rand, plant_rand, chair_rand, sofa_rand),
        free=(table_rand, chair_rand, chair_rand, chair_rand),
        num_free=(3, 6),
        tops=clutter.TABLE_TOP,
    ),
    "hall": Use(
        share=0.04,
        width_m=(5.0, 9.5),
        depth_m=(6.0, 10.0),
        at_walls=(bookshelf_rand, cabinet_rand, table_rand, chair_rand, sofa_rand),
        free=(table_rand, desk_rand, round_table_rand, chair_rand, chair_rand, chair_rand),
        num_free=(6, 16),
        tops=clutter.DESK_TOP,
    ),
}
