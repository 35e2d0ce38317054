"""Confinement: what a process gives up before it opens a file that may be hostile.

Limits on memory and processor time, no network, no other programs, no files written by Python. Each is a wall
behind a careful reader, not in its place.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from typing import Any

_NEW_USERS, _NEW_NETWORK = 0x10000000, 0x40000000  # CLONE_NEWUSER, CLONE_NEWNET of Linux's <sched.h>
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS of <sys/prctl.h>
FORBIDDEN = (
    "socket.__new__",
    "socket.connect",
    "socket.getaddrinfo",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "pty.spawn",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "shutil.rmtree",
)
"""Audit events that no reader of foreign files has a reason to raise."""


def leave_network() -> bool:
    """Move this process into a network of its own that has no way out; answers whether the system permits it.

    To be called before a second thread exists, which the way for users without privileges asks for.
    """
    try:
        library = ctypes.CDLL(None, use_errno=True)
        return library.unshare(_NEW_NETWORK) == 0 or library.unshare(_NEW_USERS | _NEW_NETWORK) == 0
    except (OSError, AttributeError):  # not Linux
        return False


def limit(*, memory_bytes: int, seconds: int | None = None) -> None:
    """Bound address space and, where given, processor time; write no core, gain no privileges by starting programs."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    if seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def close_doors(*, may_write: bool = False) -> None:
    """Refuse, from here on and for good, `FORBIDDEN` events and, but for `may_write`, files written by Python."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in FORBIDDEN:
            raise PermissionError(f"{event} is not for readers of foreign files")
        if may_write or event != "open" or not isinstance(arguments[2], int):
            return
        if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise PermissionError(f"{arguments[0]} is not to be written by readers of foreign files")

    sys.addaudithook(refuse)
