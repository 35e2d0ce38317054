"""Every back end: depth against closed forms, ids, determinism, shadows, and the choice among them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mde.camera import Camera
from mde.domain import DRIVING
from mde.errors import InputError
from synth import renderer as module
from synth.mesh import Material
from synth.pose import pose_from_angles
from synth.renderer import choose_back_end, software_notes
from synth.shapes import blob, box, rectangle
from tests.synth.scenes import CAMERA, GREY, LOOKING_AHEAD, ground, rays, scene_of


@pytest.mark.parametrize("angles", [(0.0, 0.0, 0.0), (0.3, -0.1, 0.05)])
def test_ground_plane_depth_is_that_of_the_closed_form(any_renderer, angles):
    pose = pose_from_angles((0.4, 0.0, 1.65), yaw_rad=angles[0], pitch_rad=angles[1], roll_rad=angles[2])
    frame = any_renderer.render(scene_of([ground()], pose=pose))
    down = rays(CAMERA) @ pose[:3, :3].T  # world directions with unit depth
    expected_m = -1.65 / np.where(down[..., 2] < 0.0, down[..., 2], np.nan)
    seen = (frame.depth_m > 0.0) & (frame.depth_m < 100.0)
    assert seen.mean() > 0.3
    error_m = np.abs(frame.depth_m - expected_m)[seen]
    assert (error_m <= 1e-3 + 1e-4 * expected_m[seen]).all(), error_m.max()


def test_sphere_depth_is_that_of_the_closed_form_up_to_its_facets(any_renderer):
    camera = Camera(f_px=(200.0, 200.0), c_px=(80.0, 60.0), height=120, width=160)
    middle = np.array((0.3, 4.0, 1.5))
    radius_m = 1.0
    frame = any_renderer.render(scene_of([blob((2 * radius_m,) * 3, GREY, at_m=middle, subdivisions=6)], camera=camera))
    direction = rays(camera)
    offset = np.linalg.inv(LOOKING_AHEAD) @ (*middle, 1.0)
    b = direction @ offset[:3]
    a, c = (direction**2).sum(-1), offset[:3] @ offset[:3] - radius_m**2
    root = b**2 - a * c
    inside = root > 0.2 * root.max()  # away from the silhouette, where facets turn edge-on
    expected_m = (b - np.sqrt(np.maximum(root, 0.0))) / a
    # An icosphere of 81920 faces lies up to 0.2 mm inside its sphere; obliquely seen that is 0.6 mm along the ray.
    assert (np.abs(frame.depth_m - expected_m) <= 1e-3 + 1e-4 * expected_m)[inside].all()
    assert (frame.depth_m[root < 0.0] == 0.0).all()


def test_depth_of_a_slanted_wall_is_exact_at_pixel_centres_at_tiny_sizes(any_renderer):
    camera = DRIVING.camera.resize(24, 80)
    wall = rectangle((-50.0, 10.0, -50.0), (100.0, 30.0, 0.0), (0.0, 0.0, 100.0), GREY)
    frame = any_renderer.render(scene_of([wall], camera=camera))
    world = rays(camera) @ LOOKING_AHEAD[:3, :3].T
    expected_m = (10.0 + 0.3 * 50.0) / (world[..., 1] - 0.3 * world[..., 0])
    assert np.abs(frame.depth_m - expected_m).max() < 1e-4 * expected_m.max()


def test_ids_count_from_one_in_the_order_of_the_things_and_are_zero_in_the_sky(any_renderer):
    near = box((1.0, 1.0, 1.0), GREY, at_m=(-1.5, 6.0, 1.0))
    far = box((4.0, 1.0, 6.0), GREY, at_m=(2.0, 12.0, 0.0))
    frame = any_renderer.render(scene_of([far, near]))
    assert set(np.unique(frame.ids)) == {0, 1, 2}
    assert np.median(frame.depth_m[frame.ids == 2]) == pytest.approx(5.5, abs=1e-3)
    assert np.median(frame.depth_m[frame.ids == 1]) == pytest.approx(11.5, abs=1e-3)
    assert ((frame.ids == 0) == (frame.depth_m == 0.0)).all()


def test_the_order_of_things_changes_ids_and_nothing_else(any_renderer):
    things = [box((1.0, 1.0, 1.0), GREY, at_m=(x, 5.0 + abs(x), 0.0)) for x in (-2.0, 0.0, 2.5)] + [ground()]
    first = any_renderer.render(scene_of(things))
    second = any_renderer.render(scene_of(things[::-1]))
    np.testing.assert_array_equal(first.depth_m, second.depth_m)
    np.testing.assert_array_equal(first.radiance, second.radiance)
    np.testing.assert_array_equal(first.ids, np.where(second.ids > 0, 5 - second.ids.astype(int), 0))


def test_two_renders_of_a_scene_are_bitwise_equal(any_renderer):
    scene = scene_of([ground(), blob((1.0, 1.0, 1.0), GREY, at_m=(0.0, 5.0, 1.0))])
    first = any_renderer.render(scene)
    any_renderer.render(scene_of([ground()], camera=DRIVING.camera.resize(24, 80)))  # another size in between
    second = any_renderer.render(scene)
    for name in ("radiance", "depth_m", "ids"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_a_box_casts_a_shadow_away_from_the_sun(any_renderer):
    tower = box((0.6, 0.6, 2.0), GREY, at_m=(0.0, 8.0, 0.0))
    bare = any_renderer.render(scene_of([ground()])).radiance
    frame = any_renderer.render(scene_of([ground(), tower]))
    on_ground = frame.ids == 1
    dark = on_ground & (frame.radiance.mean(-1) < 0.6 * bare.mean(-1))
    columns = np.nonzero(dark)[1]
    middle = CAMERA.c_px[0]
    assert dark.sum() > 25
    assert (columns < middle + 14).all(), "the sun stands to the right, so the shadow falls to the left"
    assert np.median(columns) < middle - 7


def test_a_surface_without_shadow_caster_is_lit_evenly(any_renderer):
    smooth = replace(GREY, variation=0.0, gloss=0.0)
    plane = rectangle((-400.0, -20.0, 0.0), (800.0, 0.0, 0.0), (0.0, 420.0, 0.0), smooth)
    frame = any_renderer.render(scene_of([plane]))
    near = (frame.depth_m > 0.0) & (frame.depth_m < 40.0)
    values = frame.radiance[near].mean(-1)
    assert values.std() < 0.08 * values.mean(), "self-shadowing shows as dark stripes"


def test_back_faces_are_not_seen(any_renderer):
    from_behind = rectangle((5.0, 10.0, -5.0), (-10.0, 0.0, 0.0), (0.0, 0.0, 10.0), GREY)
    assert (any_renderer.render(scene_of([from_behind])).ids == 0).all()


def test_leaves_have_holes_in_picture_depth_and_ids_alike(any_renderer, bank):
    leaves = Material(layer=bank.layers["leaves"][0], cut_out=True)
    wall = rectangle((-5.0, 3.0, -5.0), (10.0, 0.0, 0.0), (0.0, 0.0, 10.0), leaves)
    frame = any_renderer.render(scene_of([wall]))
    share = (frame.ids > 0).mean()
    assert 0.2 < share < 0.98
    assert ((frame.ids > 0) == (frame.depth_m > 0)).all()


def test_a_view_past_everything_is_all_sky(any_renderer):
    behind = box((1.0, 1.0, 1.0), GREY, at_m=(0.0, -6.0, 0.0))
    frame = any_renderer.render(scene_of([behind], camera=DRIVING.camera.resize(24, 80)))
    assert (frame.ids == 0).all() and (frame.depth_m == 0.0).all()
    np.testing.assert_allclose(frame.radiance, 0.5, rtol=0.02)


def test_a_scene_without_things_is_refused():
    with pytest.raises(ValueError, match="without things"):
        scene_of([])


def test_frames_have_the_types_that_records_need(any_renderer):
    frame = any_renderer.render(scene_of([ground()], camera=DRIVING.camera.resize(24, 80)))
    assert (frame.radiance.dtype, frame.radiance.shape) == (np.float32, (24, 80, 3))
    assert (frame.depth_m.dtype, frame.depth_m.shape) == (np.float32, (24, 80))
    assert (frame.ids.dtype, frame.ids.shape) == (np.uint16, (24, 80))
    assert any_renderer.device


class TestChoice:
    def test_auto_is_onepass_where_opengl_opens(self, monkeypatch):
        monkeypatch.setattr(module, "opengl_device", lambda: ("llvmpipe", ""))
        assert choose_back_end("auto").name == "onepass"
        assert choose_back_end("pyrender").name == "pyrender"

    def test_auto_falls_back_to_embree_and_says_why(self, monkeypatch):
        monkeypatch.setattr(module, "opengl_device", lambda: (None, "there is no OpenGL"))
        choice = choose_back_end("auto")
        assert choice.name == "embree" and choice.notes == ("rendering with embree, since there is no OpenGL",)

    @pytest.mark.parametrize("name", ["onepass", "pyrender"])
    def test_what_was_asked_for_is_not_replaced(self, monkeypatch, name):
        monkeypatch.setattr(module, "opengl_device", lambda: (None, "there is no OpenGL"))
        with pytest.raises(InputError, match="there is no OpenGL"):
            choose_back_end(name)

    def test_embree_asks_nobody_for_opengl(self, monkeypatch):
        monkeypatch.delattr(module, "opengl_device")
        assert choose_back_end("embree").notes == ()

    def test_software_drawing_beside_a_gpu_is_said(self, tmp_path):
        assert software_notes("llvmpipe (LLVM 15.0.6, 256 bits)", tmp_path) == ()
        (tmp_path / "dev").mkdir()
        (tmp_path / "dev" / "nvidia0").touch()
        (note,) = software_notes("llvmpipe (LLVM 15.0.6, 256 bits)", tmp_path)
        assert "NVIDIA" in note and "llvmpipe" in note and "\n" not in note
        assert software_notes("NVIDIA H200/PCIe/SSE2", tmp_path) == ()
