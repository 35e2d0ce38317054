"""Chained log: lines of which each carries the digest of all before it, so that none can be changed or left out alone.

A line is `digest kind text`, and its digest is SHA-256 of "previous-digest kind text"; before the first stand 64 zeros.
Who knows number and digest of the last line, as a run's report does, can tell whether the lines before it are those
that were written. Who can write the file can write another chain, with another end: the report must be kept apart, or
signed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mde.errors import InputError
from mde.files import sha256_bytes

START = "0" * 64
_LONGEST_LINE = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line without its digest."""

    kind: str
    """A single word."""
    text: str


@dataclass(frozen=True, kw_only=True)
class ChainEnd:
    """Where a chain ends."""

    num_lines: int
    sha256: str


def append(path: str, entries: list[Entry]) -> None:
    """Add lines to the log, made when it is missing. Any number of processes and threads may do so at once.

    A last line that a killed process left unfinished is taken away first. Raises OSError where it cannot be written.
    """
    with _locked(path) as handle:
        digest = _last_digest(handle)
        lines = []
        for entry in entries:
            assert " " not in entry.kind
            text = entry.text.replace("\\", "\\\\").replace("\n", "\\n")
            digest = _next(digest, f"{entry.kind} {text}")
            lines.append(f"{digest} {entry.kind} {text}\n")
        os.write(handle, "".join(lines).encode(errors="surrogateescape"))


def read_log(path: Path, *, num_lines: int | None = None) -> tuple[list[Entry], ChainEnd]:
    """The entries of a log, all or the first `num_lines`, and where their chain ends.

    Raises InputError when there is no log, when it is shorter, and, with the line's number, where the chain is broken.
    """
    try:
        content = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); expected a log of what a run read") from error
    lines = content.split("\n")[:-1]  # behind the last line break stands at most half a line
    if num_lines is not None and len(lines) < num_lines:
        raise InputError(f"{path} has {len(lines)} lines where {num_lines} were written; lines have been taken away")
    digest, entries = START, []
    for number, line in enumerate(lines[:num_lines], start=1):
        stated, _, rest = line.partition(" ")
        digest = _next(digest, rest)
        if stated != digest:
            raise InputError(f"{path} was changed at or before line {number}: its digest does not follow from the last")
        kind, _, text = rest.partition(" ")
        entries.append(Entry(kind=kind, text=_unescaped(text)))
    return entries, ChainEnd(num_lines=len(entries), sha256=digest)


def _next(digest: str, rest: str) -> str:
    return sha256_bytes(f"{digest} {rest}".encode(errors="surrogateescape"))


def _unescaped(text: str) -> str:
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\n", "\n") for part in parts)


@contextmanager
def _locked(path: str) -> Iterator[int]:
    """The open log while nobody else writes; opened anew each time, since forks would share the lock of one handle."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _last_digest(handle: int) -> str:
    """Digest of the last whole line; what stands behind it is cut off."""
    size = os.fstat(handle).st_size
    start = max(0, size - 2 * _LONGEST_LINE)
    tail = os.pread(handle, size - start, start)
    whole = tail.rfind(b"\n") + 1
    if whole < len(tail):
        os.ftruncate(handle, start + whole)
    if whole == 0:
        return START
    line = tail[tail.rfind(b"\n", 0, whole - 1) + 1 : whole]
    return line[:64].decode()
