"""Views from a drone: land without holes, things on it, and a camera that hangs free."""

from __future__ import annotations

import numpy as np
import pytest

from mde.domain import DRONE
from mde.errors import InputError
from mde.nets import load_teacher
from synth.district import DISTRICTS
from synth.drone import DEPTH_END_M, HEIGHT_M, SIGHT_M, drone_scene_rand
from synth.scene import Scene
from synth.shadow import sun_matrix
from synth.terrain import terrain_rand

PURPOSES = ("layout", "surfaces", "light", "camera", "sensor")


@pytest.fixture(scope="module")
def views(bank) -> list[Scene]:
    scenes = []
    for seed in range(3):
        streams = {name: np.random.default_rng([seed, k]) for k, name in enumerate(PURPOSES)}
        scenes.append(drone_scene_rand(streams, bank, DRONE.camera))
    return scenes


def test_sixteen_bit_files_hold_every_depth_of_the_domain():
    assert DEPTH_END_M * DRONE.depth_units_per_metre < 2**16 and DRONE.depth_range_m[1] <= DEPTH_END_M


def test_the_camera_hangs_between_the_roofs_and_the_legal_height_and_looks_down(views):
    for scene in views:
        eye, ahead = scene.world_from_camera[:3, 3], scene.world_from_camera[:3, 2]
        height_m = scene.summary["camera_height_m"]
        assert HEIGHT_M[0] <= height_m <= HEIGHT_M[1]
        assert ahead[2] < -0.3 and height_m / -ahead[2] < 1.05 * SIGHT_M
        assert scene.kind.removeprefix("drone/") in DISTRICTS
        for thing in scene.things:
            low, high = thing.mesh.bounds_m()
            assert not ((eye > low - 2.0) & (eye < high + 2.0)).all(), thing.kind


def test_things_stand_on_the_land(views):
    for scene in views:
        ground = np.concatenate([t.mesh.positions_m for t in scene.things if t.kind in ("road", "field", "sidewalk")])
        for thing in scene.things[::17]:
            if thing.kind in ("road", "field", "sidewalk", "marking"):
                continue
            low, high = thing.mesh.bounds_m()
            near = ground[np.abs(ground[:, :2] - (low + high)[:2] / 2).max(axis=1) < 13.0, 2]
            assert near.min() - 2.5 < low[2] < near.max() + 0.3, thing.kind


def test_patches_of_land_share_their_edges(rng, bank):
    from synth.paint import Paint

    terrain = terrain_rand(rng, relief_m=10.0)
    material = Paint(rng, bank).of("grass")
    lines = np.linspace(0.0, 60.0, 6)
    left, right = (terrain.patch(us, lines, material) for us in (lines, lines + 60.0))
    edge = {tuple(row) for row in left.positions_m} & {tuple(row) for row in right.positions_m}
    assert len(edge) == len(lines)
    assert (left.normals[:, 2] > 0.9).all()
    np.testing.assert_allclose(np.linalg.norm(left.normals, axis=1), 1.0, atol=1e-5)
    corners = left.positions_m.reshape(-1, 3, 3).astype(np.float64)
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    smooth = left.normals.reshape(-1, 3, 3).mean(axis=1)
    assert (np.einsum("tk,tk->t", flat, smooth) > 0.99).all(), "smooth normals agree with the faces"


def test_the_shadow_map_lies_around_the_ground_that_is_seen(views):
    for scene in views:
        assert scene.shadow_middle_m is not None
        matrix, _ = sun_matrix(scene, scene.lights[0], scene.shadow_reach_m[0], 1024)
        middle = matrix @ np.array((*scene.shadow_middle_m, 1.0))
        np.testing.assert_allclose(middle[:3], 0.0, atol=1e-6)


@pytest.mark.parametrize("teacher", ["meter", "demo"])
def test_teachers_refuse_a_domain_they_were_not_trained_on_in_one_line(teacher, tmp_path):
    weights = tmp_path / "weights.pth" if teacher == "meter" else None
    with pytest.raises(InputError, match="drone") as caught:
        load_teacher(teacher, weights, domain="drone")
    assert "\n" not in str(caught.value) and "--domain" in str(caught.value)
