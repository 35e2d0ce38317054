"""What a process read: every file that Python opened and every program and connection that it asked for.

An audit hook sees each `open` of the interpreter, also those of libraries written in Python, in worker processes forked
from this one and, under the launcher of `mde.enclosure`, in Pythons that are started afresh. Given an `Allowance` it
refuses what is not on it, and every connection. It does not see reads in native code (safetensors, OpenCV, libc) or in
other programs, so what it notes is evidence, not proof; files that we read through native code are noted by hand
(`note_read`).
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mde.allowance import Allowance
from mde.chained_log import ChainEnd, Entry, append, read_log

LOG_VARIABLE = "MDE_READ_LOG"
"""Where Pythons that are started afresh go on with the log."""
READ, DENIED, PROGRAM, CONNECTION = "read", "denied", "program", "connection"
_NO_READ = os.O_WRONLY | os.O_TRUNC | os.O_EXCL | os.O_DIRECTORY | getattr(os, "O_PATH", 0)
_PROGRAM_EVENTS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system")
_CONNECTION_EVENTS = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname")
_REFUSAL = "this run may not read it (--allow PATH adds to what it may)"


class _Watch:
    """What the hook knows; one for the process, since a hook is for good."""

    def __init__(self) -> None:
        self.is_hooked = False
        self.is_on = False
        self.allowance: Allowance | None = None
        self.log: str | None = None
        self.pending: list[Entry] = []
        self.seen: set[tuple[str, str]] = set()


_watch = _Watch()
_own = threading.local()
"""Set while the hook itself opens files."""


@contextmanager
def reads_noted(log: Path, allowance: Allowance | None = None) -> Iterator[None]:
    """Note every file read inside the block in `log`, a chained log; an existing one is continued.

    With an `allowance`, reads beyond it are noted and raise PermissionError, as do connections. What was noted before,
    where the process is watched from its start, comes first. Forked workers share the log. Blocks do not nest.
    """
    assert _watch.log is None, "reads are being noted already"
    was_on, kept, before = _watch.is_on, _watch.allowance, os.environ.get(LOG_VARIABLE)
    watch(allowance or kept)
    _watch.log = os.path.abspath(log)
    os.environ[LOG_VARIABLE] = _watch.log
    pending, _watch.pending = _watch.pending, []
    try:
        _write(pending)
        yield
    finally:
        _watch.log, _watch.is_on, _watch.allowance = None, was_on, kept
        _watch.seen.clear()
        _restore(before)


def watch(allowance: Allowance | None, log: str | None = None) -> None:
    """Watch this process from here on; without a `log`, what is noted waits for `reads_noted` in memory."""
    if not _watch.is_hooked:  # Python has no way to take a hook away again, so it is added once
        sys.addaudithook(_hook)
        _watch.is_hooked = True
    _watch.is_on, _watch.allowance, _watch.log = True, allowance, log


@contextmanager
def unwatched() -> Iterator[None]:
    """The hook looks away: for the log itself, and for trying out whether the walls hold."""
    before = getattr(_own, "is_busy", False)
    _own.is_busy = True
    try:
        yield
    finally:
        _own.is_busy = before


def note_read(path: Path) -> None:
    """Note a file that native code is about to read."""
    if _watch.is_on:
        _note(READ, os.path.abspath(path))


def note_loaded() -> None:
    """Note the modules that were loaded before the watch began."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            note_read(Path(file))


def files_read(log: Path) -> list[str]:
    """The distinct paths that were read, sorted. Raises InputError where the log is broken."""
    return sorted({entry.text for entry in read_log(log)[0] if entry.kind == READ})


def noted(log: Path) -> tuple[dict[str, list[str]], ChainEnd]:
    """What was noted by kind, each sorted and once, and where the log ends. Raises InputError where it is broken."""
    entries, end = read_log(log)
    kinds = (READ, DENIED, PROGRAM, CONNECTION)
    return {kind: sorted({entry.text for entry in entries if entry.kind == kind}) for kind in kinds}, end


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watch.is_on or getattr(_own, "is_busy", False):
        return
    if event == "open":
        _on_open(*arguments)
    elif event == "sqlite3.connect":
        _on_open(_database_file(arguments[0]), None, 0)
    elif event in _PROGRAM_EVENTS:
        _note(PROGRAM, _program(arguments[0]))
    elif event in _CONNECTION_EVENTS:
        _on_connection(event, arguments)


def _on_open(path: Any, mode: Any, flags: Any) -> None:
    if not isinstance(path, (str, bytes, os.PathLike)) or (isinstance(flags, int) and flags & _NO_READ):
        return
    absolute = os.path.abspath(os.fsdecode(path))
    allowance = _watch.allowance
    if allowance is None or allowance.permits_read(absolute) or not _is_content(absolute):
        return _note(READ, absolute)
    _note(DENIED, absolute)
    raise PermissionError(errno.EACCES, _REFUSAL, absolute)


def _database_file(database: Any) -> Any:
    """The file of a database, which may be given as `file:PATH?options` (sqlite.org/uri.html)."""
    if not isinstance(database, str) or not database.startswith("file:"):
        return database
    parts = urlsplit(database)
    return unquote(parts.path)


def _is_content(path: str) -> bool:
    """Whether there is something to read; folders are opened to be listed, and what is absent answers for itself."""
    return os.path.exists(path) and not os.path.isdir(path)


def _on_connection(event: str, arguments: tuple[Any, ...]) -> None:
    address = arguments[-1] if event in ("socket.connect", "socket.sendto", "socket.sendmsg") else arguments[0]
    if address is None:
        return  # a datagram to where its socket was connected before
    if not event.startswith("socket.get") and isinstance(address, (str, bytes)) and _is_own_socket(address):
        return  # by which processes of one program talk
    _note(CONNECTION, str(address))
    if _watch.allowance is not None:
        raise PermissionError(errno.EACCES, "this run may not use the network", str(address))


def _is_own_socket(address: str | bytes) -> bool:
    """Whether a named socket lies where this run may read and write."""
    path = os.fsdecode(address)
    return _watch.allowance is None or (not path.startswith("\0") and _watch.allowance.permits_read(path))


def _program(program: Any) -> str:
    return os.fsdecode(program) if isinstance(program, (str, bytes, os.PathLike)) else str(program)


def _note(kind: str, text: str) -> None:
    if (kind, text) in _watch.seen:
        return
    _watch.seen.add((kind, text))
    entry = Entry(kind=kind, text=text)
    if _watch.log is None:
        _watch.pending.append(entry)
    else:
        _write([entry])


def _write(entries: list[Entry]) -> None:
    if entries and _watch.log is not None:
        with unwatched():
            append(_watch.log, entries)


def _restore(variable: str | None) -> None:
    if variable is None:
        os.environ.pop(LOG_VARIABLE, None)
    else:
        os.environ[LOG_VARIABLE] = variable
