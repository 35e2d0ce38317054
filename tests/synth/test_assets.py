"""A folder of assets: what is used, what is skipped and why, and that nothing hostile takes the command down."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import synth.assets
from mde.errors import InputError
from synth.asset_file import open_assets
from synth.assets import prepare_assets
from tests.synth.asset_files import (
    ball_bytes,
    glb_bytes,
    glb_with_bomb,
    obj_text,
    own_cache,
    png_bytes,
    png_header,
    write_box,
    write_folder,
)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path) -> Path:
    return own_cache(monkeypatch, tmp_path / "cache")


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_folder(tmp_path / "assets")


BROKEN = {
    "cut.glb": (glb_bytes()[:-200], r"cannot be read as GLB \(ValueError"),
    "text.glb": (b"hello, I am no model\n" * 30, r"cannot be read as GLB \(ValueError: incorrect header"),
    "nothing.glb": (b"", "cannot be read as GLB"),
    "bomb.glb": (glb_with_bomb(), "holds a picture of more than 128 million pixels"),
    "nan.obj": (b"v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n", r"corners that are no numbers"),
    "points.obj": (b"v 0 0 0\nv 1 0 0\nv 0 1 0\n", "has no triangles"),
    "line.obj": (b"v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", "has no triangles with an area"),
    "giant.obj": (b"v 0 0 0\nv 9000 0 0\nv 0 900 0\nf 1 2 3\n", "is 9000 m large.* a scale in assets.json"),
    "dust.obj": (b"v 0 0 0\nv 1e-5 0 0\nv 0 1e-5 0\nf 1 2 3\n", "is 1e-05 m large"),
    "thief.obj": (obj_text("mtllib ../secret.mtl", "usemtl a"), "names '../secret.mtl', which is outside"),
    "absolute.obj": (obj_text("mtllib /etc/passwd", "usemtl a"), "names '/etc/passwd', which is outside"),
    "lie.ply": (ball_bytes().replace(b"element face 80", b"element face 99"), "cannot be read as PLY .*length"),
    "old.fbx": (b"Kaydara FBX Binary", "is FBX, which is not read; convert it to GLB"),
    "textures/bomb.png": (png_header(100_000, 100_000), "more than 128 million pixels"),
    "textures/large.png": (png_header(9_000, 9_000), "9000 x 9000 pixels, more than 64 million"),
    "textures/half.png": (png_bytes()[:-40], "cannot be read as PNG"),
    "textures/text.jpg": (b"no picture", "is no PNG, JPEG"),
}


def test_what_cannot_be_used_is_named_with_the_reason_and_the_rest_is_used(folder):
    for name, (content, _) in BROKEN.items():
        (folder / name).write_bytes(content)
    (folder.parent / "secret.mtl").write_text("newmtl a\nKd 1 0 0\n")
    (folder.parent / "elsewhere.glb").write_bytes(glb_bytes())
    (folder / "link.glb").symlink_to(folder.parent / "elsewhere.glb")
    (folder / "dangling.ply").symlink_to("nowhere.ply")
    (folder / "deep").mkdir()
    write_box(folder / "deep" / "chair.GLB")
    prepared = prepare_assets(folder)
    assert set(prepared.models) == {"ball.ply", "box.glb", "deep/chair.GLB"}
    assert prepared.textures == ("textures/green.png",)
    assert set(prepared.skipped) == {*BROKEN, "link.glb", "dangling.ply"}
    for name, (_, reason) in BROKEN.items():
        assert re.search(reason, prepared.skipped[name]), prepared.skipped[name]
    assert prepared.skipped["link.glb"] == "is a link to a file outside of the folder"
    lines = list(prepared.lines(folder))
    assert len(lines) == len(prepared.skipped) + 1 and all("\n" not in line for line in lines)
    assert lines[-1] == f"assets: 3 models and 1 textures of {folder}, {len(prepared.skipped)} skipped"
    assert f"skipped: {folder / 'points.obj'} has no triangles" in lines


def test_a_prepared_folder_is_not_read_again_and_workers_map_it(folder, monkeypatch):
    first = prepare_assets(folder)
    monkeypatch.setattr(synth.assets, "READER", ("false",))
    assert prepare_assets(folder) == first
    assets = open_assets(first.sha256)
    assert isinstance(assets.pixels.base, np.memmap) and not assets.pixels.flags.writeable
    assert [model.name for model in assets.models] == ["ball.ply", "box.glb"]
    assert {model.name: model.where for model in assets.models} == first.models


def test_the_digest_is_that_of_what_is_used(folder, cache):
    first = prepare_assets(folder)
    (folder / "broken.glb").write_bytes(b"?")
    assert prepare_assets(folder).sha256 == first.sha256
    os.rename(folder, folder.with_name("moved"))
    assert prepare_assets(folder.with_name("moved")).sha256 == first.sha256
    (folder.with_name("moved") / "ball.ply").write_bytes(ball_bytes())
    assert prepare_assets(folder.with_name("moved")).sha256 != first.sha256


@pytest.mark.parametrize("damage", ["cut", "gone", "bad note"])
def test_damage_to_the_cache_is_mended(folder, cache, damage):
    first = prepare_assets(folder)
    (path,), (note,) = cache.glob("assets-*.bin"), cache.glob("assets-of-*.json")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(InputError, match="not prepared on this machine.*--assets DIR"):
            open_assets(first.sha256)
    elif damage == "gone":
        path.unlink()
    else:
        note.write_text('{"sha256": 3}')
    assert prepare_assets(folder) == first
    open_assets(first.sha256)


READERS = {
    "crash": ("import os, sys; sys.stdin.readline(); os.abort()", "makes its reader crash"),
    "hang": ("import time; time.sleep(600)", "takes more than 1 s to be read"),
}


@pytest.mark.parametrize("fault", READERS)
def test_a_file_that_ends_or_hangs_its_reader_is_skipped_like_others(folder, monkeypatch, fault):
    code, reason = READERS[fault]
    monkeypatch.setattr(synth.assets, "READER", (sys.executable, "-c", code))
    monkeypatch.setattr(synth.assets, "READ_S", 1.0)
    with pytest.raises(InputError, match=f"holds nothing that can be used: ball.ply {reason}, and so on for 3"):
        prepare_assets(folder)


def test_one_crash_costs_one_file(folder, monkeypatch):
    code = (
        "import os, synth.asset_reader as r; whole = r.answer\n"
        "r.answer = lambda request: os.abort() if request['name'] == 'box.glb' else whole(request)\n"
        "r.main()"
    )
    monkeypatch.setattr(synth.assets, "READER", (sys.executable, "-c", code))
    prepared = prepare_assets(folder)
    assert prepared.skipped == {"box.glb": "makes its reader crash"}
    assert (set(prepared.models), prepared.textures) == ({"ball.ply"}, ("textures/green.png",))


def test_a_missing_an_empty_and_a_useless_folder_are_refused_in_one_line(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        prepare_assets(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no GLB, GLTF, OBJ or PLY file"):
        prepare_assets(tmp_path / "empty")
    (tmp_path / "empty" / "note.txt").write_text("later")
    with pytest.raises(InputError, match="holds no GLB, GLTF, OBJ or PLY file"):
        prepare_assets(tmp_path / "empty")


def test_rules_change_size_axes_kind_and_place(folder):
    rules = {
        "box.glb": {"scale": 0.5, "up": "z", "kind": "crate", "where": "surface", "share": 3},
        "textures/green.png": {"where": ["wall"], "tile_m": 0.5},
    }
    (folder / "assets.json").write_text(json.dumps(rules))
    assets = open_assets(prepare_assets(folder).sha256)
    box = assets.models[1]
    assert (box.kind, box.where, box.share) == ("crate", ("surface",), 3)
    assert box.size_m == pytest.approx((0.3, 0.4, 0.2))
    assert (assets.textures[0].where, assets.textures[0].tile_m) == (("wall",), 0.5)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("[1]", "is not an object of objects"),
        ("{", "is not a readable JSON file"),
        ('{"box.glb": {"size": 1}}', "box.glb has an unknown 'size'; known are kind, scale"),
        ('{"box.glb": {"scale": 0}}', "has scale 0; give a number above 0"),
        ('{"box.glb": {"scale": "1 cm"}}', "has scale '1 cm'"),
        ('{"box.glb": {"up": "x"}}', "has up 'x'; give y or z"),
        ('{"box.glb": {"kind": "light"}}', "has kind 'light'"),
        ('{"box.glb": {"where": "wall"}}', "has where 'wall'; give one of surface, floor, roadside"),
        ('{"textures/green.png": {"where": "roadside"}}', "give one of wall, floor, ground, object"),
        ('{"bax.glb": {"scale": 2}}', "speaks of bax.glb, which is not in the folder"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused_in_one_line(folder, rules, message):
    (folder / "assets.json").write_text(rules)
    with pytest.raises(InputError, match=message) as caught:
        prepare_assets(folder)
    assert "\n" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_the_users_to_change(folder, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SYNTH_CACHE_DIR", str(tmp_path / "file" / "below"))
    with pytest.raises(InputError, match="SYNTH_CACHE_DIR"):
        prepare_assets(folder)
