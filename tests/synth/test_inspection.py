"""Inspection: every kind of damage is one line, and a whole folder is said to be whole."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mde.errors import InputError
from mde.record import encode_record
from mde.shards import read_index, write_index, write_shard
from synth.generate import generate, main
from synth.generate_config import GenerateConfig
from synth.inspection import find_faults, inspect_folder
from tests.conftest import make_record
from tests.synth.noise_engine import noise_config, use_noise


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("original") / "renders"
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_noise(monkeypatch)
        generate(noise_config(out, preview=True))
    return out


@pytest.fixture
def folder(original, tmp_path, monkeypatch) -> Path:
    """A copy that a test may damage."""
    use_noise(monkeypatch)
    return Path(shutil.copytree(original, tmp_path / "renders"))


def faults(folder: Path) -> list[str]:
    return list(find_faults(folder, lambda: None))


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_whole_folder_has_no_fault_and_every_record_is_read(folder):
    read = []
    assert list(find_faults(folder, lambda: read.append(1))) == []
    assert len(read) == 7
    assert inspect_folder(folder) == f"{folder}: 7 images, all files as they were written"


def test_a_flipped_byte_is_found_wherever_it_is(folder):
    path = folder / "shard-00001.tar"
    for place in (0, 700, path.stat().st_size // 2, path.stat().st_size - 1):
        flip(path, place)
        assert any("shard-00001.tar is damaged: its SHA-256 begins" in fault for fault in faults(folder)), place
        flip(path, place)
    assert faults(folder) == []


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_tar_is_found(folder, share):
    path = folder / "shard-00002.tar"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    first, *rest = faults(folder)
    assert first.startswith("shard-00002.tar is damaged")
    assert all("cannot be read after" in fault or "holds" in fault for fault in rest)
    assert len(rest) == (0 if share == 0.9 else 1), "a tar ends with a tenth of nothing"


def test_a_tar_cut_at_a_record_lacks_records(folder):
    path = folder / "shard-00000.tar"
    records = [(key, encode_record(make_record(key))) for key in ("000000",)]
    write_shard(path, records)
    assert any(fault == "shard-00000.tar holds 1 records, 2 were written" for fault in faults(folder))


def test_missing_and_extra_files_are_named(folder):
    (folder / "shard-00003.tar").unlink()
    (folder / "shard-00002.json").unlink()
    (folder / "shard-00009.tar").write_bytes(b"")
    (folder / "shard-00001.tar.12.0.partial").write_bytes(b"")
    assert faults(folder) == [
        "shard-00002.json is missing or not readable, so shard-00002.tar would not count",
        "shard-00003.tar is missing",
        "shard-00001.tar.12.0.partial does not belong here: no shard of index.json and no file that the command writes",
        "shard-00009.tar does not belong here: no shard of index.json and no file that the command writes",
    ]


def test_a_changed_side_file_is_found(folder):
    side = folder / "shard-00001.json"
    side.write_text(side.read_text().replace('"sha256": "', '"sha256": "0'))
    assert faults(folder) == ["shard-00001.json speaks of another file than shard-00001.tar"]


def test_a_changed_index_is_told_from_a_damaged_shard(folder):
    index = read_index(folder)
    write_index(folder, replace(index, shards=(replace(index.shards[0], sha256="0" * 64), *index.shards[1:])))
    first, second = faults(folder)
    assert first == "report.json is about another index.json"
    assert second == "index.json names another SHA-256 of shard-00000.tar than shard-00000.json, which is right"


def test_a_record_of_another_run_is_found_though_all_digests_agree(folder):
    record = make_record("000002")
    foreign = replace(record, recipe={"index": 3, "config_sha256": "f" * 64})
    path = folder / "shard-00001.tar"
    shard = write_shard(path, [(r.key, encode_record(r)) for r in (foreign, make_record("000000"))])
    index = read_index(folder)
    write_index(folder, replace(index, shards=(index.shards[0], shard, *index.shards[2:])))
    (folder / "shard-00001.json").write_text(json.dumps({"sha256": shard.sha256}))
    found = "\n".join(faults(folder))
    assert "shard-00001.tar: record 000002 was made as sample 3" in found
    assert "shard-00001.tar: record 000002 is of another run" in found
    assert "shard-00001.tar: record 000000 stands twice in the folder" in found


def test_a_share_without_index_is_checked_by_its_side_files(folder, tmp_path):
    half = noise_config(tmp_path / "half", shard="1/2")
    assert generate(half) is None
    flip(half.out / "shard-00002.tar", 2000)
    first, second, *rest = faults(half.out)
    assert "unfinished" in first
    assert second.startswith("shard-00002.tar is damaged")


def test_the_command_prints_the_faults_and_says_what_to_do(folder, capsys):
    (folder / "shard-00003.tar").unlink()
    with pytest.raises(InputError, match=r"has 1 fault; delete the files named above, then the command") as caught:
        main(GenerateConfig(verify=folder))
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == "shard-00003.tar is missing\n"
    assert generate(noise_config(folder)).num_records == 7
    main(GenerateConfig(verify=folder))
    assert capsys.readouterr().out.endswith("7 images, all files as they were written\n")


def test_verify_goes_alone_and_needs_a_folder(tmp_path):
    with pytest.raises(InputError, match="--verify goes with no other option only; leave out the rest"):
        main(GenerateConfig(verify=tmp_path, n=3))
    with pytest.raises(InputError, match="is not a folder"):
        main(GenerateConfig(verify=tmp_path / "absent"))
