"""Warehouse scenes, and what a new domain must fulfil everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mde.domain import DOMAINS, WAREHOUSE
from mde.errors import InputError
from mde.nets import TEACHERS, load_teacher
from synth.pallet_racks import BAY_M, RACK_DEPTH_M
from synth.sample import KINDS
from synth.scene import Scene
from synth.warehouse import plan_rand, warehouse_scene_rand

PURPOSES = ("layout", "surfaces", "light", "camera", "sensor")


@pytest.fixture(scope="module")
def halls(bank) -> list[Scene]:
    found = []
    for seed in range(5):
        streams = {name: np.random.default_rng([seed, k]) for k, name in enumerate(PURPOSES)}
        found.append(warehouse_scene_rand(streams, bank, WAREHOUSE.camera))
    return found


def test_racks_stand_in_the_hall_with_aisles_that_a_truck_can_pass(rng):
    for _ in range(200):
        plan = plan_rand(rng)
        xs = sorted(x for x, _ in plan.rows_x_m)
        assert all(RACK_DEPTH_M / 2 <= x <= plan.room.width_m - RACK_DEPTH_M / 2 for x in xs)
        gaps = np.diff(xs) - RACK_DEPTH_M
        assert all(0.19 < gap < 0.21 or 2.4 <= gap + 1e-9 for gap in gaps), gaps
        begin, end = plan.racks_y_m
        assert 0.0 < begin and begin + BAY_M <= end <= plan.room.depth_m


def test_aisles_lie_between_rows_that_face_them(rng):
    for _ in range(100):
        plan = plan_rand(rng)
        for aisle in plan.aisles_x_m:
            left = max((row for row in plan.rows_x_m if row[0] < aisle), key=lambda row: row[0])
            right = min((row for row in plan.rows_x_m if row[0] > aisle), key=lambda row: row[0])
            assert left[1] and not right[1], "goods are taken from the aisle"


def test_things_stand_on_the_floor_inside_the_hall_and_not_in_the_camera(halls):
    for scene in halls:
        low_room, high_room = (np.array(corner) for corner in scene.surrounding.room_m)
        eye = scene.world_from_camera[:3, 3]
        for thing in scene.things:
            low, high = thing.mesh.bounds_m()
            assert (low > low_room - 0.1).all() and (high < high_room + 0.1).all(), thing.kind
            if thing.kind not in ("wall", "floor", "roof", "beams", "lamp"):
                assert abs(low[2]) < 0.06, f"a {thing.kind} floats at {low[2]:.2f} m"
            if thing.kind not in ("wall", "floor", "roof", "beams", "lines", "lamp"):
                assert not ((eye > low) & (eye < high)).all(), thing.kind


@pytest.mark.opengl
def test_no_picture_of_a_hall_has_a_hole(renderer, halls):
    for scene in halls:
        frame = renderer.render(replace(scene, camera=scene.camera.resize(36, 48)))
        assert (frame.depth_m > 0.0).all() and (frame.ids > 0).all()


def test_every_domain_has_a_scene_maker_with_a_number_of_its_own():
    assert set(KINDS) == set(DOMAINS)
    assert len({kind.number for kind in KINDS.values()}) == len(KINDS)
    for name, kind in KINDS.items():
        assert kind.depth_end_m * DOMAINS[name].depth_units_per_metre <= 65535, "stored depth is 16-bit"


@pytest.mark.parametrize("teacher", sorted(TEACHERS))
def test_teachers_refuse_a_domain_that_they_were_not_trained_for(teacher, tmp_path):
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"not read")
    with pytest.raises(InputError, match=f"teacher {teacher}.*'warehouse'") as refusal:
        load_teacher(teacher, weights, "warehouse")
    assert "\n" not in str(refusal.value)
