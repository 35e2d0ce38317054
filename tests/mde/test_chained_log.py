from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mde.chained_log import START, ChainEnd, Entry, append, read_log
from mde.errors import InputError
from mde.files import sha256_bytes
from tests.conftest import ROOT


def texts(path: Path) -> list[str]:
    return [entry.text for entry in read_log(path)[0]]


def filled(path: Path, num: int = 5) -> Path:
    append(str(path), [Entry(kind="read", text=f"/data/{number}") for number in range(num)])
    return path


def test_every_line_carries_the_digest_of_those_before(tmp_path: Path) -> None:
    append(str(tmp_path / "log"), [Entry(kind="read", text="/a")])
    append(str(tmp_path / "log"), [Entry(kind="denied", text="/b c")])
    first = sha256_bytes(f"{START} read /a".encode())
    second = sha256_bytes(f"{first} denied /b c".encode())
    assert (tmp_path / "log").read_text() == f"{first} read /a\n{second} denied /b c\n"
    entries, end = read_log(tmp_path / "log")
    assert entries == [Entry(kind="read", text="/a"), Entry(kind="denied", text="/b c")]
    assert end == ChainEnd(num_lines=2, sha256=second)


@pytest.mark.parametrize("text", ["two\nlines", "back\\slash\\n", "\\", "umlaut ä", "\udcff not utf-8", " spaces  "])
def test_any_text_comes_back(tmp_path: Path, text: str) -> None:
    append(str(tmp_path / "log"), [Entry(kind="read", text=text), Entry(kind="read", text="next")])
    assert texts(tmp_path / "log") == [text, "next"]


@pytest.mark.parametrize("number", range(5))
def test_a_changed_or_missing_line_is_found(tmp_path: Path, number: int) -> None:
    lines = filled(tmp_path / "log").read_text().splitlines(keepends=True)
    (tmp_path / "log").write_text(
        "".join([*lines[:number], lines[number].replace("data", "date"), *lines[number + 1 :]])
    )
    with pytest.raises(InputError, match=f"changed at or before line {number + 1}"):
        read_log(tmp_path / "log")
    (tmp_path / "log").write_text("".join([*lines[:number], *lines[number + 1 :]]))
    if number < 4:
        with pytest.raises(InputError, match="changed at or before"):
            read_log(tmp_path / "log")
    else:
        with pytest.raises(InputError, match="has 4 lines where 5 were written"):
            read_log(tmp_path / "log", num_lines=5)


def test_a_longer_log_still_has_the_end_it_had(tmp_path: Path) -> None:
    _, end = read_log(filled(tmp_path / "log"))
    filled(tmp_path / "log", 3)
    assert read_log(tmp_path / "log", num_lines=5)[1] == end
    assert read_log(tmp_path / "log")[1].num_lines == 8


def test_half_a_line_of_a_killed_process_is_taken_away(tmp_path: Path) -> None:
    filled(tmp_path / "log")
    with open(tmp_path / "log", "a") as stream:
        stream.write("0123 read /hal")
    assert len(texts(tmp_path / "log")) == 5
    filled(tmp_path / "log", 1)
    assert len(texts(tmp_path / "log")) == 6
    (tmp_path / "torn").write_text("0123 re")
    filled(tmp_path / "torn", 1)
    assert texts(tmp_path / "torn") == ["/data/0"]


def test_processes_forks_and_threads_write_one_chain_at_once(tmp_path: Path) -> None:
    path = tmp_path / "log"
    code = f"""
from mde.chained_log import Entry, append
for number in range(100):
    append({str(path)!r}, [Entry(kind="read", text=f"process {{number}}")])
"""
    process = subprocess.Popen([sys.executable, "-S", "-c", code], cwd=ROOT)

    def write(name: str) -> None:
        for number in range(100):
            append(str(path), [Entry(kind="read", text=f"{name} {number}")])

    forks = []
    for name in ("fork", "other fork"):
        pid = os.fork()
        if pid == 0:
            write(name)
            os._exit(0)
        forks.append(pid)
    threads = [threading.Thread(target=write, args=(f"thread {number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [os.waitpid(pid, 0)[1] for pid in forks] == [0, 0] and process.wait() == 0
    entries, end = read_log(path)
    assert end.num_lines == 500 and len({entry.text for entry in entries}) == 500


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="log cannot be read"):
        read_log(tmp_path / "log")
