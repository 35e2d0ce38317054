"""Selecting from shards copies whole records, names its parent, resumes and refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mde.errors import InputError
from mde.files import read_json, sha256_file, write_json
from mde.shards import ShardReader, read_index, write_index
from synth.features import NUM_FEATURES, teacher_features
from synth.generate import generate
from synth.inspection import find_faults, inspect_folder
from synth.replay import replay
from synth.select import SelectConfig, _choose, select_shards
from tests.conftest import make_shards, make_teacher
from tests.synth.noise_engine import noise_config, use_noise


@pytest.fixture
def config(shards, tmp_path) -> SelectConfig:
    return SelectConfig(data=shards, keep=5, out=tmp_path / "chosen", shard_size=2)


def test_chosen_records_are_copied_byte_by_byte_and_the_parent_is_named(config):
    index = select_shards(config)
    parent = ShardReader(config.data)
    files = dict(parent.files(number) for number in range(len(parent)))
    reader = ShardReader(config.out)
    assert len(reader) == 5 and [shard.num_records for shard in index.shards] == [2, 2, 1]
    for number in range(5):
        key, content = reader.files(number)
        assert content == files[key]
    assert (index.origin, index.domain) == ("synthetic", "indoor")
    assert index.config["parent_index_sha256"] == sha256_file(config.data / "index.json")
    assert {"coverage.html", "contact.png", "report.json", "selection.json"} <= {p.name for p in config.out.iterdir()}


def test_who_painted_the_images_stays_known(config):
    notes = {"painted": {"model": "a", "pipeline": "b", "model_sha256": "c"}}
    write_index(config.data, replace(read_index(config.data), notes=notes))
    assert select_shards(config).notes == notes


@pytest.fixture
def renders(tmp_path, monkeypatch) -> Path:
    use_noise(monkeypatch)
    generate(noise_config(tmp_path / "renders"))
    return tmp_path / "renders"


class TestChoiceOfRenders:
    def test_it_is_verified_and_replayed_by_what_it_was_rendered_with(self, renders, tmp_path):
        first, second = tmp_path / "five", tmp_path / "three"
        select_shards(SelectConfig(data=renders, keep=5, out=first, shard_size=2))
        select_shards(SelectConfig(data=first, keep=3, out=second))
        for out, number in ((first, 5), (second, 3)):
            assert inspect_folder(out) == f"{out}: {number} images, all files as they were written"
            key = ShardReader(out).files(0)[0]
            assert "is the same again, byte for byte" in replay(f"{out}:{int(key)}", None)

    def test_damage_and_a_foreign_choice_are_found(self, renders, tmp_path):
        out = tmp_path / "five"
        select_shards(SelectConfig(data=renders, keep=5, out=out))
        path = out / "selection.json"
        path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
        assert list(find_faults(out, lambda: None)) == ["selection.json is not the choice that report.json names"]
        content = bytearray((out / "shard-00000.tar").read_bytes())
        content[-1] ^= 1
        (out / "shard-00000.tar").write_bytes(content)
        with pytest.raises(InputError, match="has 2 faults; delete the files named above"):
            inspect_folder(out)
        (out / "shard-00000.tar").unlink()
        path.unlink()
        select_shards(SelectConfig(data=renders, keep=5, out=out))
        assert list(find_faults(out, lambda: None)) == []


def test_the_same_command_again_keeps_the_files_and_completes_a_broken_run(config):
    select_shards(config)
    before = {path.name: path.read_bytes() for path in config.out.glob("*.tar")}
    select_shards(config)
    (config.out / "index.json").unlink()
    (config.out / "shard-00001.tar").unlink()
    select_shards(config)
    assert {path.name: path.read_bytes() for path in config.out.glob("*.tar")} == before
    assert read_index(config.out).num_records == 5


def test_the_order_of_the_shards_does_not_matter(config, tmp_path):
    select_shards(config)
    keys = {ShardReader(config.out).files(number)[0] for number in range(5)}
    reader = ShardReader(config.data)
    reader._places.reverse()
    (tmp_path / "again").mkdir()
    again = _choose(replace(config, out=tmp_path / "again"), reader, np.arange(12), None)
    assert {reader.files(number)[0] for number in again.kept} == keys


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"keep": 0}, "--keep 0 is not a count"),
        ({"keep": 13}, "more than the 12 records"),
        ({"seed": -1}, "--seed -1 is negative"),
        ({"shard_size": 0}, "--shard-size 0"),
        ({"weights": "w.pth"}, "add --teacher"),
        ({"at_home": 0.0}, "--at-home 0.0 is no share"),
        ({"teacher": "nobody"}, "unknown"),
    ],
)
def test_impossible_values_are_refused_before_anything_is_written(config, changes, message):
    with pytest.raises(InputError, match=message):
        select_shards(replace(config, **changes))
    assert not config.out.exists()


def write_distances(config, distances) -> Path:
    path = config.out.with_name("records.json")
    write_json(path, {"data": sha256_file(config.data / "index.json"), "distances": distances})
    return path


def test_the_most_foreign_records_are_left_out_before_the_choice(config):
    distances = [float((7 * number) % 12) for number in range(12)]
    config = replace(config, distances=write_distances(config, distances), at_home=0.5, keep=6)
    select_shards(config)
    reader = ShardReader(config.data)
    home = {reader.files(number)[0] for number in range(12) if distances[number] < 6}
    assert {ShardReader(config.out).files(number)[0] for number in range(6)} == home
    assert "6 of 6 indoor records at home" in (config.out / "coverage.html").read_text()
    assert read_index(config.out).config["at_home"] == 0.5
    (config.out / "selection.json").unlink()
    with pytest.raises(InputError, match="from other data or by another teacher"):
        select_shards(replace(config, distances=write_distances(config, distances[::-1])))


def test_distances_that_do_not_fit_are_refused_before_anything_is_written(config):
    path = write_distances(config, [0.0] * 12)
    with pytest.raises(InputError, match="--keep 5 is more than the 3 records at home"):
        select_shards(replace(config, distances=path, at_home=0.25))
    for content, message in (
        ({"distances": [0.0] * 12}, "is no records.json of adapt.run"),
        ({"data": "0", "distances": [0.0] * 12}, "was measured on other data"),
        ({"data": sha256_file(config.data / "index.json"), "distances": [0.0] * 11}, "must hold 12 finite distances"),
        ({"data": sha256_file(config.data / "index.json"), "distances": ["x"] * 12}, "is no records.json"),
    ):
        write_json(path, content)
        with pytest.raises(InputError, match=message):
            select_shards(replace(config, distances=path))
    assert not config.out.exists()


def test_another_choice_or_other_data_in_the_same_folder_is_refused(config, tmp_path):
    select_shards(config)
    with pytest.raises(InputError, match="holds a run with"):
        select_shards(replace(config, keep=4))
    other = make_shards(tmp_path / "other", seed=3)
    with pytest.raises(InputError, match="from other data"):
        select_shards(replace(config, data=other))


def test_features_of_a_teacher_are_the_same_every_time_and_differ_between_images(shards):
    reader, teacher = ShardReader(shards), make_teacher()
    features = teacher_features(reader, teacher, seed=0)
    assert features.shape == (12, NUM_FEATURES) and features.dtype == np.float32
    np.testing.assert_array_equal(features, teacher_features(reader, teacher, seed=0))
    assert len(np.unique(features.round(6), axis=0)) == 12


def test_a_choice_by_features_is_also_measured_in_all_of_them(config):
    select_shards(replace(config, teacher="demo"))
    figures = read_json(config.out / "selection.json")["figures"]
    assert {"held_out", "whole", "bound"} <= figures.keys()
    assert "in all features of the teacher" in (config.out / "coverage.html").read_text()
