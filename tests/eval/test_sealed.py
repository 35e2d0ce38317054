"""The sealed world: closed-form depth, purity, disjoint splits, cameras in free air, shards that read back."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from eval.sealed.material import MIXES, PATTERNS, value_noise
from eval.sealed.raycast import NO_SOLID, Shape, Solids, cast, containing, exit_room, normals, stack_solids
from eval.sealed.room import rotation, scene_rand
from eval.sealed.world import CAMERA, DEPTH_RANGE_M, Split, sealed_record, write_sealed
from mde.camera import Camera
from mde.domain import INDOOR
from mde.errors import InputError
from mde.rays import ray_directions
from mde.record import encode_record
from mde.shards import ShardReader, read_index
from mde.view import view_of

SMALL = INDOOR.camera.resize(18, 24)
UPRIGHT = np.eye(3)


def one_solid(
    shape: Shape, centre: tuple[float, float, float], half: tuple[float, float, float], *, taper: float = 0.0
) -> Solids:
    return stack_solids([(shape, np.array(centre), np.array(half), UPRIGHT, taper)])


def rays_of(camera: Camera) -> np.ndarray:
    return ray_directions(camera, dtype=torch.float64).numpy().reshape(-1, 3).T


def test_depth_of_a_sphere_is_the_closed_form() -> None:
    radius, distance = 0.7, 3.0
    rays = rays_of(CAMERA)
    sphere = one_solid("ellipsoid", (0, 0, distance), (radius,) * 3)
    depth_m, owner = cast(sphere, np.zeros(3), rays, np.full(rays.shape[1], np.inf))
    # |t (x, y, 1) - (0, 0, D)| = r; the smaller root of t^2 (x^2 + y^2 + 1) - 2 t D + D^2 - r^2
    square = (rays**2).sum(axis=0)
    inside = distance**2 - square * (distance**2 - radius**2)
    hit = inside >= 0
    expected = (distance - np.sqrt(inside[hit])) / square[hit]
    np.testing.assert_array_equal(owner == 0, hit)
    np.testing.assert_allclose(depth_m[hit], expected, atol=1e-4)
    assert 0 < hit.sum() < hit.size


def test_depth_of_a_tilted_floor_is_the_closed_form() -> None:
    height, pitch = 1.5, -0.4
    rays = rays_of(CAMERA)
    world = rotation(0.3, pitch, 0.0) @ rays
    size = np.array([1000.0, 1000.0, 3.0])
    depth_m, face = exit_room(size, np.array([500.0, 500.0, height]), world)
    # the floor's normal in the camera is (0, cos p, -sin p): height = z (y cos p - sin p)
    drop = rays[1] * math.cos(pitch) - math.sin(pitch)
    below = drop > 0.01
    np.testing.assert_allclose(depth_m[below], height / drop[below], atol=1e-4)
    assert (face[below] == 4).all()


@pytest.mark.parametrize("taper", [0.0, 0.5, 1.0, -0.3])
def test_cast_agrees_with_marching_along_the_ray(taper: float) -> None:
    """The twin asks `containing` at many points of each ray and shares no formula with the caster."""
    rng = np.random.default_rng(5)
    for shape in ("box", "ellipsoid", "frustum"):
        angle = rng.uniform(0, 3)
        axes = np.array([[math.cos(angle), math.sin(angle), 0], [-math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
        solids = stack_solids([(shape, np.array([0.2, 3.0, -0.1]), np.array([0.8, 0.5, 0.6]), axes, taper)])
        rays = np.stack((rng.uniform(-0.4, 0.5, 30), np.ones(30), rng.uniform(-0.3, 0.3, 30)))
        t, owner = cast(solids, np.zeros(3), rays, np.full(30, 6.0))
        steps = np.arange(1.8, 4.2, 0.01)
        for ray in range(30):
            inside = [step for step in steps if containing(solids, step * rays[:, ray]).size]
            if inside:
                assert owner[ray] == 0
                assert inside[0] - 0.0101 <= t[ray] <= inside[0]
            else:  # a graze shorter than one step may still be a hit
                assert owner[ray] == NO_SOLID or containing(solids, (t[ray] + 0.0101) * rays[:, ray]).size == 0


@pytest.mark.parametrize("shape", ["box", "ellipsoid", "frustum"])
def test_normals_have_unit_length_and_point_out_of_the_solid(shape: Shape) -> None:
    solids = one_solid(shape, (0, 0, 4), (0.9, 0.6, 0.7), taper=0.4)
    rays = rays_of(SMALL)
    t, owner = cast(solids, np.zeros(3), rays, np.full(rays.shape[1], 9.0))
    hit = owner == 0
    points = (t * rays)[:, hit]
    normal = normals(solids, owner[hit], points)
    np.testing.assert_allclose(np.linalg.norm(normal, axis=0), 1.0, atol=1e-9)
    for point, out in zip(points.T, normal.T, strict=True):
        assert containing(solids, point + 1e-6 * out).size == 0
        assert containing(solids, point - 1e-6 * out).size == 1


def test_rotation_of_no_angle_looks_along_x_with_the_floor_below() -> None:
    right, down, forward = rotation(0.0, 0.0, 0.0).T
    np.testing.assert_allclose(forward, [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(down, [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(right, [0, -1, 0], atol=1e-12)


def test_rotation_is_a_rotation() -> None:
    matrix = rotation(0.7, -0.2, 0.1)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1.0)


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_stay_in_their_range(name: str) -> None:
    points = np.random.default_rng(0).uniform(-20, 20, (3, 2000))
    mix = MIXES[name](points)  # type: ignore[index]
    assert mix.shape == (2000,)
    assert mix.min() >= 0.0 and mix.max() <= 1.0


def test_value_noise_has_no_jumps() -> None:
    points = np.zeros((3, 4001))
    points[0] = np.linspace(-40, 40, 4001)
    assert np.abs(np.diff(value_noise(points))).max() < 0.05


@pytest.mark.parametrize("split", ["train", "test"])
def test_same_split_and_index_give_the_same_bytes(split: Split) -> None:
    first, second = (encode_record(sealed_record(split, 3)) for _ in range(2))
    assert first == second


def test_splits_and_indices_are_different_pictures() -> None:
    images = {sealed_record(split, index, SMALL).image.tobytes() for split in ("train", "test") for index in range(5)}
    assert len(images) == 10


def test_another_camera_sees_the_same_depth() -> None:
    """Pixel (r, c) of the small picture is pixel (3r + 1, 3c + 1) of one three times as large."""
    small = sealed_record("train", 1, INDOOR.camera.resize(24, 32)).depth_m
    large = sealed_record("train", 1, INDOOR.camera.resize(72, 96)).depth_m
    np.testing.assert_allclose(small, large[1::3, 1::3], atol=1e-5)


@pytest.mark.parametrize("split", ["train", "test"])
def test_every_pixel_is_valid_and_in_range(split: Split) -> None:
    for index in range(25):
        record = sealed_record(split, index, SMALL)
        assert view_of(record).valid.all()
        assert DEPTH_RANGE_M[0] <= record.depth_m.min() and record.depth_m.max() <= DEPTH_RANGE_M[1]
        assert record.origin == "sealed" and record.domain == "indoor" and record.camera == SMALL
        assert record.image.std() > 4.0, "a picture without contrast tells nothing of depth"


def test_no_furniture_holds_the_camera() -> None:
    for seed in range(60):
        scene = scene_rand(np.random.default_rng(seed))
        assert containing(scene.solids, scene.eye_m).size == 0
        assert (scene.eye_m > 0).all() and (scene.eye_m < scene.size_m).all()
        assert 1.0 <= scene.eye_m[2] <= 1.8


def test_furniture_stands_on_the_floor_and_under_the_ceiling() -> None:
    for seed in range(20):
        scene = scene_rand(np.random.default_rng(seed))
        bottom = scene.solids.centre_m[:, 2] - scene.solids.half_m[:, 2]
        top = scene.solids.centre_m[:, 2] + scene.solids.half_m[:, 2]
        assert bottom.min() > -1e-9
        assert top.max() < scene.size_m[2] + 0.1


def test_written_pictures_read_back(tmp_path: Path) -> None:
    index = write_sealed(tmp_path / "s", "train", 3, start=5, camera=SMALL)
    assert index.origin == "sealed" and index.num_records == 3
    reader = ShardReader(tmp_path / "s", origins=("sealed",))
    expected = sealed_record("train", 6, SMALL)
    assert reader[1].key == "000006"
    np.testing.assert_allclose(reader[1].depth_m, expected.depth_m, atol=0.0006)
    np.testing.assert_array_equal(reader[1].ids, expected.ids)
    assert reader[1].recipe == expected.recipe


def test_a_finished_directory_is_left_as_it_is(tmp_path: Path) -> None:
    first = write_sealed(tmp_path, "test", 2, camera=SMALL)
    stamp = (tmp_path / first.shards[0].name).stat().st_mtime_ns
    again = write_sealed(tmp_path, "test", 2, camera=SMALL)
    assert dataclasses.asdict(again) == dataclasses.asdict(read_index(tmp_path)) == dataclasses.asdict(first)
    assert (tmp_path / first.shards[0].name).stat().st_mtime_ns == stamp


def test_a_directory_of_other_pictures_is_refused(tmp_path: Path) -> None:
    write_sealed(tmp_path, "test", 1, camera=SMALL)
    with pytest.raises(InputError, match="other pictures"):
        write_sealed(tmp_path, "train", 1, camera=SMALL)


def test_training_stages_refuse_sealed_shards(tmp_path: Path) -> None:
    write_sealed(tmp_path, "test", 1, camera=SMALL)
    with pytest.raises(InputError, match="sealed"):
        ShardReader(tmp_path)


@pytest.mark.parametrize(("split", "index"), [("val", 0), ("train", -1)])
def test_pictures_that_do_not_exist_are_refused(split: Split, index: int) -> None:
    with pytest.raises(InputError, match="does not exist"):
        sealed_record(split, index)
