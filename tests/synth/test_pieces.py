"""Every piece of furniture and every small thing, by what all of them promise."""

from __future__ import annotations

import numpy as np
import pytest

from synth import clutter
from synth.floor_plan import Room
from synth.furniture import fitted
from synth.hangings import HANGINGS
from synth.luminaire import LUMINAIRES
from synth.paint import Paint
from synth.residents import seated_rand, standing_rand
from synth.room_use import USES
from synth.warehouse import AT_WALLS, LOOSE

PIECES = {
    maker.__name__: maker
    for makers in (*((*use.first, *use.at_walls, *use.free, use.chair) for use in USES.values()), LOOSE, AT_WALLS)
    for maker in makers
}
THINGS = {
    maker.__name__: maker
    for makers in (*((*use.tops, *use.floor) for use in USES.values()), *clutter.BY_PIECE.values())
    for maker in makers
}


def make(maker, bank, seed: int):
    return maker(np.random.default_rng([seed, 1]), Paint(np.random.default_rng([seed, 2]), bank))


@pytest.mark.parametrize("name", sorted(PIECES))
def test_a_piece_stands_on_the_floor_before_its_wall_within_its_size(bank, name):
    for seed in range(4):
        piece = fitted(make(PIECES[name], bank, seed))
        low, high = piece.mesh.bounds_m()
        width, depth, height = piece.size_m
        assert low[1] > -1e-5, "nothing reaches into the wall"
        assert -0.06 < low[2] < 0.06, f"it stands at {low[2]:.3f} m"
        assert -width / 2 - 1e-4 < low[0] and high[0] < width / 2 + 1e-4
        assert high[1] < depth + 1e-4 and high[2] < height + 1e-4
        assert np.isfinite(piece.mesh.positions_m).all() and piece.mesh.num_triangles < 20_000
        for x0, x1, y0, y1, z in piece.tops:
            assert -width / 2 - 1e-6 <= x0 and x1 <= width / 2 + 1e-6 and -1e-6 <= y0 and y1 <= depth + 1e-6
            assert 0.1 < z <= height + 0.01
        for x, y, z in piece.seats:
            assert abs(x) < width / 2 and 0.0 < y < depth and 0.25 < z < 0.9


@pytest.mark.parametrize("name", sorted(THINGS))
def test_a_small_thing_stands_on_the_ground_and_is_small(bank, name):
    for seed in range(6):
        low, high = make(THINGS[name], bank, seed).bounds_m()
        assert -0.02 < low[2] < 0.02, f"it stands at {low[2]:.3f} m"
        assert (high - low)[:2].max() < 1.1 and high[2] < 1.0
        assert np.abs((low + high)[:2] / 2).max() < 0.35, "it lies around the origin"


@pytest.mark.parametrize("maker", sorted(set(HANGINGS), key=lambda maker: maker.__name__), ids=lambda m: m.__name__)
def test_what_hangs_touches_the_wall_and_not_the_floor(bank, maker):
    for seed in range(5):
        low, high = make(maker, bank, seed).bounds_m()
        assert -0.02 < low[1] < 0.06 and high[1] < 0.6
        assert low[2] > -0.001 and high[2] < 2.6


@pytest.mark.parametrize("maker", sorted(set(LUMINAIRES), key=lambda maker: maker.__name__), ids=lambda m: m.__name__)
def test_a_luminaire_hangs_from_the_ceiling_within_the_room(bank, maker):
    room = Room(3.0, 3.5, 2.4)
    for seed in range(5):
        mesh, drop_m = maker(
            np.random.default_rng([seed, 1]), Paint(np.random.default_rng(seed), bank), room, (1.2, 1.5)
        )
        low, high = mesh.bounds_m()
        assert high[2] == pytest.approx(room.height_m, abs=0.01) and low[2] > 1.2
        assert (low[:2] > 0.0).all() and high[0] < room.width_m and high[1] < room.depth_m
        assert 0.0 < drop_m < 1.0


def test_people_have_the_size_of_people(bank):
    heights = []
    for seed in range(40):
        low, high = make(standing_rand, bank, seed).bounds_m()
        heights.append(high[2] - low[2])
        assert abs(low[2]) < 0.02 and (high - low)[:2].max() < 1.1
    assert 0.85 < min(heights) and max(heights) < 2.05 and 1.6 < np.median(heights) < 1.8


@pytest.mark.parametrize("seat_m", [0.36, 0.45, 0.7])
def test_somebody_who_sits_rests_on_the_seat_with_the_feet_on_the_floor(bank, seat_m):
    for seed in range(5):
        maker = seated_rand(np.random.default_rng(seed), Paint(np.random.default_rng(seed), bank), seat_m)
        low, high = maker.bounds_m()
        assert -0.02 < low[2] < 0.03 and seat_m + 0.75 < high[2] < seat_m + 1.0
        assert -0.35 < low[1] and high[1] < 0.8
