"""Models come out upright, in metres, with their colours, and closed or two-sided."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from synth import asset_mesh
from synth.asset_mesh import Triangles, coarsened, is_closed, needs_backs, smooth_normals
from synth.asset_model import read_model
from synth.asset_reader import answer
from synth.asset_source import Unusable
from tests.synth.asset_files import obj_text, write_ball, write_box


def model(path, scale=1.0, up="y") -> dict[str, np.ndarray]:
    return read_model(path.parent, path.name, scale=scale, up=up)


def triangles_of(mesh) -> Triangles:
    corners = np.asarray(mesh.triangles, dtype=np.float64)
    return Triangles(corners, np.zeros((len(corners), 3, 2), np.float32), np.zeros((len(corners), 9), np.float32))


def test_a_box_of_gltf_stands_upright_with_its_picture_the_right_way_up(tmp_path):
    arrays = model(write_box(tmp_path / "box.glb", size=(0.6, 0.8, 0.4)))
    corners = arrays["corners_m"]
    np.testing.assert_allclose(corners.min((0, 1)), (-0.3, -0.2, 0.0), atol=1e-6)
    np.testing.assert_allclose(corners.max((0, 1)), (0.3, 0.2, 0.8), atol=1e-6)
    sides = np.abs(arrays["normals"][:, 0, 2]) < 0.5
    assert len(corners) == 12 and sides.sum() == 8
    v, z = arrays["uv"][sides][..., 1], corners[sides][..., 2]
    np.testing.assert_allclose(v, z / 0.8, atol=1e-6)  # the picture's foot, v = 0, is the box's foot
    assert arrays["pictures"].shape == (1, 256, 256, 4) and (arrays["pictures"][..., 3] == 255).all()
    assert tuple(arrays["pictures"][0, 20, 20]) == (0, 0, 255, 255)  # low rows are the lower, blue half
    assert tuple(arrays["pictures"][0, 230, 20]) == (255, 0, 0, 255)
    np.testing.assert_allclose(arrays["look"][:, :3], 1.0)
    assert (arrays["look"][:, 4] == 1).all() and arrays["look"][0, 3] == pytest.approx(0.2)


def test_scale_and_axis_are_applied(tmp_path):
    path = write_box(tmp_path / "box.glb", size=(0.6, 0.8, 0.4))
    corners = model(path, scale=2.0, up="z")["corners_m"]
    np.testing.assert_allclose(corners.max((0, 1)), (0.6, 0.8, 0.8), atol=1e-6)


@pytest.mark.parametrize("kind", ["ply", "glb", "obj"])
def test_colours_of_vertices_become_tints_on_white(tmp_path, kind):
    arrays = model(write_ball(tmp_path / f"ball.{kind}"))
    np.testing.assert_allclose(arrays["look"][:, :3], np.tile((1.0, 0.0, 1.0), (len(arrays["look"]), 1)), atol=1e-6)
    assert (arrays["look"][:, 4] == 0).all() and len(arrays["pictures"]) == 0


def test_bytes_of_a_ply_are_srgb_and_those_of_a_glb_linear(tmp_path):
    ball = trimesh.creation.icosphere(subdivisions=1, radius=0.2)
    ball.visual.vertex_colors = np.tile((128, 128, 128, 255), (len(ball.vertices), 1)).astype(np.uint8)
    for kind, grey in (("ply", 0.2159), ("glb", 128 / 255)):  # ((128/255 + 0.055) / 1.055)^2.4
        (tmp_path / f"ball.{kind}").write_bytes(ball.export(file_type=kind))
        np.testing.assert_allclose(model(tmp_path / f"ball.{kind}")["look"][:, :3], grey, atol=1e-3)


def test_materials_of_an_obj_are_read_from_beside_it(tmp_path):
    (tmp_path / "paint.mtl").write_text("newmtl red\nKd 1 0 0\n")
    (tmp_path / "sheet.obj").write_bytes(obj_text("mtllib paint.mtl", "usemtl red"))
    look = model(tmp_path / "sheet.obj")["look"]
    np.testing.assert_allclose(look[:, :3], ((1, 0, 0), (1, 0, 0)), atol=1e-6)
    assert len(look) == 2, "an open surface has a back"


def test_normals_of_a_ball_point_outwards_and_those_of_a_sheet_both_ways(tmp_path):
    arrays = model(write_ball(tmp_path / "ball.ply", detail=3))
    outwards = arrays["corners_m"] - (0.0, 0.0, 0.15)
    cosine = np.einsum("tck,tck->tc", arrays["normals"], outwards) / 0.15
    assert cosine.min() > 0.99 and len(arrays["look"]) == 1280
    (tmp_path / "sheet.obj").write_bytes(obj_text())
    normals = model(tmp_path / "sheet.obj")["normals"]
    np.testing.assert_allclose(normals[0], -normals[1])


def test_reversed_and_open_shells_have_backs_and_closed_ones_do_not():
    ball = trimesh.creation.icosphere(subdivisions=1)
    assert is_closed(triangles_of(ball)) and not needs_backs(triangles_of(ball))
    inside_out = ball.copy()
    inside_out.invert()
    assert not is_closed(triangles_of(inside_out))
    both = trimesh.util.concatenate([ball, inside_out.apply_translation((9, 0, 0)).apply_scale(0.5)])
    assert not is_closed(triangles_of(both)), "one shell of two is inside out"
    open_ball = triangles_of(ball)
    assert not is_closed(open_ball.of(np.arange(1, len(open_ball.look))))


def test_a_fine_scan_becomes_coarse_and_keeps_its_shape():
    fine = triangles_of(trimesh.creation.icosphere(subdivisions=5))
    coarse = coarsened(fine, 2000)
    assert 500 < len(coarse.look) <= 2000
    radius = np.linalg.norm(coarse.corners_m, axis=2)
    assert 0.97 < radius.min() and radius.max() < 1.0001
    cross = np.cross(coarse.corners_m[:, 1] - coarse.corners_m[:, 0], coarse.corners_m[:, 2] - coarse.corners_m[:, 0])
    assert np.linalg.norm(cross, axis=1).sum() / 2 == pytest.approx(4 * np.pi, rel=0.03)
    assert coarsened(fine, len(fine.look)) is fine


def test_creases_stay_sharp():
    normals = smooth_normals(triangles_of(trimesh.creation.box((1, 1, 1))))
    assert (np.abs(normals).max(axis=2) > 0.999).all()


def test_a_model_far_too_fine_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("synth.asset_model.MAX_FACES", 100)
    with pytest.raises(Unusable, match="has 320 triangles, more than 100"):
        model(write_ball(tmp_path / "ball.ply"))


def test_a_large_file_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr("synth.asset_reader.MAX_BYTES", 1000)
    path = write_ball(tmp_path / "ball.ply")
    request = {"root": str(tmp_path), "name": path.name, "is_texture": False, "scale": 1.0, "up": "z", "out": ""}
    assert answer(request) == "has 0 MB, more than 0"


def test_what_was_coarsened_has_no_more_triangles_than_are_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(asset_mesh.coarsened, "__defaults__", (300,))
    arrays = model(write_ball(tmp_path / "ball.ply", detail=4))
    assert len(arrays["look"]) <= 600  # with backs, where the coarse surface is not closed
