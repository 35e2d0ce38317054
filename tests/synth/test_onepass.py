"""OnePass alone: what its shaders bound."""

from __future__ import annotations

import pytest

from synth.mesh import merged
from synth.scene import Light
from synth.shapes import blob, box
from tests.synth.scenes import GREY, ground, scene_of


@pytest.mark.opengl
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
