"""What this process read: every file that Python opened, noted while it happens.

An audit hook sees each `open` of the interpreter, also those of libraries written in Python, and in
worker processes forked from this one. It does not see reads in native code (safetensors, OpenCV) or
in programs that are started afresh, so a list made by it is evidence, not proof; files that we read
through native code are noted by hand (`note_read`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NO_READ = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_DIRECTORY
_log_handle: int | None = None
_seen: set[str] = set()
_is_hooked = False


@contextmanager
def reads_noted(log: Path) -> Iterator[None]:
    """Note every file read inside the block in `log`, one path a line; an existing log is continued.

    One line is one atomic append, so forked workers share the log. Blocks do not nest.
    """
    global _log_handle, _is_hooked
    assert _log_handle is None, "reads are being noted already"
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    _seen.clear()
    _log_handle = handle
    if not _is_hooked:  # Python has no way to take a hook away again, so it is added once
        sys.addaudithook(_hook)
        _is_hooked = True
    try:
        yield
    finally:
        _log_handle = None
        os.close(handle)


def note_read(path: Path) -> None:
    """Note a file that native code is about to read."""
    _note(os.path.abspath(path))


def files_read(log: Path) -> list[str]:
    """The distinct paths of a log, sorted."""
    return sorted(set(log.read_text(errors="surrogateescape").splitlines()))


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or _log_handle is None:
        return
    path, _, flags = arguments
    if isinstance(path, (str, bytes, os.PathLike)) and not (isinstance(flags, int) and flags & _NO_READ):
        _note(os.path.abspath(os.fsdecode(path)))


def _note(path: str) -> None:
    if _log_handle is None or path in _seen:
        return
    _seen.add(path)
    line = path.replace("\n", "\\n") + "\n"
    os.write(_log_handle, line.encode(errors="surrogateescape"))
