"""Namespaces: an empty network of a process's own, and shared memory of its own.

Landlock does not stop every way of sending (UDP, before version 10), and a network without a way out does. Asks for no
privilege where the system lets users make user namespaces; some distributions and most containers do not.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys

NEW_MOUNTS, NEW_IPC, NEW_USERS, NEW_NETWORK = 0x00020000, 0x08000000, 0x10000000, 0x40000000  # <sched.h>
OWN = NEW_MOUNTS | NEW_IPC | NEW_NETWORK
_PRIVATE_TREE = 0x4000 | 0x40000  # MS_REC | MS_PRIVATE of <sys/mount.h>
_NO_PROGRAMS = 0x2 | 0x4 | 0x8  # MS_NOSUID | MS_NODEV | MS_NOEXEC
_GET_FLAGS, _SET_FLAGS, _IS_UP = 0x8913, 0x8914, 0x1  # of <linux/sockios.h> and <net/if.h>
SHARED_MEMORY = "/dev/shm"


def leave_network_and_memory() -> str | None:
    """Move this process into a network with a loopback and nothing else, and give it shared memory of its own.

    To be called while there is one thread. Answers None, or why the system does not permit it; then nothing changed.
    """
    if sys.platform != "linux":
        return f"{sys.platform} has no networks of a process's own"
    library, user, group = ctypes.CDLL(None, use_errno=True), os.getuid(), os.getgid()
    if library.unshare(OWN) != 0:
        if library.unshare(NEW_USERS | OWN) != 0:
            return f"the system permits no network of its own ({os.strerror(ctypes.get_errno())})"
        _stay_oneself(user, group)
    _raise_loopback()
    library.mount(None, b"/", None, ctypes.c_ulong(_PRIVATE_TREE), None)
    library.mount(b"tmpfs", SHARED_MEMORY.encode(), b"tmpfs", ctypes.c_ulong(_NO_PROGRAMS), None)
    return None


def interfaces() -> list[str]:
    """Names of the network's interfaces that are up and no loopback."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        for _, name in socket.if_nameindex():
            flags = _flags(handle, name)
            if flags & _IS_UP and not flags & 0x8:  # IFF_LOOPBACK
                found.append(name)
    return found


def _stay_oneself(user: int, group: int) -> None:
    """In a user namespace of one's own: files keep belonging to the same user."""
    for name, content in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as stream:
            stream.write(content)


def _raise_loopback() -> None:
    """A new network's loopback is down, and processes that train together meet there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, _SET_FLAGS, struct.pack("16sh14x", b"lo", _flags(handle, "lo") | _IS_UP))


def _flags(handle: socket.socket, name: str) -> int:
    answer = fcntl.ioctl(handle, _GET_FLAGS, struct.pack("16sh14x", name.encode(), 0))
    flags: int = struct.unpack("16sh14x", answer)[1]
    return flags & 0xFFFF
