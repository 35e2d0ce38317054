"""Painted shards: same keys, depth and ids; what does not fit stays plain; a killed run ends with the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mde.errors import InputError
from mde.record import Record, decode_image
from mde.shards import ShardReader, read_index, read_parts
from synth.painter import Painting
from synth.reskin import PAINTED, paint_shards
from synth.verdict import MOVED_EDGES, Judge
from tests.synth.boxes import box_record, write_boxes


class Recolourer:
    """Swaps the colours of even records, and paints noise over those whose index is in `spoils`."""

    def __init__(self, *, spoils: tuple[int, ...] = (), fault: str | None = None, dies_at: int | None = None) -> None:
        self.spoils, self.fault, self.dies_at = spoils, fault, dies_at
        self.num_painted = 0
        self.model_sha256 = "a" * 64

    @property
    def identity(self) -> dict[str, Any]:
        return {"model": "recolourer", "model_sha256": self.model_sha256, "pipeline": "None", "strength": 0.5}

    def paint(self, record: Record) -> Painting:
        index = record.recipe["index"]
        if index == self.dies_at:
            raise KeyboardInterrupt
        self.num_painted += 1
        image = record.image[..., ::-1].copy()
        if index in self.spoils:
            image = np.random.default_rng(index).integers(0, 256, image.shape, dtype=np.uint8)
        return Painting(image=image, prompt=f"record {index}", fault=self.fault)


def paint(plain: Path, out: Path, painter: Recolourer) -> None:
    out.mkdir(exist_ok=True)
    paint_shards(plain, out, painter, Judge(), on_record=lambda: None)


def all_bytes(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


@pytest.fixture
def plain(tmp_path) -> Path:
    return write_boxes(tmp_path / "plain", 5)


def test_only_the_image_and_the_recipe_of_an_accepted_painting_change(plain, tmp_path):
    paint(plain, tmp_path / "out", Recolourer())
    before = dict(read_parts(plain / "shard-00000.tar"))
    after = dict(read_parts(tmp_path / "out" / "shard-00000.tar"))
    assert list(after) == list(before) == ["000000", "000001"]
    for key, parts in after.items():
        assert parts["depth.png"] == before[key]["depth.png"] and parts["ids.png"] == before[key]["ids.png"]
        assert parts["image.jpg"] != before[key]["image.jpg"]
        plain_image = decode_image(before[key]["image.jpg"]).astype(int)
        assert np.abs(decode_image(parts["image.jpg"]) - plain_image[..., ::-1]).mean() < 4.0
        meta, old = json.loads(parts["json"]), json.loads(before[key]["json"])
        facts = meta["recipe"].pop(PAINTED)
        assert meta == old
        assert facts["accepted"] and facts["reason"] is None and facts["prompt"] == f"record {int(key)}"
        assert (facts["model"], facts["model_sha256"]) == ("recolourer", "a" * 64)
        assert facts["edge_agreement"] > 0.7


def test_what_does_not_fit_its_depth_stays_plain_to_the_byte_and_is_counted(plain, tmp_path):
    paint(plain, tmp_path / "out", Recolourer(spoils=(1, 4)))
    before = dict(read_parts(plain / "shard-00000.tar"))["000001"]
    after = dict(read_parts(tmp_path / "out" / "shard-00000.tar"))["000001"]
    assert after["image.jpg"] == before["image.jpg"]
    facts = json.loads(after["json"])["recipe"][PAINTED]
    assert not facts["accepted"] and facts["reason"] == MOVED_EDGES
    notes = read_index(tmp_path / "out").notes[PAINTED]
    assert (notes["num_painted"], notes["num_kept_plain"], notes["reasons"]) == (3, 2, {MOVED_EDGES: 2})


def test_the_index_names_the_model_and_the_origin_stays_synthetic(plain, tmp_path):
    paint(plain, tmp_path / "out", Recolourer())
    reader = ShardReader(tmp_path / "out")
    assert len(reader) == 5 and reader[4].origin == "synthetic"
    assert reader.index.notes[PAINTED]["model_sha256"] == "a" * 64
    assert reader.index.config["seed"] == 7 and reader.index.config[PAINTED]["model"] == "recolourer"
    assert reader.index.config_sha256 != read_index(plain).config_sha256


def test_a_painting_that_the_model_itself_faults_is_not_used(plain, tmp_path):
    paint(plain, tmp_path / "out", Recolourer(fault="refused"))
    assert read_index(tmp_path / "out").notes[PAINTED]["reasons"] == {"refused": 5}


def test_a_render_that_cannot_judge_is_not_even_painted(tmp_path, monkeypatch):
    plain = write_boxes(tmp_path / "plain", 2)
    monkeypatch.setattr(Judge, "can_judge", lambda self, record: record.recipe["index"] == 1)
    painter = Recolourer()
    paint(plain, tmp_path / "out", painter)
    assert painter.num_painted == 1
    assert read_index(tmp_path / "out").notes[PAINTED]["num_kept_plain"] == 1


def test_a_stopped_run_goes_on_with_the_next_shard_and_ends_with_the_same_bytes(plain, tmp_path):
    paint(plain, tmp_path / "once", Recolourer(spoils=(1,)))
    with pytest.raises(KeyboardInterrupt):
        paint(plain, tmp_path / "stopped", Recolourer(spoils=(1,), dies_at=3))
    assert {path.name for path in (tmp_path / "stopped").iterdir()} == {"shard-00000.tar", "shard-00000.json"}
    painter = Recolourer(spoils=(1,))
    paint(plain, tmp_path / "stopped", painter)
    assert painter.num_painted == 3
    assert all_bytes(tmp_path / "stopped") == all_bytes(tmp_path / "once")


def test_a_finished_folder_is_not_painted_again_and_every_record_is_reported(plain, tmp_path):
    paint(plain, tmp_path / "out", Recolourer())
    before, again, calls = all_bytes(tmp_path / "out"), Recolourer(), []
    paint_shards(plain, tmp_path / "out", again, Judge(), on_record=lambda: calls.append(1))
    assert again.num_painted == 0 and len(calls) == 5 and all_bytes(tmp_path / "out") == before


def test_a_damaged_shard_another_model_and_another_render_are_painted_again(plain, tmp_path):
    out = tmp_path / "out"
    paint(plain, out, Recolourer())
    before = all_bytes(out)
    content = bytearray(before["shard-00001.tar"])
    content[len(content) // 2] ^= 1
    (out / "shard-00001.tar").write_bytes(content)
    painter = Recolourer()
    paint(plain, out, painter)
    assert painter.num_painted == 2 and all_bytes(out) == before
    other = Recolourer()
    other.model_sha256 = "b" * 64
    paint(plain, out, other)
    assert other.num_painted == 5 and read_index(out).notes[PAINTED]["model_sha256"] == "b" * 64
    grown, painter = write_boxes(tmp_path / "grown", 6), Recolourer()
    painter.model_sha256 = "b" * 64
    paint(grown, out, painter)
    assert painter.num_painted == 2 and len(ShardReader(out)) == 6


def test_paintings_real_images_and_damaged_renders_are_refused(plain, tmp_path):
    paint(plain, tmp_path / "out", Recolourer())
    with pytest.raises(InputError, match="is painted already"):
        paint(tmp_path / "out", tmp_path / "twice", Recolourer())
    real = write_boxes(tmp_path / "real", 1, origin="real")
    with pytest.raises(InputError, match="only renders of synth.generate are painted"):
        paint(real, tmp_path / "none", Recolourer())
    (plain / "shard-00001.tar").write_bytes(b"")
    with pytest.raises(InputError, match="damaged"):
        paint(plain, tmp_path / "none", Recolourer())


def test_box_records_differ_so_that_mixing_them_up_would_show():
    images = [box_record(index).image for index in range(5)]
    assert len({image.tobytes() for image in images}) == 5
