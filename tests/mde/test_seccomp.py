"""The filter, each time in a process of its own: it cannot be taken back."""

from __future__ import annotations

import platform
import socket
import subprocess
import sys

import pytest

import mde.seccomp as module
from mde.seccomp import ARCHITECTURES, can_make_sockets, give_up_sockets
from tests.conftest import ROOT

BEGIN = """
import ctypes, errno, os, socket, subprocess, sys
from mde.seccomp import REFUSED, can_make_sockets, give_up_sockets
why = give_up_sockets()
if why is not None:
    sys.exit(why)

def answer(number, *arguments):
    ctypes.set_errno(0)
    return ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *arguments), ctypes.get_errno()
"""


def ending(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode == 1 and ("permits no seccomp" in done.stderr or "not known here" in done.stderr):
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_no_socket_but_between_processes_of_this_machine() -> None:
    code = """
first, second = socket.socketpair()
first.sendall(b"through")
assert second.recv(9) == b"through" and not can_make_sockets()
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK, 0):
    try:
        socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        print(error.errno == errno.EACCES, end=" ")
"""
    assert ending(code) == "True " * 6


def test_what_goes_around_sockets_is_refused_and_all_else_works() -> None:
    code = """
for number in REFUSED[os.uname().machine]:
    assert answer(number, 0, 0, 0, 0, 0) == (-1, errno.EACCES), number
assert answer(0x40000000 + 41, 2, 2, 0) == (-1, errno.EACCES)  # socket by x86-64's other numbers
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor(1) as pool:
    print(pool.submit(os.path.basename, "a/b").result(), subprocess.run(["echo", "c"], capture_output=True).stdout)
"""
    assert ending(code) == "b b'c\\n'\n"


def test_programs_that_are_started_inherit_it() -> None:
    """They connect to a server of this machine, in vain."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        bare = f"import socket; socket.create_connection({listener.getsockname()}, timeout=5)"
        program = [sys.executable, "-I", "-S", "-c", bare]
        words = ending(f"print(subprocess.run({program!r}, capture_output=True, text=True).stderr)")
        assert "PermissionError" in words
        with pytest.raises(TimeoutError):
            listener.accept()
        assert subprocess.run(program, check=False).returncode == 0  # from here it does


def test_here_sockets_can_be_made() -> None:
    assert can_make_sockets()


def test_machines_whose_calls_are_not_known_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.platform, "machine", lambda: "riscv64")
    assert give_up_sockets() == f"system calls of {sys.platform} on riscv64 are not known here"


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_every_jump_of_the_filter_stays_inside_and_every_way_ends(machine: str) -> None:
    """Followed by hand, for the machine that this is not, too."""
    program = [module.struct.unpack_from("=HBBI", module._program(machine), 8 * place) for place in range(17 - 1)]
    assert len(program) == len(module._program(machine)) // 8

    def answer(number: int, family: int, architecture: int) -> int:
        seen = {0: number, 4: architecture, 16: family}
        place, value = 0, 0
        while True:
            code, so, not_so, constant = program[place]
            if code == 0x06:
                return constant
            if code == 0x20:
                value, place = seen[constant], place + 1
            else:
                is_so = value == constant if code == 0x15 else value >= constant
                place += 1 + (so if is_so else not_so)

    makes, refused = module.MAKES_SOCKETS[machine], module.REFUSED[machine]
    for number in (*range(500), 0x40000000, 0xFFFFFFFF):
        for family in (0, 1, 2, 10, 40):
            allowed = number < 500 and number not in refused and (number not in makes or family == 1)
            assert (answer(number, family, ARCHITECTURES[machine]) == 0x7FFF0000) == allowed, (number, family)
    assert answer(0, 1, 0x40000003) != 0x7FFF0000  # 32-bit programs
    assert platform.machine() not in ARCHITECTURES or module._program(platform.machine())
