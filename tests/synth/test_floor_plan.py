"""Rooms of all shapes: their walls close, their corners hide what they should."""

from __future__ import annotations

import numpy as np
import pytest

from synth.floor_plan import SHAPES, Room, Slope, room_rand

L_ROOM = Room(4.0, 5.0, 2.5, blocks=((2.5, 3.0, 4.0, 5.0),))


def rooms_of_all_shapes(rng: np.random.Generator, count: int = 120) -> list[Room]:
    return [room_rand(rng, *rng.uniform((1.2, 2.2, 2.3), (8.0, 10.0, 3.2))) for _ in range(count)]


def test_a_box_has_four_walls_that_face_inwards():
    room = Room(4.0, 5.0, 2.5)
    assert [wall.length_m for wall in room.walls] == [4.0, 5.0, 4.0, 5.0]
    for wall in room.walls:
        middle, _ = wall.at(wall.length_m / 2)
        assert np.linalg.norm(middle[:2] + 0.1 * wall.inward - (2.0, 2.5)) < np.linalg.norm(middle[:2] - (2.0, 2.5))
        assert wall.is_outer and wall.hides_ends == (True, True)


def test_something_at_a_wall_has_its_back_there_and_counts_from_the_left():
    front, right, back, left = Room(4.0, 5.0, 2.5).walls
    for wall, place in ((front, (3.0, 0.0)), (back, (1.0, 5.0)), (left, (0.0, 1.0)), (right, (4.0, 4.0))):
        where, _ = wall.at(1.0)
        np.testing.assert_allclose(where[:2], place, atol=1e-12)
        left_of_where, _ = wall.at(0.9)
        # Seen from within, left is the inward direction turned clockwise from above.
        np.testing.assert_allclose(left_of_where[:2] - where[:2], 0.1 * wall.inward[[1, 0]] * (1, -1), atol=1e-12)


def test_walls_close_around_the_free_floor_of_every_shape(rng):
    """Green's theorem: the outline's area is that of the box less the blocks, whatever the shape."""
    for room in rooms_of_all_shapes(rng):
        area = 0.0
        for wall in room.walls:
            (ax, ay, _), (bx, by, _) = wall.at(0.0)[0], wall.at(wall.length_m)[0]
            area += (ax * by - bx * ay) / 2  # left to right seen from within is clockwise from above
        solid = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in room.blocks)
        assert -area == pytest.approx(room.width_m * room.depth_m - solid)


def test_what_stands_just_before_a_wall_is_free_and_just_behind_it_is_not(rng):
    for room in rooms_of_all_shapes(rng, 60):
        for wall in room.walls:
            before, behind = (wall.at(wall.length_m / 2, away)[0] for away in (1e-3, -1e-3))
            assert room.is_free(before[0], before[1]) and not room.is_free(behind[0], behind[1])


def test_only_ends_in_a_corner_of_the_room_are_hidden():
    hidden = {(wall.left_m, wall.length_m): wall.hides_ends for wall in L_ROOM.walls}
    assert hidden[((2.5, 3.0), 1.5)] == (False, True), "it faces the camera and begins at the corner"
    assert hidden[((2.5, 5.0), 2.0)] == (True, False)
    assert sum(ends.count(False) for ends in hidden.values()) == 2, "an L has one corner that points into the room"


def test_inner_walls_are_not_outer(rng):
    assert sorted(wall.is_outer for wall in L_ROOM.walls) == [False, False, True, True, True, True]


def test_the_ceiling_comes_down_to_the_knee_and_is_level_beyond_the_run():
    room = Room(
        5.0, 4.0, 2.8, slopes=(Slope(is_left=True, knee_m=1.0, run_m=2.0), Slope(is_left=False, knee_m=1.2, run_m=1.0))
    )
    assert [room.headroom_m(x) for x in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)] == pytest.approx([1.0, 1.9, 2.8, 2.8, 2.8, 1.2])


def test_a_block_hides_what_is_behind_it():
    room = Room(4.0, 4.0, 2.5, blocks=((1.5, 1.5, 2.5, 2.5),))
    assert not room.sees(np.array((0.5, 0.5)), np.array((3.5, 3.5)))
    assert room.sees(np.array((0.5, 0.5)), np.array((3.5, 0.5)))


def test_shapes_come_in_the_stated_shares(rng):
    rooms = [room_rand(rng, 5.0, 6.0, 2.5) for _ in range(2000)]
    attics = sum(bool(room.slopes) for room in rooms) / 2000
    boxes = sum(not room.slopes and not room.blocks for room in rooms) / 2000
    assert attics == pytest.approx(SHAPES["attic"][0], abs=0.03)  # four standard deviations
    assert boxes == pytest.approx(SHAPES["box"][0], abs=0.045)
    assert sum(share for share, _ in SHAPES.values()) == pytest.approx(1.0)
