from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mde.shared_namespaces import leave_network_together
from tests.conftest import ROOT

MEETING = """
import os, socket, sys
from mde.shared_namespaces import leave_network_together
why = leave_network_together(os.environ)
network, address = os.stat("/proc/self/ns/net").st_ino, ("127.0.0.1", 4711)
if why is not None:
    print("none", why)
elif os.environ["RANK"] == "0":
    with socket.create_server(address) as listener:
        for _ in range(int(os.environ["WORLD_SIZE"]) - 1):
            with listener.accept()[0] as other:
                other.sendall(b"met")
    print(network, os.getcwd())
else:
    while True:
        try:
            print(network, os.getcwd(), socket.create_connection(address).recv(9).decode())
            break
        except ConnectionRefusedError:
            continue
"""


@pytest.mark.parametrize("become", [(), ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")])
def test_they_meet_in_a_network_that_is_theirs_alone(become: tuple[str, ...]) -> None:
    if become and os.getuid() != 0:
        pytest.skip("this test takes privileges away, and there are none")
    python = "/usr/bin/python3" if become else sys.executable
    environment = {"WORLD_SIZE": "3", "PYTHONPATH": str(ROOT), "MASTER_PORT": str(os.getpid())}
    if subprocess.run([*become, python, "-c", "import mde.errors"], env=environment, capture_output=True).returncode:
        pytest.skip("other users cannot read this checkout")
    processes = [
        subprocess.Popen(
            [*become, python, "-S", "-c", MEETING],
            cwd="/usr",
            env={**environment, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in (2, 0, 1)
    ]
    words = [process.communicate(timeout=60)[0].split() for process in processes]
    if words[1][0] == "none":
        pytest.skip(f"this system permits no network of their own: {' '.join(words[1][1:])}")
    outside = str(os.stat("/proc/self/ns/net").st_ino)
    assert len({word[0] for word in words}) == 1 and words[0][0] != outside
    assert [word[1:] for word in words] == [["/usr", "met"], ["/usr"], ["/usr", "met"]]


def test_processes_on_several_machines_need_a_network() -> None:
    environment = {"WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2", "RANK": "0"}
    assert "several machines" in str(leave_network_together(environment))
