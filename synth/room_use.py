"""Room use: what a room is for, and what therefore stands in it."""

from __future__ import annotations

from dataclasses import dataclass

from synth import clutter
from synth.arrangement import Arrange, class_rows, dining_set, kitchen_block, office_rows, shop_aisles
from synth.beds import bed_rand
from synth.belongings import bag_rand
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
from synth.seating import (
    armchair_rand,
    bench_rand,
    chair_rand,
    office_chair_rand,
    school_chair_rand,
    sofa_rand,
    stool_rand,
)
from synth.shelving import clothes_rail_rand, pantry_rand, shelves_rand, shop_shelf_rand
from synth.storage import bookshelf_rand, cabinet_rand, counter_rand, desk_rand, fridge_rand
from synth.wet_rooms import oven_tower_rand, shower_rand, sink_rand, stove_rand
from synth.workplace import (
    copier_rand,
    drying_rack_rand,
    easel_board_rand,
    ironing_board_rand,
    ladder_rand,
    lectern_rand,
    lockers_rand,
    machine_rand,
    trolley_rand,
    tyres_rand,
    washer_rand,
    workbench_rand,
)

Clutter = tuple[clutter.ClutterMaker, ...]
Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What a room is for."""

    share: float
    """How often this use is drawn."""
    width_m: Span
    depth_m: Span
    height_m: Span = (2.3, 3.0)
    at_walls: tuple[PieceMaker, ...]
    """Drawn from, again and again, until the walls are full."""
    num_at_walls: tuple[int, int] = (6, 15)
    first: tuple[PieceMaker, ...] = ()
    """Placed before all others: what makes the room what it is."""
    arrange: tuple[Arrange, ...] = ()
    """Groups of pieces, placed before anything else."""
    free: tuple[PieceMaker, ...] = ()
    """Stand in the room."""
    num_free: tuple[int, int] = (0, 2)
    tops: Clutter = clutter.TABLE_TOP
    floor: Clutter = clutter.FLOOR
    num_on_floor: float = 6.5
    """Mean number of things on the floor."""
    chair: PieceMaker = chair_rand
    """What is drawn up to desks."""
    num_people: float = 0.12
    """Mean number of people who stand."""
    seated_share: float = 0.04
    """How often somebody sits on a seat."""
    rug_share: float = 0.4


USES: dict[str, Use] = {
    "bedroom": Use(
        share=0.17,
        width_m=(2.4, 4.8),
        depth_m=(2.9, 5.6),
        first=(bed_rand,),
        at_walls=(
            cabinet_rand, cabinet_rand, cabinet_rand, bookshelf_rand, desk_rand, chair_rand, floor_lamp_rand,
            crates_rand, plant_rand, clothes_rail_rand, pantry_rand, armchair_rand, stool_rand, bed_rand,
        ),
        free=(chair_rand, crates_rand, stool_rand, drying_rack_rand),
        num_free=(0, 1),
        num_on_floor=7.0,
    ),
    "living room": Use(
        share=0.18,
        width_m=(3.0, 7.0),
        depth_m=(3.4, 7.6),
        first=(sofa_rand, television_rand),
        at_walls=(
            sofa_rand, armchair_rand, bookshelf_rand, bookshelf_rand, pantry_rand, cabinet_rand, table_rand, plant_rand,
            plant_rand, floor_lamp_rand, chair_rand, bench_rand, desk_rand,
        ),
        free=(low_table_rand, low_table_rand, low_table_rand, sofa_rand, armchair_rand, round_table_rand, stool_rand),
        num_free=(1, 4),
        seated_share=0.08,
        rug_share=0.6,
    ),
    "kitchen": Use(
        share=0.15,
        width_m=(2.0, 5.0),
        depth_m=(2.6, 6.0),
        arrange=(kitchen_block,),
        first=(counter_rand, fridge_rand),
        at_walls=(
            counter_rand, counter_rand, counter_rand, fridge_rand, oven_tower_rand, stove_rand, cabinet_rand,
            table_rand, pantry_rand, shelves_rand, trolley_rand, washer_rand,
        ),
        free=(round_table_rand, table_rand, chair_rand, stool_rand, stool_rand),
        num_free=(0, 3),
        tops=clutter.KITCHEN_TOP,
        num_on_floor=3.0,
        rug_share=0.2,
    ),
    "bathroom": Use(
        share=0.07,
        width_m=(1.7, 3.4),
        depth_m=(2.2, 4.0),
        first=(washstand_rand, toilet_rand, bath_rand, shower_rand),
        at_walls=(cabinet_rand, crates_rand, sink_rand, washer_rand, stool_rand, pantry_rand, plant_rand),
        num_free=(0, 0),
        tops=clutter.BATH_TOP,
        floor=clutter.WET_FLOOR,
        num_on_floor=2.5,
        num_people=0.05,
    ),
    "office": Use(
        share=0.13,
        width_m=(2.6, 8.0),
        depth_m=(3.0, 9.0),
        height_m=(2.4, 3.2),
        arrange=(office_rows,),
        first=(desk_rand,),
        at_walls=(
            desk_rand, desk_rand, bookshelf_rand, bookshelf_rand, lockers_rand, lockers_rand, cabinet_rand, chair_rand,
            crates_rand, plant_rand, copier_rand, easel_board_rand, shelves_rand,
        ),
        free=(office_chair_rand, chair_rand, desk_rand, easel_board_rand),
        num_free=(0, 3),
        tops=clutter.DESK_TOP,
        floor=clutter.WORK_FLOOR,
        chair=office_chair_rand,
        num_people=0.25,
        seated_share=0.15,
        rug_share=0.1,
    ),
    "dining room": Use(
        share=0.08,
        width_m=(2.9, 5.4),
        depth_m=(3.1, 6.2),
        arrange=(dining_set,),
        first=(cabinet_rand,),
        at_walls=(
            cabinet_rand, cabinet_rand, bookshelf_rand, pantry_rand, plant_rand, chair_rand, sofa_rand, bench_rand,
            floor_lamp_rand, trolley_rand,
        ),
        free=(chair_rand, armchair_rand),
        seated_share=0.12,
        num_on_floor=3.5,
    ),
    "classroom": Use(
        share=0.05,
        width_m=(5.0, 8.5),
        depth_m=(5.5, 9.5),
        height_m=(2.7, 3.4),
        arrange=(class_rows,),
        at_walls=(bookshelf_rand, pantry_rand, lockers_rand, cabinet_rand, easel_board_rand, shelves_rand, sink_rand),
        num_at_walls=(3, 9),
        tops=(clutter.paper_rand, clutter.book_pile_rand, clutter.laptop_rand, bag_rand, clutter.bottle_rand),
        floor=clutter.WORK_FLOOR,
        chair=school_chair_rand,
        num_people=0.4,
        seated_share=0.15,
        rug_share=0.0,
    ),
    "shop": Use(
        share=0.04,
        width_m=(4.5, 9.0),
        depth_m=(5.5, 11.0),
        height_m=(2.7, 3.6),
        arrange=(shop_aisles,),
        at_walls=(shop_shelf_rand, shop_shelf_rand, shop_shelf_rand, shop_shelf_rand, clothes_rail_rand, fridge_rand),
        num_at_walls=(8, 18),
        free=(clothes_rail_rand, table_rand, lectern_rand, crates_rand),
        num_free=(1, 5),
        tops=clutter.SHOP_TOP,
        floor=(clutter.carton_rand, clutter.carton_rand, clutter.basket_rand, bag_rand),
        num_people=0.8,
        rug_share=0.0,
    ),
    "laundry": Use(
        share=0.03,
        width_m=(1.9, 3.8),
        depth_m=(2.3, 4.5),
        first=(washer_rand, washer_rand, sink_rand),
        at_walls=(
            washer_rand, shelves_rand, pantry_rand, ironing_board_rand, drying_rack_rand, crates_rand, cabinet_rand,
            trolley_rand, ladder_rand,
        ),
        free=(drying_rack_rand, ironing_board_rand, trolley_rand),
        num_free=(0, 2),
        tops=clutter.BATH_TOP,
        floor=clutter.WET_FLOOR,
        num_on_floor=6.0,
        rug_share=0.1,
    ),
    "workshop": Use(
        share=0.04,
        width_m=(3.0, 6.5),
        depth_m=(3.5, 8.0),
        height_m=(2.4, 3.6),
        first=(workbench_rand, shelves_rand),
        at_walls=(
            workbench_rand, shelves_rand, shelves_rand, machine_rand, tyres_rand, lockers_rand, crates_rand,
            ladder_rand, trolley_rand, cabinet_rand,
        ),
        free=(workbench_rand, machine_rand, trolley_rand, ladder_rand, stool_rand, tyres_rand),
        num_free=(1, 5),
        tops=clutter.WORK_TOP,
        floor=clutter.WORKSHOP_FLOOR,
        num_on_floor=7.0,
        num_people=0.2,
        rug_share=0.05,
    ),
    "corridor": Use(
        share=0.03,
        width_m=(1.15, 2.0),
        depth_m=(5.0, 12.0),
        at_walls=(
            bench_rand, cabinet_rand, lockers_rand, plant_rand, bookshelf_rand, chair_rand, crates_rand, trolley_rand,
            copier_rand,
        ),
        num_at_walls=(4, 12),
        num_on_floor=3.0,
        num_people=0.3,
        rug_share=0.3,
    ),
    "hall": Use(
        share=0.03,
        width_m=(5.0, 9.5),
        depth_m=(6.0, 10.0),
        height_m=(2.7, 4.0),
        at_walls=(
            bookshelf_rand, cabinet_rand, table_rand, chair_rand, sofa_rand, bench_rand, plant_rand, lockers_rand,
        ),
        free=(table_rand, desk_rand, round_table_rand, chair_rand, chair_rand, armchair_rand, sofa_rand),
        num_free=(6, 16),
        num_people=0.8,
    ),
}  # fmt: skip
