"""What stands in scenes: things on the ground, inside the room, not in the camera; statistics of the samplers."""

from __future__ import annotations

import numpy as np
import pytest

from mde.domain import DRIVING, INDOOR
from synth.driving import driving_scene_rand
from synth.indoor import indoor_scene_rand
from synth.pose import pose_from_angles
from synth.room import Room
from synth.scene import RejectedScene, Scene

PURPOSES = ("layout", "surfaces", "light", "camera", "sensor")


def draw(maker, bank, camera, seed: int) -> Scene:
    streams = {name: np.random.default_rng([seed, k]) for k, name in enumerate(PURPOSES)}
    return maker(streams, bank, camera)


@pytest.fixture(scope="module")
def streets(bank) -> list[Scene]:
    return [draw(driving_scene_rand, bank, DRIVING.camera, seed) for seed in range(12)]


@pytest.fixture(scope="module")
def rooms(bank) -> list[Scene]:
    found: list[Scene] = []
    for seed in range(30):
        try:
            found.append(draw(indoor_scene_rand, bank, INDOOR.camera, seed))
        except RejectedScene:
            continue
    assert len(found) >= 24, "most draws of a room must be of use"
    return found


def test_every_mesh_is_finite_and_made_of_whole_triangles(streets, rooms):
    for scene in (*streets, *rooms):
        for thing in scene.things:
            mesh = thing.mesh
            assert len(mesh.positions_m) % 3 == 0 and mesh.num_triangles > 0
            assert all(np.isfinite(part).all() for part in (mesh.positions_m, mesh.normals, mesh.uv, mesh.look))


def test_furniture_stays_inside_the_room_and_stands_on_something(rooms):
    outside = {"wall", "frame", "window", "door", "passage", "curtain", "blind", "skirting"}
    for scene in rooms:
        (x0, y0, z0), (x1, y1, z1) = scene.surrounding.room_m
        for thing in scene.things:
            if thing.kind in outside:
                continue
            low, high = thing.mesh.bounds_m()
            assert (low > np.array((x0, y0, z0)) - 0.06).all(), thing.kind
            assert (high < np.array((x1, y1, z1)) + 0.06).all(), thing.kind
            if thing.kind not in ("picture", "lamp", "clutter", "ceiling"):
                assert abs(low[2]) < 0.05, f"a {thing.kind} floats at {low[2]:.2f} m"


def test_the_camera_is_inside_the_room_and_in_no_box(rooms):
    for scene in rooms:
        eye = scene.world_from_camera[:3, 3]
        low, high = np.array(scene.surrounding.room_m)
        assert (eye > low + 0.2).all() and (eye < high - 0.2).all()
        for thing in scene.things:
            if thing.kind in ("clutter", "wall", "floor", "ceiling", "rug", "passage", "skirting", "frame", "curtain"):
                continue
            bottom, top = thing.mesh.bounds_m()
            assert not ((eye > bottom) & (eye < top)).all(), thing.kind


def test_camera_heights_are_those_of_the_benchmarks(streets, rooms):
    assert all(1.4 < scene.world_from_camera[2, 3] < 1.9 for scene in streets)
    assert all(0.8 <= scene.world_from_camera[2, 3] <= 1.9 for scene in rooms)


def test_a_pose_without_angles_looks_along_y_with_the_image_upright():
    pose = pose_from_angles((1.0, 2.0, 3.0), yaw_rad=0.0, pitch_rad=0.0, roll_rad=0.0)
    np.testing.assert_array_equal(pose[:3, :3].T, ((1, 0, 0), (0, 0, -1), (0, 1, 0)))  # right, down, forward
    np.testing.assert_array_equal(pose[:3, 3], (1.0, 2.0, 3.0))


@pytest.mark.parametrize(
    ("angle", "forward"),
    [("yaw_rad", (-np.sin(0.3), np.cos(0.3), 0.0)), ("pitch_rad", (0.0, np.cos(0.3), np.sin(0.3)))],
)
def test_yaw_turns_left_and_pitch_turns_up(angle, forward):
    angles = {"yaw_rad": 0.0, "pitch_rad": 0.0, "roll_rad": 0.0, angle: 0.3}
    pose = pose_from_angles((0.0, 0.0, 0.0), **angles)
    np.testing.assert_allclose(pose[:3, 2], forward, atol=1e-12)
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)


def test_roll_is_clockwise_as_the_camera_looks():
    pose = pose_from_angles((0.0, 0.0, 0.0), yaw_rad=0.0, pitch_rad=0.0, roll_rad=0.3)
    assert pose[2, 0] < 0.0, "the right side of the camera goes down"


def test_something_at_a_wall_has_its_back_there_and_faces_the_room():
    room = Room(4.0, 5.0, 2.5)
    for wall, place in (("front", (3.0, 0.0)), ("back", (1.0, 5.0)), ("left", (0.0, 1.0)), ("right", (4.0, 4.0))):
        where, turn = room.at_wall(wall, 1.0)
        np.testing.assert_allclose(where[:2], place)
        inwards = where[:2] + 0.1 * np.array((-np.sin(turn), np.cos(turn)))
        assert (inwards >= -1e-9).all() and (inwards <= (4.0 + 1e-9, 5.0 + 1e-9)).all()
        assert np.linalg.norm(inwards - (2.0, 2.5)) < np.linalg.norm(where[:2] - (2.0, 2.5))
