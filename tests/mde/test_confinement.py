"""The walls, each tried in a process of its own that lacks everything but them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

BEGIN = "import os, socket, subprocess, sys; from mde.confinement import close_doors, leave_network, limit; "


def ending(code: str, cwd: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code], cwd=cwd, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.socket()",
        "socket.create_connection(('localhost', 80))",
        "os.system('touch trace')",
        "subprocess.run(['touch', 'trace'])",
        "os.fork()",
        "os.execv('/bin/touch', ['touch', 'trace'])",
        "open('trace', 'w')",
        "open('kept', 'ab')",
        "os.open('trace', os.O_CREAT | os.O_WRONLY)",
        "os.remove('kept')",
        "os.rename('kept', 'trace')",
    ],
)
def test_behind_closed_doors_nothing_is_reached_started_or_written(tmp_path: Path, attempt: str) -> None:
    (tmp_path / "kept").write_text("kept")
    status, text = ending(f"close_doors(); {attempt}", tmp_path)
    assert status == 1 and "PermissionError" in text
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("kept", "kept")]


def test_files_can_be_read_behind_closed_doors(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    assert ending("close_doors(); print(open('kept').read())", tmp_path) == (0, "kept\n")


def test_a_left_network_has_no_way_out(tmp_path: Path) -> None:
    status, text = ending("print(leave_network(), [name for _, name in socket.if_nameindex()])", tmp_path)
    assert status == 0
    if text.startswith("False"):
        pytest.skip("this system permits no network namespaces")
    others = {"lo", "tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6gre0"}
    assert set(eval(text.removeprefix("True "))) <= others  # those that Linux gives to every new namespace


def test_memory_ends_at_its_limit(tmp_path: Path) -> None:
    status, text = ending("limit(memory_bytes=10**9, seconds=60); bytes(2 * 10**9)", tmp_path)
    assert status == 1 and "MemoryError" in text


def test_time_ends_at_its_limit(tmp_path: Path) -> None:
    status, _ = ending("limit(memory_bytes=10**9, seconds=1)\nwhile True: pass", tmp_path)
    assert status < 0
