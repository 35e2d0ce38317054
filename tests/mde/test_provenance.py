from __future__ import annotations

import os
from pathlib import Path

from mde.provenance import files_read, note_read, reads_noted


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
