"""Free space against slow oracles: rays, heights and boxes."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from synth.free_space import FreeSpace, meets_box
from synth.mesh import Material, yaw_matrix
from synth.scene import Thing
from synth.shapes import blob, box, rectangle

GREY = Material(layer=1)
EYE = np.array((0.0, -4.0, 2.0))
TABLE = box((1.2, 0.8, 0.7), GREY, at_m=(0.3, 0.0, 0.0))
THINGS = [
    Thing(kind="floor", mesh=rectangle((-5, -5, 0), (10, 0, 0), (0, 10, 0), GREY)),
    Thing(kind="table", mesh=TABLE),
    Thing(kind="ball", mesh=blob((0.8, 0.8, 0.8), GREY, at_m=(-1.5, 0.5, 0.4))),
]


@pytest.fixture(scope="module")
def space() -> FreeSpace:
    return FreeSpace(THINGS, EYE, 50.0)


def test_the_first_hit_is_that_of_trimesh(space, rng):
    soup = trimesh.util.concatenate([thing.mesh.to_trimesh() for thing in THINGS])
    directions = np.column_stack((rng.uniform(-0.6, 0.6, 200), np.ones(200), rng.uniform(-0.7, 0.1, 200)))
    places, rays, _ = soup.ray.intersects_location(np.tile(EYE, (200, 1)), directions, multiple_hits=False)
    expected_m = np.full(200, np.nan)
    expected_m[rays] = np.linalg.norm(places - EYE, axis=1)
    assert 100 < len(rays) < 200
    for direction, distance_m in zip(directions, expected_m, strict=True):
        hit = space.first_hit(direction)
        if hit is None:
            assert np.isnan(distance_m)
        else:
            assert hit[1] * np.linalg.norm(direction) == pytest.approx(
                distance_m, abs=1e-3
            )  # Embree of trimesh is off by this


def test_the_height_is_that_of_the_highest_surface_that_is_low_enough(space):
    places = np.array(((0.3, 0.0), (0.95, 0.0), (-1.5, 0.5), (9.0, 0.0)))
    np.testing.assert_allclose(space.heights_m(places, 2.0), (0.7, 0.0, 0.8, -np.inf), atol=1e-6)
    np.testing.assert_allclose(space.heights_m(places, 0.5), (0.0, 0.0, 0.0, -np.inf), atol=1e-6)


def test_tops_are_level_and_wanted(space, rng):
    triangles, sizes = space.seen_tops(np.array((False, True, False)), 0.96)
    assert len(triangles) == 2 and (sizes > 0).all()
    places = np.array([space.place_on(int(triangles[k % 2]), *pair) for k, pair in enumerate(rng.random((20, 2)))])
    np.testing.assert_allclose(places[:, 2], 0.7, atol=1e-6)
    assert (np.abs(places[:, :2] - (0.3, 0.0)) <= (0.6001, 0.4001)).all()


def test_a_box_is_free_when_it_touches_nothing_and_does_not_hold_the_eye(space):
    small = np.array((0.1, 0.1, 0.1))
    assert space.is_free(np.array((0.3, 0.0, 0.81)), small, 0.3)
    assert not space.is_free(np.array((0.3, 0.0, 0.79)), small, 0.3)
    assert not space.is_free(EYE, small, 0.0)
    beside = np.array((1.05, 0.0, 0.3))  # 15 cm from the table's side: room for a box, none for its diagonal
    assert space.is_free(beside, np.array((0.14, 0.14, 0.1)), 0.0)
    assert not space.is_free(beside, np.array((0.14, 0.14, 0.1)), np.pi / 4)


def test_nothing_is_known_beyond_the_reach():
    near = FreeSpace(THINGS, EYE, 2.5)
    assert near.first_hit(np.array((0.0, 1.0, -2.0))) is not None
    assert set(near.thing) == {0}


def slow_meets(triangle: np.ndarray, half: np.ndarray) -> bool:
    """Points all over the triangle, and the box's own points against it: close to the truth."""
    grid = np.linspace(0.0, 1.0, 60)
    s, t = (v.ravel() for v in np.meshgrid(grid, grid))
    inside = s + t <= 1.0
    points = triangle[0] + s[inside, None] * (triangle[1] - triangle[0]) + t[inside, None] * (triangle[2] - triangle[0])
    return bool((np.abs(points) <= half).all(axis=1).any())


def test_boxes_and_triangles_agree_with_points_all_over_the_triangle(rng):
    half = np.array((0.5, 0.3, 0.2))
    found = {True: 0, False: 0}
    for _ in range(300):
        triangle = rng.uniform(-1.0, 1.0, (3, 3))
        answer = meets_box(triangle[None], half)
        if slow_meets(triangle, half):
            assert answer
        elif answer:  # points may miss a corner that is dipped in: it must be no more than that
            assert slow_meets(triangle, half + 0.04)
        found[answer] += 1
    assert min(found.values()) > 40


def test_a_turned_box_is_a_turned_question(rng):
    corners = rng.uniform(-1.0, 1.0, (40, 3, 3)).astype(np.float32)
    for triangle in corners:
        turned = triangle @ yaw_matrix(0.7).T
        mesh = THINGS[0].mesh.__class__(turned, turned, turned[:, :2], np.zeros((3, 9), np.float32))
        space = FreeSpace([Thing(kind="a", mesh=mesh)], np.array((50.0, 0.0, 0.0)), 100.0)
        half = np.array((0.4, 0.2, 0.3))
        assert space.is_free(np.zeros(3), half, 0.7) == (not meets_box(triangle[None].astype(float), half))
