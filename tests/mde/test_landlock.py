"""Landlock, each time in a process of its own: it cannot be taken back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mde.landlock import landlock_abi, why_not
from tests.conftest import ROOT

BEGIN = """
import os, socket, subprocess, sys, threading
from mde.allowance import Allowance, system_allowance
from mde.landlock import restrict_self
"""
needs_landlock = pytest.mark.skipif(landlock_abi() == 0, reason=f"Landlock: {why_not()}")


def ending(code: str, cwd: Path, *, restrict: str = "restrict_self(system_allowance() | own)") -> tuple[int, str]:
    own = f"own = Allowance(reads=({str(cwd / 'open')!r},), writes=({str(cwd / 'made')!r},))\n"
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + own + restrict + "\n" + code],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that may be read, one that may be written, one that may not be touched."""
    for name in ("open", "made", "closed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path


def test_there_is_a_version_or_a_reason() -> None:
    assert (landlock_abi() > 0) == (why_not() is None)


@needs_landlock
@pytest.mark.parametrize(
    "attempt",
    [
        "open('closed/file').read()",
        "os.listdir('closed')",
        "os.listdir('/')",
        "open('open/new', 'w')",
        "open('open/file', 'a')",
        "os.truncate('open/file', 0)",
        "os.remove('open/file')",
        "os.mkdir('new')",
        "os.rename('open/file', 'made/stolen')",
        "os.link('closed/file', 'made/linked')",
        "os.symlink('../closed/file', 'made/way'); open('made/way').read()",
        "sys.exit(subprocess.run(['cat', 'closed/file']).returncode)",
        "pid = os.fork()\nif pid == 0: os._exit(0 if open('closed/file').read() else 1)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))",
        "found = []\nthread = threading.Thread(target=lambda: found.append(open('closed/file').read()))\n"
        "thread.start(); thread.join(); sys.exit(not found)",
    ],
)
def test_what_is_not_on_the_list_is_denied(place: Path, attempt: str) -> None:
    status, text = ending(attempt, place)
    assert status != 0 and ("ermission denied" in text or "Errno 18" in text), text  # 18: no renaming across the border
    assert (place / "open" / "file").read_text() == "open"
    assert sorted(path.name for path in place.iterdir()) == ["closed", "made", "open"]


@needs_landlock
def test_what_is_on_the_list_works(place: Path) -> None:
    code = """
assert open('open/file').read() == 'open'
os.makedirs('made/deep/deeper')
open('made/deep/new', 'w').write('x')
os.rename('made/deep/new', 'made/deep/deeper/moved')
os.truncate('made/file', 0)
os.remove('made/deep/deeper/moved')
os.rmdir('made/deep/deeper')
subprocess.run(['cat', 'open/file'], check=True, stdout=subprocess.DEVNULL)
import sqlite3, ssl, decimal
print('fine')
"""
    assert ending(code, place) == (0, "fine\n")


@needs_landlock
def test_it_holds_in_programs_that_take_the_processs_place(place: Path) -> None:
    status, text = ending("os.execv(sys.executable, [sys.executable, '-c', \"open('closed/file')\"])", place)
    assert status == 1 and "PermissionError" in text


@pytest.mark.skipif(landlock_abi() < 4, reason="Landlock knows TCP from version 4 on")
def test_tcp_is_denied_unless_it_is_permitted(place: Path) -> None:
    code = "socket.create_server(('127.0.0.1', 0)).close(); print('bound')"
    status, text = ending(code, place)
    assert status == 1 and "PermissionError" in text
    permitted = "restrict_self(system_allowance() | own, may_use_tcp=True)"
    assert ending(code, place, restrict=permitted) == (0, "bound\n")


@needs_landlock
def test_threads_that_are_there_already_are_refused(place: Path) -> None:
    """They would go on reading."""
    begin = "gate = threading.Event()\nthreading.Thread(target=gate.wait).start()\n"
    attempt = "try:\n    restrict_self(own)\nexcept RuntimeError as error:\n    print(error)\ngate.set()"
    status, text = ending("", place, restrict=begin + attempt)
    assert status == 0 and "threads that were started already" in text


def test_a_kernel_without_landlock_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    import mde.landlock as module

    for number, words in (
        (errno.ENOSYS, "Linux 5.13"),
        (errno.EOPNOTSUPP, "switched off"),
        (errno.EPERM, "containers"),
    ):
        monkeypatch.setattr(module, "_ask", lambda number=number: (-1, number))
        assert words in str(why_not()) and landlock_abi() == 0
        with pytest.raises(OSError, match=words):
            module.restrict_self(module.Allowance())
