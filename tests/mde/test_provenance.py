from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mde.allowance import Allowance, system_allowance
from mde.provenance import files_read, note_read, noted, reads_noted


def allowance(*reads: Path) -> Allowance:
    return system_allowance() | Allowance(reads=tuple(map(str, reads)))


def test_every_file_that_python_opens_for_reading_is_noted(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside.txt", tmp_path / "outside.txt"
    for path in (inside, outside):
        path.write_text("x")
    with reads_noted(tmp_path / "log"):
        inside.read_text()
        (tmp_path / "written.txt").write_text("y")
        note_read(tmp_path / "native.bin")
    outside.read_text()
    assert files_read(tmp_path / "log") == sorted([str(inside), str(tmp_path / "native.bin")])


def test_a_file_opened_to_be_read_and_written_is_noted(tmp_path: Path) -> None:
    (tmp_path / "both.bin").write_text("x")
    with reads_noted(tmp_path / "log"), open(tmp_path / "both.bin", "r+b") as stream:
        stream.read()
    assert files_read(tmp_path / "log") == [str(tmp_path / "both.bin")]


def test_a_forked_process_notes_into_the_same_log(tmp_path: Path) -> None:
    (tmp_path / "child.txt").write_text("x")
    with reads_noted(tmp_path / "log"):
        pid = os.fork()
        if pid == 0:
            (tmp_path / "child.txt").read_text()
            os._exit(0)
        os.waitpid(pid, 0)
    assert str(tmp_path / "child.txt") in files_read(tmp_path / "log")


def test_a_log_is_continued(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("x")
        with reads_noted(tmp_path / "log"):
            (tmp_path / name).read_text()
    assert files_read(tmp_path / "log") == [str(tmp_path / "a"), str(tmp_path / "b")]


def test_what_is_not_on_the_list_is_refused_and_noted(tmp_path: Path) -> None:
    for name in ("mine", "other", "missing"):
        (tmp_path / name).mkdir()
    (tmp_path / "mine" / "a").write_text("x")
    (tmp_path / "other" / "b").write_text("x")
    (tmp_path / "mine" / "way").symlink_to(tmp_path / "other" / "b")
    with reads_noted(tmp_path / "log", allowance(tmp_path / "mine")):
        (tmp_path / "mine" / "a").read_text()
        for path in (tmp_path / "other" / "b", tmp_path / "mine" / "way"):
            with pytest.raises(PermissionError, match="--allow"):
                path.read_text()
            with pytest.raises(PermissionError, match="--allow"):
                os.open(path, os.O_RDONLY)
            with pytest.raises(PermissionError, match="--allow"):
                sqlite3.connect(path)
        with pytest.raises(FileNotFoundError):
            (tmp_path / "missing" / "c").read_text()
        (tmp_path / "other" / "written").write_text("y")
    kinds, end = noted(tmp_path / "log")
    assert kinds["denied"] == [str(tmp_path / "mine" / "way"), str(tmp_path / "other" / "b")]
    assert str(tmp_path / "mine" / "a") in kinds["read"] and end.num_lines >= 4
    (tmp_path / "other" / "b").read_text()  # the list ends with the block


def test_connections_are_refused_and_noted(tmp_path: Path) -> None:
    with reads_noted(tmp_path / "log", allowance()):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            for connect in (
                lambda: datagrams.connect(("127.0.0.1", 8)),
                lambda: datagrams.sendto(b"x", ("127.0.0.1", 9)),
                lambda: socket.getaddrinfo("localhost", 80),
                lambda: socket.gethostbyname("nowhere"),
            ):
                with pytest.raises(PermissionError, match="may not use the network"):
                    connect()
        first, second = socket.socketpair()  # processes of one program talk by these
        first.close(), second.close()
    addresses = ["('127.0.0.1', 8)", "('127.0.0.1', 9)", "localhost", "nowhere"]
    assert noted(tmp_path / "log")[0]["connection"] == addresses


def test_programs_that_are_started_are_noted(tmp_path: Path) -> None:
    with reads_noted(tmp_path / "log"):
        subprocess.run([sys.executable, "-c", ""], check=True)
    assert sys.executable in noted(tmp_path / "log")[0]["program"]
