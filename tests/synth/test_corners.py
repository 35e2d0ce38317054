"""Corners: what lies in the buffer is what the meshes hold, in the order of drawing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synth.corners import WIDTHS, columns_of
from synth.drawing import near_to_far, upload_scene
from synth.gl import open_pyrender
from synth.mesh import merged
from synth.scene import Thing
from synth.shapes import blob, box
from tests.synth.scenes import GREY, ground, scene_of


def test_the_buffer_holds_every_attribute_on_its_own():
    meshes = [
        box((1, 1, 1), replace(GREY, layer=3, gloss=0.7)),
        blob((1, 1, 1), replace(GREY, layer=5), subdivisions=1),
    ]
    both = merged(meshes)
    num_rows = len(both.positions_m)
    parts = np.split(columns_of((7, 4), meshes), np.cumsum(WIDTHS)[:-1] * num_rows)
    for part, wanted in zip(parts, (both.positions_m, both.normals, both.look, both.uv), strict=False):
        np.testing.assert_array_equal(part.reshape(num_rows, -1), wanted)
    number = parts[4].reshape(num_rows, 2)
    assert (number[:36] == (3, 7)).all() and (number[36:] == (5, 4)).all() and num_rows == 36 + 240


@pytest.mark.opengl
def test_things_are_counted_by_what_they_do_to_light(renderer):
    solid, leaves = box((1, 1, 1), GREY), blob((1, 1, 1), replace(GREY, cut_out=True), subdivisions=1)
    things = [
        Thing(kind="tree", mesh=merged([solid, leaves, solid])),
        Thing(kind="bush", mesh=leaves),
        Thing(kind="lamp", mesh=solid, casts_shadow=False),
        Thing(kind="box", mesh=solid),
    ]
    upload = upload_scene(open_pyrender(), replace(scene_of([ground()]), things=things))
    upload.primitive.delete()
    assert (upload.num_solid, upload.num_leafy, upload.num_rest) == (3 * 36, 2 * 240, 36)
    dark = [Thing(kind="bush", mesh=leaves, casts_shadow=False)]
    with pytest.raises(AssertionError, match="leaves always cast shadows"):
        upload_scene(open_pyrender(), replace(scene_of([ground()]), things=dark))


def test_near_things_come_first_and_structure_last():
    scene = scene_of([ground()])
    eye = scene.world_from_camera[:3, 3]
    ahead = scene.world_from_camera[:3, 2]
    boxes = [Thing(kind="box", mesh=box((1, 1, 1), GREY).moved(eye + ahead * far_m)) for far_m in (9.0, 3.0, 6.0)]
    things = [Thing(kind="wall", mesh=box((1, 1, 1), GREY).moved(eye + ahead)), *boxes]
    assert near_to_far(replace(scene, things=things, structure=frozenset({"wall"}))) == [2, 3, 1, 0]
