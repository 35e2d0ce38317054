"""seccomp: Linux's way for a process to give up system calls, here those that make sockets.

A second way to close the network, for systems that permit no network of a process's own, as most containers do not. It
asks for no privilege, cannot be undone, and children inherit it. Sockets between processes of one machine (AF_UNIX)
stay: Python's own worker processes need them.

Reference: the kernel's documentation, "Seccomp BPF" (docs.kernel.org/userspace-api/seccomp_filter).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
import sys
from collections.abc import Mapping

_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER
_LOAD, _EQUAL, _AT_LEAST, _ANSWER = 0x20, 0x15, 0x35, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGE|K, BPF_RET|K
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16  # of struct seccomp_data; both machines are little-endian
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
_X32 = 0x40000000
"""From here on numbers are those of x86-64's other way to call; other machines have none as high."""
_UNIX, _NUM_FAMILIES = 1, 46  # AF_UNIX, AF_MAX

ARCHITECTURES: Mapping[str, int] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # <linux/audit.h>
MAKES_SOCKETS: Mapping[str, tuple[int, ...]] = {"x86_64": (41, 53), "aarch64": (198, 199)}
"""socket and socketpair, whose first argument is the family."""
REFUSED: Mapping[str, tuple[int, ...]] = {"x86_64": (425, 30, 70, 240), "aarch64": (425, 196, 188, 180)}
"""io_uring_setup, whose rings open sockets where no filter looks; shmat, msgrcv and mq_open, by which other programs'
memory and messages are reached where a process has none of its own."""


def give_up_sockets() -> str | None:
    """Refuse this process every socket but those between processes of one machine.

    To be called while there is one thread. Answers None, or why the system does not permit it; then nothing changed but
    the bar on new privileges.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in ARCHITECTURES:
        return f"system calls of {sys.platform} on {machine} are not known here"
    program = _program(machine)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HP", len(program) // 8, ctypes.addressof(buffer))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0 or library.prctl(_SECCOMP, _FILTER, header, 0, 0) != 0:
        return f"the system permits no seccomp filter ({os.strerror(ctypes.get_errno())})"
    return None


def can_make_sockets() -> bool:
    """Whether this process can make a socket of any family that leads out of itself but AF_UNIX, tried out."""
    for family in range(_UNIX + 1, _NUM_FAMILIES):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            try:
                socket.socket(family, kind).close()
            except OSError:
                continue
            return True
    return False


def _program(machine: str) -> bytes:
    """The filter as instructions of classic BPF, each (code, jump if so, jump if not, constant)."""
    numbers = [
        *((_EQUAL, number, "refuse") for number in REFUSED[machine]),
        *((_EQUAL, number, "family") for number in MAKES_SOCKETS[machine]),
        (_AT_LEAST, _X32, "refuse"),
    ]
    begin = [(_LOAD, 0, 0, _ARCHITECTURE_AT), (_EQUAL, 1, 0, ARCHITECTURES[machine]), (_ANSWER, 0, 0, _REFUSE)]
    begin.append((_LOAD, 0, 0, _NUMBER_AT))
    ends = {"refuse": len(numbers) + 3, "family": len(numbers) + 1}  # places counted from the first number
    tests = [(code, ends[end] - place - 1, 0, number) for place, (code, number, end) in enumerate(numbers)]
    end = [
        (_ANSWER, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_EQUAL, 1, 0, _UNIX),
        (_ANSWER, 0, 0, _REFUSE),
        (_ANSWER, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in (*begin, *tests, *end))
