"""What stands in scenes: things on the ground, inside the room, not in the camera; statistics of the samplers."""

from __future__ import annotations

import numpy as np
import pytest

from mde.domain import DRIVING
from synth.daylight import daylight_rand
from synth.driving import driving_scene_rand
from synth.paint import Paint
from synth.pose import pose_from_angles
from synth.road import Road, road_rand
from synth.scene import Scene
from synth.street_plan import STREETS, street_plan_rand
from synth.vehicles import car_rand, lorry_rand

PURPOSES = ("layout", "surfaces", "light", "camera", "sensor")


def draw(maker, bank, camera, seed: int) -> Scene:
    streams = {name: np.random.default_rng([seed, k]) for k, name in enumerate(PURPOSES)}
    return maker(streams, bank, camera)


@pytest.fixture(scope="module")
def streets(bank) -> list[Scene]:
    return [draw(driving_scene_rand, bank, DRIVING.camera, seed) for seed in range(12)]


def test_every_mesh_is_finite_and_made_of_whole_triangles(streets):
    for scene in streets:
        for thing in scene.things:
            mesh = thing.mesh
            assert len(mesh.positions_m) % 3 == 0 and mesh.num_triangles > 0
            assert all(np.isfinite(part).all() for part in (mesh.positions_m, mesh.normals, mesh.uv, mesh.look))


def test_the_camera_height_is_that_of_the_benchmark(streets):
    driving = [scene.world_from_camera[2, 3] for scene in streets]
    assert all(1.4 < height < 1.9 for height in driving)


def test_vehicles_stand_on_the_road_and_have_the_size_of_vehicles(bank):
    for seed in range(20):
        for maker, (longest, widest, highest) in ((car_rand, (5.9, 2.5, 2.7)), (lorry_rand, (12.7, 2.8, 3.7))):
            mesh = maker(np.random.default_rng([seed, 1]), Paint(np.random.default_rng([seed, 2]), bank))
            low, high = mesh.bounds_m()
            assert -0.01 < low[2] < 0.03
            assert 3.4 < high[1] - low[1] < longest and 1.5 < high[0] - low[0] < widest and 1.3 < high[2] < highest


def test_cars_of_the_street_are_on_the_ground(streets):
    for scene in streets:
        road = next(thing.mesh for thing in scene.things if thing.kind == "road").positions_m
        for thing in scene.things:
            if thing.kind == "car":
                low, high = thing.mesh.bounds_m()
                middle = (low + high)[1] / 2
                level = road[np.abs(road[:, 1] - middle).argmin(), 2]
                assert abs(low[2] - level) < 0.25, f"car at {middle:.0f} m floats"


def test_every_scene_has_what_its_depth_needs(streets):
    for scene in streets:
        kinds = {thing.kind for thing in scene.things}
        assert {"road", "verge", "field"} <= kinds
        assert scene.kind.removeprefix("driving/") in STREETS


def test_shares_of_streets_and_sides_are_those_of_the_table(rng):
    names, left_hand = [], 0
    for _ in range(3000):
        name, _, plan = street_plan_rand(rng)
        names.append(name)
        left_hand += plan.middle_m > 0
        assert plan.left.road_m <= plan.left.kerb_m <= plan.left.sidewalk_m <= plan.left.lots_m
        assert 0.0 in plan.lane_middles_m()
    assert sum(street.share for street in STREETS.values()) == pytest.approx(1.0)
    for name, street in STREETS.items():
        # Four standard deviations of a share of 3000 draws.
        assert names.count(name) / 3000 == pytest.approx(street.share, abs=4 * (street.share / 3000) ** 0.5)
    assert left_hand / 3000 == pytest.approx(1 / 12, abs=0.025)


def test_a_road_leaves_the_camera_level_and_straight_ahead(rng):
    for _ in range(20):
        road = road_rand(rng, is_straight=False)
        at_zero, near = road.place(0.0, 0.0), road.place(0.01, 0.0)
        if road.bend_from_m >= 0.0:
            np.testing.assert_allclose(at_zero, 0.0, atol=1e-9)
        assert abs(near[2]) < 1e-6


def test_the_heading_of_a_road_is_the_direction_of_its_line():
    road = Road(bend_per_m=0.005, bend_from_m=10.0, rise_per_m=0.0)
    for along_m in (0.0, 30.0, 100.0):
        step = road.place(along_m + 1e-4, 0.0) - road.place(along_m - 1e-4, 0.0)
        assert np.arctan2(step[0], step[1]) == pytest.approx(float(road.heading_rad(along_m)), abs=1e-6)
        side = road.place(along_m, 1.0) - road.place(along_m, 0.0)
        assert side @ step == pytest.approx(0.0, abs=1e-9)


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


def test_the_sun_is_above_the_horizon_and_points_are_unit_vectors(rng):
    weathers = set()
    for _ in range(100):
        sun, surrounding, weather = daylight_rand(rng)
        weathers.add(weather)
        assert sun.place_m[2] > 0.05 and np.linalg.norm(sun.place_m) == pytest.approx(1.0)
        assert min(*sun.colour, *surrounding.ambient_up, *surrounding.sky_horizon) >= 0.0
        assert sun.has_shadow == (weather != "overcast")
    assert len(weathers) == 4
