"""What stands in scenes: things on the ground, inside the room, not in the camera; statistics of the samplers."""

from __future__ import annotations

import numpy as np
import pytest

from mde.domain import DRIVING
from synth.driving import driving_scene_rand
from synth.pose import pose_from_angles
from synth.scene import Scene

PURPOSES = ("layout", "surfaces", "light", "camera", "sensor")


def draw(maker, bank, camera, seed: int) -> Scene:
    streams = {name: np.random.default_rng([seed, k]) for k, name in enumerate(PURPOSES)}
    return maker(streams, bank, camera)


@pytest.fixture(scope="module")
def streets(bank) -> list[Scene]:
    return [draw(driving_scene_rand, bank, DRIVING.camera, seed) for seed in range(6)]


def test_every_mesh_is_finite_and_made_of_whole_triangles(streets):
    for scene in streets:
        for thing in scene.things:
            mesh = thing.mesh
            assert len(mesh.positions_m) % 3 == 0 and mesh.num_triangles > 0
            assert all(np.isfinite(part).all() for part in (mesh.positions_m, mesh.normals, mesh.uv, mesh.look))


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
