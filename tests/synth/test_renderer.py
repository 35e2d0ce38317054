"""Depth against closed forms, ids, determinism, shadows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mde.camera import Camera
from mde.domain import DRIVING
from synth.mesh import Material, merged
from synth.pose import pose_from_angles
from synth.scene import Light, Scene, Surrounding, Thing
from synth.shapes import blob, box, rectangle

pytestmark = pytest.mark.opengl
GREY = Material(layer=1)
GREY_LIGHT = Surrounding(
    ambient_up=(0.2, 0.2, 0.2),
    ambient_side=(0.2, 0.2, 0.2),
    ambient_down=(0.2, 0.2, 0.2),
    sky_zenith=(0.5, 0.5, 0.5),
    sky_horizon=(0.5, 0.5, 0.5),
    sky_ground=(0.5, 0.5, 0.5),
    corner_shade=0.0,
)
SUN = Light(colour=(2.0, 2.0, 2.0), place_m=(0.6, 0.0, 0.8), is_sun=True, has_shadow=True)
LOOKING_AHEAD = pose_from_angles((0.0, 0.0, 1.65), yaw_rad=0.0, pitch_rad=0.0, roll_rad=0.0)


def scene_of(things, *, camera=DRIVING.camera, pose=LOOKING_AHEAD, near_far_m=(0.3, 900.0), lights=(SUN,)) -> Scene:
    return Scene(
        kind="test",
        things=[Thing(kind="test", mesh=mesh) for mesh in things],
        lights=lights,
        surrounding=GREY_LIGHT,
        camera=camera,
        world_from_camera=pose,
        near_far_m=near_far_m,
        shadow_reach_m=(14.0, 60.0),
    )


def rays(camera: Camera) -> np.ndarray:
    """(H,W,3) directions with z = 1 through the pixel centres, written out once more as an oracle."""
    v, u = np.mgrid[0 : camera.height, 0 : camera.width] + 0.5
    return np.stack(
        ((u - camera.c_px[0]) / camera.f_px[0], (v - camera.c_px[1]) / camera.f_px[1], np.ones(u.shape)), -1
    )


def ground(reach_m: float = 400.0):
    return rectangle((-reach_m, -20.0, 0.0), (2 * reach_m, 0.0, 0.0), (0.0, reach_m + 20.0, 0.0), GREY)


@pytest.mark.parametrize("angles", [(0.0, 0.0, 0.0), (0.3, -0.1, 0.05)])
def test_ground_plane_depth_is_that_of_the_closed_form(renderer, angles):
    pose = pose_from_angles((0.4, 0.0, 1.65), yaw_rad=angles[0], pitch_rad=angles[1], roll_rad=angles[2])
    frame = renderer.render(scene_of([ground()], pose=pose))
    down = rays(DRIVING.camera) @ pose[:3, :3].T  # world directions with unit depth
    expected_m = -1.65 / np.where(down[..., 2] < 0.0, down[..., 2], np.nan)
    seen = (frame.depth_m > 0.0) & (frame.depth_m < 100.0)
    assert seen.mean() > 0.3
    error_m = np.abs(frame.depth_m - expected_m)[seen]
    assert (error_m <= 1e-3 + 1e-4 * expected_m[seen]).all(), error_m.max()


def test_sphere_depth_is_that_of_the_closed_form_up_to_its_facets(renderer):
    camera = Camera(f_px=(200.0, 200.0), c_px=(80.0, 60.0), height=120, width=160)
    middle = np.array((0.3, 4.0, 1.5))
    radius_m = 1.0
    frame = renderer.render(scene_of([blob((2 * radius_m,) * 3, GREY, at_m=middle, subdivisions=5)], camera=camera))
    direction = rays(camera)
    offset = np.linalg.inv(LOOKING_AHEAD) @ (*middle, 1.0)
    b = direction @ offset[:3]
    a, c = (direction**2).sum(-1), offset[:3] @ offset[:3] - radius_m**2
    root = b**2 - a * c
    inside = root > 0.2 * root.max()  # away from the silhouette, where facets turn edge-on
    expected_m = (b - np.sqrt(np.maximum(root, 0.0))) / a
    # An icosphere of 20480 faces lies up to 0.7 mm inside its sphere; obliquely seen that is 2 mm along the ray.
    assert np.abs(frame.depth_m - expected_m)[inside].max() < 2e-3
    assert (frame.depth_m[root < 0.0] == 0.0).all()


def test_depth_of_a_slanted_wall_is_exact_at_pixel_centres_at_tiny_sizes(renderer):
    camera = DRIVING.camera.resize(24, 80)
    wall = rectangle((-50.0, 10.0, -50.0), (100.0, 30.0, 0.0), (0.0, 0.0, 100.0), GREY)
    frame = renderer.render(scene_of([wall], camera=camera))
    world = rays(camera) @ LOOKING_AHEAD[:3, :3].T
    expected_m = (10.0 + 0.3 * 50.0) / (world[..., 1] - 0.3 * world[..., 0])
    assert np.abs(frame.depth_m - expected_m).max() < 1e-4 * expected_m.max()


def test_ids_count_from_one_in_the_order_of_the_things_and_are_zero_in_the_sky(renderer):
    near = box((1.0, 1.0, 1.0), GREY, at_m=(-1.5, 6.0, 1.0))
    far = box((4.0, 1.0, 6.0), GREY, at_m=(2.0, 12.0, 0.0))
    frame = renderer.render(scene_of([far, near]))
    assert set(np.unique(frame.ids)) == {0, 1, 2}
    assert np.median(frame.depth_m[frame.ids == 2]) == pytest.approx(5.5, abs=1e-3)
    assert np.median(frame.depth_m[frame.ids == 1]) == pytest.approx(11.5, abs=1e-3)
    assert ((frame.ids == 0) == (frame.depth_m == 0.0)).all()


def test_the_order_of_things_changes_ids_and_nothing_else(renderer):
    things = [box((1.0, 1.0, 1.0), GREY, at_m=(x, 5.0 + abs(x), 0.0)) for x in (-2.0, 0.0, 2.5)] + [ground()]
    first = renderer.render(scene_of(things))
    second = renderer.render(scene_of(things[::-1]))
    np.testing.assert_array_equal(first.depth_m, second.depth_m)
    np.testing.assert_array_equal(first.radiance, second.radiance)
    np.testing.assert_array_equal(first.ids, np.where(second.ids > 0, 5 - second.ids.astype(int), 0))


def test_two_renders_of_a_scene_are_bitwise_equal(renderer):
    scene = scene_of([ground(), blob((1.0, 1.0, 1.0), GREY, at_m=(0.0, 5.0, 1.0))])
    first = renderer.render(scene)
    renderer.render(scene_of([ground()], camera=DRIVING.camera.resize(24, 80)))  # another size in between
    second = renderer.render(scene)
    for name in ("radiance", "depth_m", "ids"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_a_box_casts_a_shadow_away_from_the_sun(renderer):
    tower = box((0.6, 0.6, 2.0), GREY, at_m=(0.0, 8.0, 0.0))
    bare = renderer.render(scene_of([ground()])).radiance
    frame = renderer.render(scene_of([ground(), tower]))
    on_ground = frame.ids == 1
    dark = on_ground & (frame.radiance.mean(-1) < 0.6 * bare.mean(-1))
    columns = np.nonzero(dark)[1]
    middle = DRIVING.camera.c_px[0]
    assert dark.sum() > 200
    assert (columns < middle + 40).all(), "the sun stands to the right, so the shadow falls to the left"
    assert np.median(columns) < middle - 20


def test_a_surface_without_shadow_caster_is_lit_evenly(renderer):
    smooth = replace(GREY, variation=0.0, gloss=0.0)
    plane = rectangle((-400.0, -20.0, 0.0), (800.0, 0.0, 0.0), (0.0, 420.0, 0.0), smooth)
    frame = renderer.render(scene_of([plane]))
    near = (frame.depth_m > 0.0) & (frame.depth_m < 40.0)
    values = frame.radiance[near].mean(-1)
    assert values.std() < 0.08 * values.mean(), "self-shadowing shows as dark stripes"


def test_back_faces_are_not_seen(renderer):
    from_behind = rectangle((5.0, 10.0, -5.0), (-10.0, 0.0, 0.0), (0.0, 0.0, 10.0), GREY)
    assert (renderer.render(scene_of([from_behind])).ids == 0).all()


def test_leaves_have_holes_in_picture_depth_and_ids_alike(renderer, bank):
    leaves = Material(layer=bank.layers["leaves"][0], cut_out=True)
    wall = rectangle((-5.0, 3.0, -5.0), (10.0, 0.0, 0.0), (0.0, 0.0, 10.0), leaves)
    frame = renderer.render(scene_of([wall]))
    share = (frame.ids > 0).mean()
    assert 0.2 < share < 0.98
    assert ((frame.ids > 0) == (frame.depth_m > 0)).all()


def test_lamps_are_bounded_by_what_the_shader_can_sum(renderer):
    lamp = Light(colour=(1.0, 1.0, 1.0), place_m=(0.0, 2.0, 2.0))
    with pytest.raises(AssertionError):
        renderer.render(scene_of([ground()], lights=[lamp] * 5))
    lit = renderer.render(scene_of([ground()], lights=[lamp])).radiance
    twice = renderer.render(scene_of([ground()], lights=[lamp, lamp])).radiance
    assert twice.sum() > lit.sum()


def test_merged_meshes_keep_every_triangle():
    first, second = box((1, 1, 1), GREY), blob((1, 1, 1), GREY, subdivisions=1)
    assert merged([first, second]).num_triangles == first.num_triangles + second.num_triangles == 12 + 80
