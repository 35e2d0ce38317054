"""Disk: room for what is still to be written, and the pause when it runs out."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
"""A full file system and a used-up quota."""
MAX_PAUSES = 5
"""How often the same file may find the disk full right after there was room: something else is wrong then."""


@dataclass(kw_only=True)
class Disk:
    """The place where a run writes. It waits for room where somebody can make some."""

    directory: Path
    needed_bytes: Callable[[], int]
    """What the rest of the run will take."""
    room_bytes: int
    """With so much free the run goes on; less than the whole rest, since space may come bit by bit."""
    is_attended: bool
    """Whether somebody reads the message; without a terminal the error is raised at once."""
    say: Callable[[str], None]
    limit_s: float = 600.0
    period_s: float = 3.0
    _pauses: Counter[str] = field(default_factory=Counter, init=False)

    def wait(self, error: OSError) -> None:
        """Return when there is room again. Raises `error` if it is of another kind, or after `limit_s`."""
        file = str(error.filename or self.directory)
        self._pauses[file] += 1
        if error.errno not in FULL or not self.is_attended or self._pauses[file] > MAX_PAUSES:
            raise error
        needed_bytes = max(self.needed_bytes(), self.room_bytes)
        self.say(
            f"disk full at {self.directory}, {size_text(needed_bytes)} needed; free space and the run goes on; "
            "Ctrl-C stops, nothing is lost"
        )
        end_s = time.monotonic() + self.limit_s
        while not has_room(self.directory, min(self.room_bytes, needed_bytes)):
            if time.monotonic() >= end_s:
                raise error
            time.sleep(self.period_s)
        self.say("there is room again; the run goes on")

    def keep_trying(self, write: Callable[[], object]) -> None:
        """Call `write` until the disk is not full; for small files, which are cheap to write again."""
        while True:
            try:
                write()
                return
            except OSError as error:
                self.wait(error)


def has_room(directory: Path, num_bytes: int) -> bool:
    """Whether a file of this size fits. It is tried, since free space says nothing of quotas and inodes."""
    if free_bytes(directory) < num_bytes:
        return False
    probe = directory / f"room.{os.getpid()}.partial"
    try:
        with open(probe, "wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, max(num_bytes, 1))
        return True
    except OSError as error:
        if error.errno in FULL:
            return False
        raise
    finally:
        probe.unlink(missing_ok=True)


def free_bytes(directory: Path) -> int:
    """Free space at `directory`, which need not exist yet."""
    return shutil.disk_usage(next(place for place in (directory, *directory.absolute().parents) if place.exists())).free


def size_text(num_bytes: int) -> str:
    """A size for people: 1.2 GB, 35 MB."""
    return f"{num_bytes / 1e9:.1f} GB" if num_bytes >= 1e9 else f"{max(num_bytes / 1e6, 1.0):.0f} MB"
