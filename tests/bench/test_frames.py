"""The judge of frames sees each fault, and none in a sound frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synth.scene import Frame
from synth.shapes import box, cylinder
from tests.bench.frames import ends_on_something, frame_faults, is_inside, things_around
from tests.synth.scenes import CAMERA, GREY, ground, scene_of

SCENE = scene_of([ground(), box((1.0, 1.0, 1.0), GREY, at_m=(0.0, 8.0, 0.0))])


def frame(*, depth_m: float = 5.0, number: int = 1) -> Frame:
    return Frame(
        radiance=np.ones((*CAMERA.size, 3), dtype=np.float32),
        depth_m=np.full(CAMERA.size, depth_m, dtype=np.float32),
        ids=np.full(CAMERA.size, number, dtype=np.uint16),
    )


def with_pixel(whole: Frame, name: str, value: float) -> Frame:
    field = getattr(whole, name).copy()
    field[-1, 3] = value
    return replace(whole, **{name: field})


def test_a_full_frame_has_no_fault():
    assert frame_faults(frame(), SCENE, "indoor") == {}


def test_one_pixel_is_a_hole_in_a_room_and_below_the_horizon():
    holed = with_pixel(with_pixel(frame(), "ids", 0), "depth_m", 0.0)
    assert set(frame_faults(holed, SCENE, "indoor")) == set(frame_faults(holed, SCENE, "driving")) == {"hole"}


def test_the_sky_is_no_hole_out_of_doors():
    expected = ends_on_something(SCENE, "driving")
    assert not expected[: CAMERA.height // 3].any() and expected[-1].all()
    assert ends_on_something(SCENE, "warehouse").all()


@pytest.mark.parametrize(
    ("whole", "fault"),
    [
        (with_pixel(frame(), "depth_m", 0.0), "ids against z"),
        (with_pixel(frame(), "radiance", np.nan), "not finite"),
        (frame(depth_m=0.3), "near plane"),
        (frame(depth_m=0.0, number=0), "empty"),
    ],
)
def test_every_kind_of_fault_is_named(whole, fault):
    assert fault in frame_faults(whole, SCENE, "driving")


def test_a_camera_inside_a_thing_is_found_and_one_beside_it_is_not():
    hull = box((2.0, 2.0, 3.0), GREY)
    assert things_around(scene_of([ground(), hull])) == ["test"]
    assert things_around(scene_of([ground(), hull.moved((1.1, 0.0, 0.0))])) == []


def test_a_point_in_the_box_around_a_thing_may_still_be_outside():
    post = cylinder(1.0, 3.0, GREY, at_m=(0.0, 0.0, 0.0), sections=24)
    assert is_inside(post, np.array((0.3, 0.2, 1.5)))
    assert not is_inside(post, np.array((0.9, 0.9, 1.5))), "the corner of its box is free"
