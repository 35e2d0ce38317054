from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mde.errors import InputError
from mde.files import read_json
from mde.run_directory import open_run, write_run_report


@dataclass(frozen=True)
class Config:
    out: Path
    num_steps: int = 3
    device: str = "cpu"


def test_the_same_run_is_entered_again(tmp_path: Path) -> None:
    config = Config(out=tmp_path / "run")
    assert open_run(config.out, "a.run", config) is False
    assert open_run(config.out, "a.run", config) is True


def test_another_configuration_is_refused_with_the_difference(tmp_path: Path) -> None:
    config = Config(out=tmp_path / "run")
    open_run(config.out, "a.run", config)
    with pytest.raises(InputError, match=r"--num-steps 3 \(now 4\); choose another --out"):
        open_run(config.out, "a.run", replace(config, num_steps=4))


def test_what_does_not_change_the_result_may_differ(tmp_path: Path) -> None:
    config = Config(out=tmp_path / "run")
    open_run(config.out, "a.run", config)
    assert open_run(config.out, "a.run", replace(config, device="cuda"), free=("device",)) is True


def test_the_folder_of_another_command_is_refused(tmp_path: Path) -> None:
    config = Config(out=tmp_path / "run")
    open_run(config.out, "a.run", config)
    with pytest.raises(InputError, match="folder of a run of 'a.run', not of 'b.run'"):
        open_run(config.out, "b.run", config)


def test_a_folder_with_other_files_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(InputError, match="choose an empty or new folder"):
        open_run(tmp_path, "a.run", Config(out=tmp_path))
    assert (tmp_path / "thesis.txt").read_text() == "dear"
    with pytest.raises(InputError, match="choose an empty or new folder"):
        open_run(tmp_path / "thesis.txt", "a.run", Config(out=tmp_path))


def test_leftovers_of_a_killed_write_are_removed(tmp_path: Path) -> None:
    config = Config(out=tmp_path / "run")
    open_run(config.out, "a.run", config)
    (config.out / "report.json.123.partial").write_text("{")
    open_run(config.out, "a.run", config)
    assert [path.name for path in config.out.iterdir()] == ["config.json"]


def test_a_report_names_versions_and_revision(tmp_path: Path) -> None:
    write_run_report(tmp_path, {"figure": 1})
    report = read_json(tmp_path / "report.json")
    assert report["figure"] == 1
    assert set(report["environment"]) >= {"python", "packages", "revision", "processor"}
    assert report["environment"]["packages"]["torch"]


def test_half_written_files_of_those_who_share_the_folder_stay(tmp_path: Path) -> None:
    config = Config(out=tmp_path / "run")
    config.out.mkdir()
    half = config.out / "config.json.123.0.partial"  # another process has just begun
    half.write_text("{")
    assert open_run(config.out, "a.run", config, is_shared=True) is False
    assert open_run(config.out, "a.run", config, is_shared=True) is True
    assert half.exists()


def test_a_run_that_was_killed_while_it_began_is_begun_again(tmp_path: Path) -> None:
    config = Config(out=tmp_path / "run")
    config.out.mkdir()
    (config.out / "config.json.123.0.partial").write_text("{")
    assert open_run(config.out, "a.run", config) is False
    assert [path.name for path in config.out.iterdir()] == ["config.json"]
