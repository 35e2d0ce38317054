from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mde.errors import InputError
from mde.files import atomic_file, json_bytes, read_json, remove_partials, sha256_bytes, sha256_file, write_json


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="half"), atomic_file(path) as stream:
        stream.write(b"new")
        raise RuntimeError("half way")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_killed_write_leaves_only_a_partial_that_can_be_removed(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys\nfrom mde.files import atomic_file\n"
        "with atomic_file(pathlib.Path(sys.argv[1])) as stream:\n"
        "    stream.write(b'x' * 100000)\n    os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.bin")], cwd=root, check=False)
    assert done.returncode == -9
    assert not (tmp_path / "a.bin").exists()
    assert len(list(tmp_path.iterdir())) == 1
    remove_partials(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_json_is_canonical() -> None:
    assert json_bytes({"b": Path("x/y"), "a": 1}) == b'{"a": 1, "b": "x/y"}'


def test_nan_never_reaches_a_json_file() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_bytes({"a": float("nan")})


def test_a_damaged_json_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match="a.json is not a readable JSON file"):
        read_json(tmp_path / "a.json")
    with pytest.raises(InputError, match="b.json does not exist"):
        read_json(tmp_path / "b.json")


def test_written_json_reads_back(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": [1, 2.5, None, "y"]})
    assert read_json(tmp_path / "a.json") == {"x": [1, 2.5, None, "y"]}


def test_digests_are_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert sha256_file(tmp_path / "abc") == sha256_bytes(b"abc") == known


def test_two_writers_of_the_same_file_do_not_share_a_twin(tmp_path: Path) -> None:
    """As two machines with equal process numbers do on a shared folder: the later one to finish wins, whole."""
    path = tmp_path / "a.txt"
    with atomic_file(path) as first:
        first.write(b"first")
        with atomic_file(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_leftovers_of_one_file_can_be_removed_alone(tmp_path: Path) -> None:
    for name in ("a.tar.7.0.partial", "a.json.7.0.partial", "ab.tar.7.0.partial"):
        (tmp_path / name).touch()
    remove_partials(tmp_path, "a")
    assert os.listdir(tmp_path) == ["ab.tar.7.0.partial"]
