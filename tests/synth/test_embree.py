"""The ray caster against the rasteriser on real scenes, in two tiers: tight inside, bounded at silhouettes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mde.domain import DOMAINS
from synth.mesh import CUT_OUT_COLUMN
from synth.sample import KINDS, PURPOSES
from synth.scene import Frame, Light, Scene
from synth.shapes import box
from tests.synth.scenes import CAMERA, GREY, ground, scene_of

SIZES = {"indoor": (120, 160), "driving": (94, 310)}
SHARE_ANYWHERE = 0.005
"""Pixels that may differ, nearly all where something ends: rays and rasters round differently there, and holes in
leaves are silhouettes as well. The worst of the scenes below has 0.21 per cent."""
SHARE_INSIDE = 0.0005
"""Pixels that may differ away from silhouettes: where two faces lie in one plane, either may win."""
COLOUR = {"indoor": 0.09, "driving": 0.04}
"""Mean difference of radiance as a share of its mean; shadows are sharp here, soft there. Worst: 0.069 and 0.023."""


def scene_rand(domain: str, index: int, bank) -> Scene:
    kind = KINDS[domain]
    root = np.random.SeedSequence((0, kind.number, index)).spawn(1)[0]
    streams = dict(zip(PURPOSES, map(np.random.default_rng, root.spawn(len(PURPOSES))), strict=True))
    return kind.scene_rand(streams, bank, DOMAINS[domain].camera.resize(*SIZES[domain]))


def is_silhouette(frame: Frame, scene: Scene) -> np.ndarray:
    """(H,W) bool: among the nine pixels around, the object changes, the depth jumps by a tenth, or leaves grow."""
    height, width = frame.ids.shape
    ids, depth_m = np.pad(frame.ids, 1, mode="edge"), np.pad(frame.depth_m, 1, mode="edge")
    places = [(slice(i, i + height), slice(j, j + width)) for i in range(3) for j in range(3)]
    id_stack, depth_stack = np.stack([ids[p] for p in places]), np.stack([depth_m[p] for p in places])
    jump = depth_stack.max(axis=0) - depth_stack.min(axis=0) > 0.1 * depth_stack.max(axis=0)
    leafy = [k for k, thing in enumerate(scene.things, start=1) if (thing.mesh.look[:, CUT_OUT_COLUMN] > 0.5).any()]
    return (id_stack.min(axis=0) != id_stack.max(axis=0)) | jump | np.isin(id_stack, leafy).any(axis=0)


def differs(first: Frame, second: Frame) -> np.ndarray:
    """(H,W) bool: another object, or a depth off by more than 1 mm and 1e-4 of it."""
    return (first.ids != second.ids) | (np.abs(first.depth_m - second.depth_m) > 1e-3 + 1e-4 * first.depth_m)


@pytest.mark.opengl
@pytest.mark.parametrize("index", [0, 1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("domain", ["indoor", "driving"])
def test_rays_and_rasters_see_the_same_depth_ids_and_light(renderer, embree, bank, domain, index):
    scene = scene_rand(domain, index, bank)
    raster, rays = renderer.render(scene), embree.render(scene)
    edge, bad = is_silhouette(raster, scene) | is_silhouette(rays, scene), differs(raster, rays)
    assert (~edge).mean() > 0.3, "there must be an inside to judge"
    assert (bad & ~edge).mean() < SHARE_INSIDE
    assert bad.mean() < SHARE_ANYWHERE
    gap = np.abs(raster.radiance - rays.radiance).mean() / raster.radiance.mean()
    assert gap < COLOUR[domain]
    assert rays.radiance.mean() == pytest.approx(raster.radiance.mean(), rel=0.02)


@pytest.mark.opengl
@pytest.mark.parametrize("domain", ["indoor", "driving"])
def test_pyrender_has_the_depth_and_ids_of_onepass_and_a_like_picture(renderer, pyrender_backend, bank, domain):
    scene = scene_rand(domain, 0, bank)
    first, second = renderer.render(scene), pyrender_backend.render(scene)
    np.testing.assert_array_equal(first.ids, second.ids)
    np.testing.assert_array_equal(first.depth_m, second.depth_m)
    grey, other = first.radiance.mean(axis=2).ravel(), second.radiance.mean(axis=2).ravel()
    assert np.corrcoef(np.log(grey + 0.01), np.log(other + 0.01))[0, 1] > 0.8
    assert np.median(other) == pytest.approx(np.median(grey), rel=0.4)


@pytest.mark.parametrize("domain", ["indoor", "driving"])
def test_a_real_scene_has_no_holes_between_its_triangles(embree, bank, domain):
    frame = embree.render(scene_rand(domain, 0, bank))
    empty = frame.ids == 0
    around = [np.roll(~empty, shift, axis) for axis in (0, 1) for shift in (-1, 1)]
    lone = (empty & np.logical_and.reduce(around))[1:-1, 1:-1]
    assert lone.mean() < (1e-9 if domain == "indoor" else 2e-3), "a lone empty pixel: rays fall through an edge"


def test_the_disc_of_a_lamp_behind_a_wall_lights_nothing(embree):
    """A wall between lamp and ground: all light that is left is ambient."""
    lamp = Light(colour=(30.0,) * 3, place_m=(0.0, 20.0, 3.0), has_shadow=True)
    roof = box((60.0, 60.0, 0.2), GREY, at_m=(0.0, 20.0, 2.5))
    lit = embree.render(scene_of([ground()], lights=[lamp]))
    dark = embree.render(scene_of([ground(), roof], lights=[lamp]))
    place = (lit.ids == 1) & (dark.ids == 1) & (lit.depth_m > 5.0) & (lit.depth_m < 30.0)
    assert place.sum() > 1000
    assert dark.radiance[place].max() < 0.35 < lit.radiance[place].max()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from Linux's /proc")
def test_memory_is_flat_over_hundreds_of_frames(any_renderer, bank):
    scenes = [scene_rand(domain, 0, bank) for domain in ("indoor", "driving")]
    small = [_with_size(scene, 24, 48) for scene in scenes]

    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    for number in range(60):
        any_renderer.render(small[number % 2])
    before = resident_bytes()
    for number in range(200):
        any_renderer.render(small[number % 2])
    assert resident_bytes() - before < 12_000_000, "more than 60 kB stay behind per frame"


def _with_size(scene: Scene, height: int, width: int) -> Scene:
    return replace(scene, camera=CAMERA.resize(height, width))
