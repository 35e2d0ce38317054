from __future__ import annotations

import os
import subprocess
import sys

import pytest

import mde.namespaces as module
from mde.namespaces import leave_network_and_memory
from tests.conftest import ROOT

CODE = """
import os, socket
from mde.namespaces import interfaces, leave_network_and_memory
user, before = os.getuid(), [os.stat(f"/proc/self/ns/{kind}").st_ino for kind in ("net", "ipc", "mnt")]
print(leave_network_and_memory())
after = [os.stat(f"/proc/self/ns/{kind}").st_ino for kind in ("net", "ipc", "mnt")]
assert os.getuid() == user and not set(before) & set(after)
assert interfaces() == [] and os.listdir("/dev/shm") == []
with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
    pass
open("/dev/shm/mine", "w").write("x")
try:
    socket.create_connection(("192.0.2.1", 9), timeout=5)
except OSError as error:
    print(error.strerror)
"""


def test_behind_it_there_is_a_loopback_and_memory_that_nobody_shares() -> None:
    mark = f"/dev/shm/mde-test-{os.getpid()}"
    with open(mark, "w"):
        try:
            done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=False)
        finally:
            os.remove(mark)
    if done.stdout.startswith("the system permits no"):
        pytest.skip(done.stdout.splitlines()[0])
    assert done.returncode == 0, done.stderr
    assert done.stdout == "None\nNetwork is unreachable\n"
    assert not os.path.exists("/dev/shm/mine")


def test_other_systems_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.sys, "platform", "darwin")
    assert leave_network_and_memory() == "darwin has no networks of a process's own"
