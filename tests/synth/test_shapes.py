"""Every shape is closed, faces outwards and has the size that was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from synth.mesh import Material, merged, yaw_matrix
from synth.shapes import (
    blob,
    blobs,
    box,
    boxes,
    copies,
    cylinder,
    gable,
    lathe,
    loft,
    lumps_rand,
    painted_boxes,
    rectangle,
    strip,
    tube,
)

GREY = Material(layer=1)
SHAPES = {
    "box": box((1.0, 2.0, 3.0), GREY, at_m=(0.5, 0.0, 1.0)),
    "cylinder": cylinder(0.5, 2.0, GREY),
    "cone": cylinder(0.5, 2.0, GREY, top=0.0),
    "lathe": lathe(((0.0, 0.0), (0.4, 0.0), (0.2, 0.5), (0.5, 1.0), (0.0, 1.2)), GREY),
    "cup": lathe(((0.0, 0.0), (0.6, 0.0), (1.0, 1.0), (0.9, 1.0), (0.5, 0.1), (0.0, 0.1)), GREY),
    "tube": tube((0.0, 0.0, 0.0), (1.0, 2.0, -1.0), 0.2, GREY),
    "upright tube": tube((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 0.2, GREY),
    "ball": blob((1.0, 2.0, 3.0), GREY),
    "cushion": blob((1.0, 2.0, 3.0), GREY, squareness=0.7),
    "lumpy": blob((1.0, 1.0, 1.0), GREY, lumps=lumps_rand(np.random.default_rng(0), 7, 0.4)),
    "gable": gable((8.0, 6.0, 2.0), GREY, GREY, at_m=(0.0, 0.0, 5.0)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_solid_is_closed_and_faces_outwards(name):
    mesh = SHAPES[name].to_trimesh()
    assert mesh.is_watertight
    assert mesh.volume > 0.0


@pytest.mark.parametrize("name", SHAPES)
def test_shading_normals_are_unit_vectors_on_the_side_of_their_face(name):
    mesh = SHAPES[name]
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-5)
    corners = mesh.positions_m.reshape(-1, 3, 3)
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((mesh.normals.reshape(-1, 3, 3).mean(1) * flat).sum(1) > 0.0).all()


def test_volumes_are_those_of_the_formulas():
    assert SHAPES["box"].to_trimesh().volume == pytest.approx(6.0, rel=1e-5)
    exact = 0.5 * 12 * 0.25 * np.sin(2 * np.pi / 12) * 2.0  # prism over a regular dodecagon
    assert SHAPES["cylinder"].to_trimesh().volume == pytest.approx(exact, rel=1e-5)
    ball = blob((2.0, 2.0, 2.0), GREY, subdivisions=4).to_trimesh().volume
    assert ball == pytest.approx(4.0 / 3.0 * np.pi, rel=0.01)


def test_a_box_stands_on_its_place():
    low, high = SHAPES["box"].bounds_m()
    np.testing.assert_allclose((low, high), ((0.0, -1.0, 1.0), (1.0, 1.0, 4.0)), atol=1e-6)


def test_many_boxes_are_as_one_by_one():
    rng = np.random.default_rng(0)
    sizes, places, turns = rng.uniform(0.1, 1.0, (5, 3)), rng.normal(size=(5, 3)), rng.uniform(0, 6, 5)
    together = boxes(sizes, places, GREY, yaw_rad=turns)
    one_by_one = merged(
        [
            box(size, GREY).moved((0, 0, 0), yaw_rad=turn).moved(place)
            for size, place, turn in zip(sizes, places, turns, strict=True)
        ]
    )
    np.testing.assert_allclose(together.positions_m, one_by_one.positions_m, atol=1e-6)
    np.testing.assert_allclose(together.normals, one_by_one.normals, atol=1e-5)


def test_many_balls_are_as_one_by_one():
    rng = np.random.default_rng(0)
    sizes, places, lumps = rng.uniform(0.1, 1.0, (3, 3)), rng.normal(size=(3, 3)), lumps_rand(rng, (3, 5), 0.3)
    together = blobs(sizes, places, GREY, lumps=lumps)
    one_by_one = merged([blob(sizes[k], GREY, at_m=places[k], lumps=lumps[k]) for k in range(3)])
    np.testing.assert_allclose(together.positions_m, one_by_one.positions_m, atol=1e-6)


def test_a_tube_ends_where_it_should():
    start, end = np.array((1.0, 2.0, 3.0)), np.array((0.0, 4.0, 1.0))
    points = tube(start, end, 0.1, GREY).positions_m
    along = (points - start) @ (end - start) / np.linalg.norm(end - start)
    assert along.min() == pytest.approx(0.0, abs=1e-5)
    assert along.max() == pytest.approx(3.0, abs=1e-5)


def test_flat_patches_face_as_their_docstrings_say():
    patch = rectangle((0, 0, 0), (2.0, 0, 0), (0, 1.0, 0), GREY)
    np.testing.assert_array_equal(patch.normals, np.tile((0.0, 0.0, 1.0), (6, 1)))
    steps = np.array((0.0, 1.0, 2.0))
    left = np.stack((-np.ones(3), steps, np.zeros(3)), axis=1)
    ribbon = strip(left, left + (2.0, 0.0, 0.0), steps, GREY, across_m=2.0)
    np.testing.assert_array_equal(ribbon.normals, np.tile((0.0, 0.0, 1.0), (12, 1)))


def test_texture_coordinates_are_metres_over_tile_edge():
    patch = rectangle((0, 0, 0), (3.0, 0, 0), (0, 1.5, 0), Material(layer=1, tile_m=0.5))
    np.testing.assert_allclose(patch.uv.max(axis=0), (6.0, 3.0))
    wide = box((4.0, 1.0, 1.0), Material(layer=1, tile_m=2.0))
    assert np.ptp(wide.uv[:, 0]) == pytest.approx(2.0)


def test_a_loft_is_closed_and_paints_the_patches_it_is_told():
    paints = [Material(layer=k) for k in range(3)]
    ring = np.array(((-1.0, 0.0, 0.0), (-1.0, 0.0, 1.0), (1.0, 0.0, 1.0), (1.0, 0.0, 0.0)))
    rings = np.stack((ring, ring + (0.0, 2.0, 0.0)))
    hull = loft(rings, [(paints[0], paints[1], paints[0], paints[0])], paints[2])
    mesh = hull.to_trimesh()
    assert mesh.is_watertight and mesh.volume == pytest.approx(4.0)
    top = hull.positions_m[hull.look[:, 4] == 1]
    assert (top[:, 2] == 1.0).all() and len(top) == 6
    assert (hull.look[:, 4] == 2).sum() == 12


def test_turning_by_yaw_is_counter_clockwise_from_above():
    np.testing.assert_allclose(yaw_matrix(np.pi / 2) @ (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), atol=1e-7)


def test_painted_boxes_are_the_boxes_one_by_one():
    red = Material(layer=2, tint=(1.0, 0.0, 0.0), tile_m=0.5, offset=(0.3, 0.1))
    rows = ((GREY, (1.0, 2.0, 3.0), (0.0, 1.0, 2.0)), (red, (0.2, 0.3, 0.4), (-1.0, 0.0, 0.5)))
    expected = merged([box(size, material, at_m=place) for material, size, place in rows])
    together = painted_boxes(rows)
    for field in ("positions_m", "normals", "uv", "look"):
        np.testing.assert_allclose(getattr(together, field), getattr(expected, field), atol=1e-6)


def test_copies_are_the_thing_moved_to_each_place():
    rod, places = tube((0, 0, 0), (0, 0, 1), 0.1, GREY), np.array(((1.0, 2.0, 3.0), (-1.0, 0.0, 0.0)))
    expected = merged([rod.moved(place) for place in places])
    np.testing.assert_allclose(copies(rod, places).positions_m, expected.positions_m, atol=1e-6)
    np.testing.assert_array_equal(copies(rod, places).look, expected.look)


def test_a_cylinder_is_the_lathe_of_its_profile():
    material = Material(layer=2, tile_m=0.7, offset=(0.2, 0.4))
    fast = cylinder(0.4, 1.5, material, at_m=(1.0, 2.0, 3.0), sections=10)
    profile = ((0.0, 0.0), (0.4, 0.0), (0.4, 1.5), (0.0, 1.5))
    slow = lathe(profile, material, at_m=(1.0, 2.0, 3.0), sections=10)
    for field in ("positions_m", "normals", "uv", "look"):
        np.testing.assert_allclose(getattr(fast, field), getattr(slow, field), atol=1e-5)
