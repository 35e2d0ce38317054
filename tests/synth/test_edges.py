"""Edges: what is one surface and what is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mde.camera import Camera
from synth.edges import edge_pixels
from synth.scene import Light
from synth.shapes import rectangle
from tests.synth.scenes import GREY, scene_of

CAMERA = Camera(f_px=(60.0, 60.0), c_px=(40.0, 30.0), height=60, width=80)
NIGHT = Light(colour=(0.0, 0.0, 0.0), place_m=(0.6, 0.0, 0.8), is_sun=True)
ONE = np.ones(CAMERA.size, dtype=np.uint32)


def plane(normal, distance_m=3.0):
    """(H,W) float32 planar z of the plane normal . X = distance_m, 0 where it is behind the camera."""
    v, u = np.mgrid[: CAMERA.height, : CAMERA.width] + 0.5
    rays = np.stack(((u - 40.0) / 60.0, (v - 30.0) / 60.0, np.ones_like(u)), axis=2)
    facing = rays @ np.asarray(normal, dtype=np.float64)
    return np.where(facing > 0.02, distance_m / np.maximum(facing, 0.02), 0.0).astype(np.float32)


@pytest.mark.parametrize("normal", [(0.0, 0.0, 1.0), (0.0, 0.9, 0.4), (0.6, 0.3, 0.7)])
def test_a_plane_has_no_edges_however_it_leans(normal):
    depth_m = plane(normal)
    seen = depth_m > 0
    inner = seen.copy()
    inner[1:] &= seen[:-1]
    inner[:-1] &= seen[1:]
    inner[:, 1:] &= seen[:, :-1]
    inner[:, :-1] &= seen[:, 1:]
    assert inner.mean() > 0.4
    assert not edge_pixels(depth_m, ONE, CAMERA)[inner].any()


def test_both_sides_of_a_crease_are_edges_and_nothing_else():
    left, right = plane((-0.5, 0.0, 0.8)), plane((0.5, 0.0, 0.8))  # they meet where u = 40
    depth_m = np.minimum(left, right) if left[0, 0] > right[0, 0] else np.maximum(left, right)
    edges = edge_pixels(depth_m, ONE, CAMERA)
    assert edges[:, 39:41].all() and not edges[:, :39].any() and not edges[:, 41:].any()


def test_the_outline_against_nothing_and_a_change_of_name_are_edges():
    depth_m = plane((0.0, 0.0, 1.0))
    depth_m[:, :20] = 0.0
    names = ONE.copy()
    names[45:] = 2
    edges = edge_pixels(depth_m, names, CAMERA)
    assert edges[:, 19:21].any(axis=1).all() and edges[44:46].all()
    assert not edges[:44, 22:].any() and not edges[:, :19][:44].any()


@pytest.mark.opengl
def test_outlines_are_smooth_and_surfaces_keep_the_sample_of_the_pixel_centre(renderer):
    scene = scene_of([rectangle((-1.0, 6.0, 0.5), (2.0, 0.0, 0.3), (-0.3, 0.0, 2.0), GREY)], lights=[NIGHT])
    frame = renderer.render(scene)
    edges = edge_pixels(frame.depth_m, frame.ids, scene.camera)
    inside = frame.radiance[(frame.ids > 0) & ~edges].mean(axis=1)
    outside = frame.radiance[(frame.ids == 0) & ~edges].mean(axis=1)
    low, high = float(inside.max()), float(outside.min())
    assert low < 0.5 * high
    shares = (frame.radiance[edges].mean(axis=1) - np.median(inside)) / (np.median(outside) - np.median(inside))
    off = np.abs(shares[:, None] - np.arange(5) / 4).min(axis=1)  # 0 to 4 of 4 samples see the sky; texture varies
    assert off.mean() < 0.04 and off.max() < 0.125
    assert ((shares > 0.15) & (shares < 0.85)).sum() > 40


@pytest.mark.opengl
def test_a_scene_that_need_not_be_smooth_has_one_sample_per_pixel(renderer):
    scene = scene_of([rectangle((-1.0, 6.0, 0.5), (2.0, 0.0, 0.3), (-0.3, 0.0, 2.0), GREY)], lights=[NIGHT])
    smooth, raw = renderer.render(scene), renderer.render(replace(scene, is_smooth=False))
    edges = edge_pixels(smooth.depth_m, smooth.ids, scene.camera)
    np.testing.assert_array_equal(smooth.radiance[~edges], raw.radiance[~edges])
    assert (smooth.radiance[edges] != raw.radiance[edges]).any()
    is_dark = raw.radiance.mean(axis=2) < 0.5 * raw.radiance.max()
    np.testing.assert_array_equal(is_dark, raw.ids > 0)  # each pixel is all of one thing
