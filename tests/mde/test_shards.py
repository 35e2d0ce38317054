from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest

from mde.errors import InputError
from mde.record import encode_record
from mde.shards import INDEX, ShardReader, read_index, read_parts, write_shard
from tests.conftest import make_record, make_shards


def test_records_read_back_by_number(shards: Path) -> None:
    reader = ShardReader(shards)
    assert len(reader) == 12
    assert [reader[number].recipe["index"] for number in (0, 4, 5, 11)] == [0, 4, 5, 11]
    assert np.array_equal(reader[7].ids, make_record("000007").ids)
    assert np.array_equal(reader.image(7), reader[7].image)


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = make_shards(tmp_path / "a"), make_shards(tmp_path / "b")
    names = sorted(path.name for path in first.iterdir())
    assert names == ["index.json", "shard-00000.tar", "shard-00001.tar", "shard-00002.tar"]
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_plain_tar_can_read_a_shard(shards: Path, tmp_path: Path) -> None:
    subprocess.run(["tar", "-xf", shards / "shard-00000.tar", "-C", tmp_path], check=True)
    assert json.loads((tmp_path / "000003.json").read_text())["recipe"] == {"index": 3}
    assert (tmp_path / "000003.image.jpg").read_bytes() == encode_record(make_record("000003"))["image.jpg"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves its file open
def test_webdataset_can_read_a_shard(shards: Path) -> None:
    webdataset = pytest.importorskip("webdataset", reason="webdataset is not installed")
    samples = list(webdataset.WebDataset(str(shards / "shard-00000.tar"), shardshuffle=False))
    assert [sample["__key__"] for sample in samples] == [f"{i:06d}" for i in range(5)]
    assert samples[2]["depth.png"] == encode_record(make_record("000002"))["depth.png"]


def test_a_shard_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def records():  # type: ignore[no-untyped-def]
        yield "000000", encode_record(make_record("000000"))
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_shard(tmp_path / "shard-00000.tar", records())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["../evil", "a/b", "", "1.2"])
def test_keys_that_could_leave_the_folder_are_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="alphanumeric"):
        write_shard(tmp_path / "s.tar", [(key, encode_record(make_record("000000")))])


def test_a_repeated_key_is_refused(tmp_path: Path) -> None:
    files = encode_record(make_record("000000"))
    with pytest.raises(ValueError, match="repeats"):
        write_shard(tmp_path / "s.tar", [("000000", files), ("000000", files)])


def test_a_truncated_shard_is_named(shards: Path) -> None:
    path = shards / "shard-00001.tar"
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(InputError, match=r"shard-00001.tar is damaged .* delete it and generate again"):
        ShardReader(shards)


def test_a_flipped_byte_is_found(shards: Path) -> None:
    path = shards / "shard-00002.tar"
    content = bytearray(path.read_bytes())
    content[1500] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="shard-00002.tar is damaged"):
        ShardReader(shards)


def test_a_missing_shard_is_named(shards: Path) -> None:
    (shards / "shard-00002.tar").unlink()
    with pytest.raises(InputError, match="shard-00002.tar is named in index.json and missing"):
        ShardReader(shards)


def test_a_folder_without_index_is_unfinished(shards: Path) -> None:
    (shards / INDEX).unlink()
    with pytest.raises(InputError, match="unfinished; run the same command again"):
        read_index(shards)


def test_a_folder_that_is_not_there_comes_with_advice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a directory; make shards with: python -m synth.generate"):
        read_index(tmp_path / "none")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version 2"),
        ({"shards": [{"name": "../x.tar", "sha256": "", "num_records": 1}]}, "leaves the directory"),
        ({"shards": [{"name": "x.tar"}]}, "not an index"),
        ({"domain": "moon"}, "domain 'moon'"),
        ({"num_records": 99}, "holds 12 records, index.json says 99"),
        ({"unheard_of": 1}, "not an index"),
    ],
)
def test_a_strange_index_is_refused(shards: Path, change: dict[str, object], message: str) -> None:
    raw = json.loads((shards / INDEX).read_text())
    (shards / INDEX).write_text(json.dumps({**raw, **change}))
    with pytest.raises(InputError, match=message):
        ShardReader(shards)


def test_real_images_are_refused_by_their_origin(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="origin 'real', allowed here: synthetic"):
        ShardReader(make_shards(tmp_path / "real", origin="real"))


def test_a_real_record_that_hides_behind_a_synthetic_index_is_refused(tmp_path: Path) -> None:
    directory = make_shards(tmp_path / "mixed", origin="real")
    raw = json.loads((directory / INDEX).read_text())
    (directory / INDEX).write_text(json.dumps({**raw, "origin": "synthetic"}))
    reader = ShardReader(directory)
    with pytest.raises(InputError, match="record 000003 has origin 'real'"):
        reader[3]
    with pytest.raises(InputError, match="record 000003 has origin 'real'"):
        reader.image(3)


def test_foreign_members_are_refused(shards: Path) -> None:
    for name in ("../../etc/passwd", "000001.pickle", "000001.pyd"):
        with tarfile.open(shards / "shard-00000.tar", "w") as tar:
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"abc"))
        with pytest.raises(InputError, match="is not part of a record"):
            ShardReader(shards, verify=False)


def test_the_stored_files_of_a_shard_are_those_that_were_written(tmp_path: Path) -> None:
    records = [(key, encode_record(make_record(key))) for key in ("000003", "000001")]
    write_shard(tmp_path / "a.tar", records)
    assert list(read_parts(tmp_path / "a.tar")) == records


def test_a_record_is_found_by_its_key(shards: Path) -> None:
    assert ShardReader(shards).parts("000007") == encode_record(make_record("000007"))
    with pytest.raises(InputError, match="has no record 000012; it holds 12 records"):
        ShardReader(shards).parts("000012")
