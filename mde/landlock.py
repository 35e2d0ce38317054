"""Landlock: Linux's way for a process to give up, for good, every file but those on a list.

It asks for no privilege, children inherit it, and it reaches reads in native code. It holds for the calling thread and
what that thread starts later, so it belongs at the beginning of a program. Files opened before stay readable, and the
names and sizes of all files can still be asked for by path.

Reference: the kernel's documentation, "Landlock: unprivileged access control" (docs.kernel.org/userspace-api/landlock).
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys

from mde.allowance import Allowance

_CREATE, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture of Linux 5.13 and later but Alpha
_ASK_VERSION, _RULE_PATH = 1, 1
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_SYM = 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 12
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_NUM_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights on files a version knows; from 5 on it is 16."""
_FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
"""Those that a rule on a single file may name."""
_TCP = 0b11  # bind and connect, since version 4
_SCOPES = 0b11  # abstract sockets and signals of processes outside, since version 6

READING = READ_FILE | READ_DIR
WRITING = READING | WRITE_FILE | TRUNCATE | REFER | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK
WRITING |= MAKE_FIFO | MAKE_SYM
RIGHTS = {
    "reads": READING,
    "programs": READING | EXECUTE,
    "writes": WRITING,
    "devices": READING | WRITE_FILE | IOCTL_DEV,
    "lists": READ_DIR,
    "removes": REMOVE_DIR,
}
"""What each field of an `Allowance` permits on its paths and below them."""


def landlock_abi() -> int:
    """The version of Landlock in this kernel; 0 where there is none (`why_not` says the reason)."""
    return max(0, _ask()[0])


def why_not() -> str | None:
    """Why there is no Landlock here; None where there is."""
    version, number = _ask()
    if version > 0:
        return None
    if sys.platform != "linux":
        return f"{sys.platform} has no Landlock"
    if number == errno.EOPNOTSUPP:
        return "Landlock is switched off in this kernel (boot with lsm=landlock,...)"
    if number == errno.ENOSYS:
        return "this kernel has no Landlock (Linux 5.13 and later have it)"
    return f"the kernel refuses Landlock ({os.strerror(number)}), as some containers make it do"


def restrict_self(allowance: Allowance, *, may_use_tcp: bool = False) -> int:
    """Give up every file but those of `allowance`, and TCP but for `may_use_tcp`; answers the version in force.

    Paths that do not exist are left out. Every right that the kernel's version knows is handled, so what is not
    permitted is denied: files since 1, renaming between folders 2, truncating 3, TCP 4, device commands 5, signals and
    abstract sockets of other processes 6.
    Raises OSError, and has changed nothing but the bar on new privileges, where the kernel refuses.
    """
    abi = landlock_abi()
    if abi == 0:
        raise OSError(errno.ENOSYS, why_not())
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("Landlock would miss the threads that were started already; call it before them")
    handled = (1 << _NUM_RIGHTS.get(abi, 16)) - 1
    tcp = _TCP if abi >= 4 and not may_use_tcp else 0
    attributes = struct.pack("=QQQ", handled, tcp, _SCOPES if abi >= 6 else 0)
    ruleset = _call(_CREATE, attributes, len(attributes), 0)
    try:
        for name, rights in RIGHTS.items():
            for path in getattr(allowance, name):
                _add(ruleset, path, rights & handled)
        if _library().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "no bar on new privileges")
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return abi


def _add(ruleset: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return  # nothing there, or nothing that this user reaches anyway
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= _FILE_RIGHTS
        if rights:
            attributes = struct.pack("=Qi", rights, handle)
            _call(_ADD_RULE, ruleset, _RULE_PATH, attributes, 0)
    finally:
        os.close(handle)


def _ask() -> tuple[int, int]:
    """The kernel's answer to which version it has, and the error number beside it."""
    if sys.platform != "linux":
        return 0, errno.ENOSYS
    version = _library().syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))
    return version, ctypes.get_errno()


def _call(number: int, *arguments: int | bytes) -> int:
    """One system call; OSError where it fails."""
    plain = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    answer: int = _library().syscall(ctypes.c_long(number), *plain)
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return answer


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
