"""Arrangement: groups of pieces that belong together, such as tables with chairs, rows of desks, aisles of shelves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from synth.furniture import PieceMaker, fitted, round_table_rand, table_rand
from synth.occupancy import around
from synth.seating import chair_rand, stool_rand
from synth.shelving import shop_island_rand
from synth.wet_rooms import island_rand
from synth.workplace import booth_rand, lectern_rand, school_desk_rand

if TYPE_CHECKING:
    from synth.furnisher import Furnisher
    from synth.room_use import Use

Arrange = Callable[["Furnisher", "Use"], None]


def dining_set(furnisher: Furnisher, use: Use) -> None:
    """A table in the room with chairs on its sides."""
    _set_with_seats(furnisher, use, (table_rand, table_rand, round_table_rand), (chair_rand,), num_tries=12)


def kitchen_block(furnisher: Furnisher, use: Use) -> None:
    """A free block with stools, where the kitchen is large enough."""
    if min(furnisher.room.width_m, furnisher.room.depth_m) > 3.0 and furnisher.rng.random() < 0.5:
        _set_with_seats(furnisher, use, (island_rand,), (stool_rand,), num_tries=8)


def _set_with_seats(
    furnisher: Furnisher, use: Use, tables: tuple[PieceMaker, ...], seats: tuple[PieceMaker, ...], *, num_tries: int
) -> None:
    rng, room = furnisher.rng, furnisher.room
    maker, seat = tables[int(rng.integers(len(tables)))], seats[int(rng.integers(len(seats)))]
    table = fitted(maker(*furnisher.builder.streams()))
    for _ in range(num_tries):
        x, y = rng.uniform(0.28, 0.72, 2) * (room.width_m, room.depth_m)
        turn = float(rng.choice((0.0, np.pi / 2)) + rng.normal(0.0, 0.06))
        if furnisher.stand_piece(maker.__name__, table, float(x), float(y), turn, use, 0.05):
            break
    else:
        return
    for side in range(4):
        spin = turn + side * np.pi / 2
        out = np.array((-np.sin(spin), np.cos(spin)))
        for shift in (-0.3, 0.3) if side % 2 == 0 else (0.0,):
            if rng.random() > 0.85:
                continue
            piece, face = fitted(seat(*furnisher.builder.streams())), spin + np.pi + float(rng.normal(0, 0.2))
            for away in (0.55, 0.7, 0.85, 1.0, 1.15):  # as close to the table as there is room
                at = np.array((x, y)) + out * away + np.array((np.cos(spin), np.sin(spin))) * shift
                if furnisher.stand_piece(seat.__name__, piece, float(at[0]), float(at[1]), face, use, 0.0):
                    break


def class_rows(furnisher: Furnisher, use: Use) -> None:
    """Rows of desks with chairs that all face one wall, and a lectern before it."""
    _rows(
        furnisher, use, school_desk_rand, pitch_m=(furnisher.rng.uniform(1.25, 1.5), furnisher.rng.uniform(0.75, 1.5))
    )
    furnisher.in_the_middle(lectern_rand, use)


def office_rows(furnisher: Furnisher, use: Use) -> None:
    """Rows of booths or desks in a larger office."""
    room = furnisher.room
    if min(room.width_m, room.depth_m) > 4.0 and furnisher.rng.random() < 0.75:
        maker = booth_rand if furnisher.rng.random() < 0.5 else school_desk_rand
        pitch = furnisher.rng.uniform(1.75, 2.2), furnisher.rng.uniform(1.6, 1.9)
        _rows(furnisher, use, maker, pitch_m=(float(pitch[0]), float(pitch[1])))


def shop_aisles(furnisher: Furnisher, use: Use) -> None:
    """Double shelves in parallel lines with aisles between them."""
    rng, room = furnisher.rng, furnisher.room
    along_y = rng.random() < 0.65
    wide, long = (room.width_m, room.depth_m) if along_y else (room.depth_m, room.width_m)
    pitch = float(rng.uniform(1.9, 2.6))
    for across in np.arange(1.4 + rng.uniform(0, 0.6), wide - 1.2, pitch):
        for along in np.arange(1.6, long - 1.2, 2.75):
            x, y = map(float, (across, along) if along_y else (along, across))
            if not furnisher.space.is_free(around(x, y, 0.4), 0.0, 1.5):
                continue
            furnisher.stand(shop_island_rand, x, y, np.pi / 2 if along_y else 0.0, use, gap_m=0.0)


def _rows(furnisher: Furnisher, use: Use, maker: PieceMaker, *, pitch_m: tuple[float, float]) -> None:
    """A grid of equal places, all facing the same way; some are empty."""
    rng, room = furnisher.rng, furnisher.room
    turn = float(rng.choice((0.0, np.pi / 2, np.pi, -np.pi / 2), p=(0.3, 0.2, 0.3, 0.2)))
    along_x = abs(np.cos(turn)) > 0.5
    step_x, step_y = (pitch_m[1], pitch_m[0]) if along_x else pitch_m
    for x in np.arange(0.9 + rng.uniform(0, 0.3), room.width_m - 0.8, max(step_x, 1.35 if along_x else 0.0)):
        for y in np.arange(1.0 + rng.uniform(0, 0.3), room.depth_m - 0.8, max(step_y, 0.0 if along_x else 1.35)):
            if rng.random() < 0.88:
                shake = rng.normal(0.0, 0.02, 3)
                furnisher.stand(maker, float(x + shake[0]), float(y + shake[1]), turn + float(shake[2]), use, gap_m=0.0)
