"""Replay: the same bytes are called the same, and a difference is said in pixels."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mde.errors import InputError
from mde.record import encode_record
from mde.shards import ShardReader, read_index, write_index
from synth.generate import generate, main
from synth.generate_config import GenerateConfig
from synth.replay import find_differences, replay
from tests.conftest import make_record
from tests.synth.noise_engine import noise_config, use_noise


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("original") / "renders"
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_noise(monkeypatch)
        generate(noise_config(out))
    return out


@pytest.fixture
def folder(original, tmp_path, monkeypatch) -> Path:
    """A copy that a test may damage."""
    use_noise(monkeypatch)
    return Path(shutil.copytree(original, tmp_path / "renders"))


def test_a_sample_is_made_again_and_its_files_are_handed_out(folder, tmp_path, capsys):
    main(GenerateConfig(replay=f"{folder}:5", out=tmp_path / "again"))
    assert capsys.readouterr().out == f"sample 5 of {folder} is the same again, byte for byte (on noise)\n"
    stored = ShardReader(folder).parts("000005")
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == {
        f"000005.{suffix}": content for suffix, content in stored.items()
    }


def test_a_sample_that_comes_out_otherwise_is_described(folder):
    index = read_index(folder)
    write_index(folder, replace(index, config={**index.config, "seed": 9, "generator_version": 0}))
    with pytest.raises(InputError, match=r"sample 5 of .* is not the same again: image by .* levels") as caught:
        replay(f"{folder}:5", None)
    assert "recipe in config_sha256; stored: generator version 0 on noise; now: generator version" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_each_difference_is_named_in_its_unit():
    was = make_record("000001")
    image = was.image.copy()
    image[0, 0, 0] ^= 128
    depth_m, ids = was.depth_m.copy(), was.ids.copy()
    depth_m[0, :24] += 0.5
    ids[:18] += 1
    now = replace(was, image=image, depth_m=depth_m, ids=ids, recipe={"index": 1, "seed": 2})
    first, *rest = find_differences("000001", encode_record(was), encode_record(now))
    assert first.startswith("image by 0.0") or first.startswith("image by 0.1")
    assert rest == [
        "depth in 1.39% of the pixels, by 0.5000 m at most",  # 24 of 36x48 pixels
        "ids in 50.00% of the pixels",
        "recipe in seed",
    ]


def test_another_encoding_of_the_same_pixels_is_a_difference():
    parts = encode_record(make_record("000001"))
    spaced = {**parts, "json": parts["json"] + b"\n"}
    assert list(find_differences("000001", parts, spaced)) == ["encoding of json, with the same content"]
    assert list(find_differences("000001", parts, dict(parts))) == []


def test_another_size_is_no_matter_of_pixels():
    small, large = make_record("000001"), make_record("000001", height=40)
    assert list(find_differences("000001", encode_record(small), encode_record(large))) == [
        "size (36, 48), now (40, 48)"
    ]


@pytest.mark.parametrize("name", ["renders", "renders:", ":3", "renders:x", "renders:-1"])
def test_what_names_no_sample_is_refused(name):
    with pytest.raises(InputError, match="is not DIR:INDEX; write it like renders/indoor:123"):
        replay(name, None)


def test_an_absent_sample_and_a_foreign_configuration_are_refused(folder, tmp_path):
    with pytest.raises(InputError, match="has no record 000007; it holds 7 records"):
        replay(f"{folder}:7", None)
    with pytest.raises(InputError, match="is not a directory"):
        replay(f"{tmp_path / 'absent'}:7", None)
    with pytest.raises(InputError, match="is a file; give a folder"):
        replay(f"{folder}:1", folder / "index.json")
    write_index(folder, replace(read_index(folder), config={"painted": True}))
    with pytest.raises(InputError, match="holds no renders of this version"):
        replay(f"{folder}:1", None)


def test_the_largest_depth_difference_is_in_metres_not_units():
    was = make_record("000001")
    now = replace(was, depth_m=np.where(was.depth_m > 0, was.depth_m + np.float32(0.002), 0).astype(np.float32))
    [text] = find_differences("000001", encode_record(was), encode_record(now))
    assert text == "depth in 100.00% of the pixels, by 0.0020 m at most"
