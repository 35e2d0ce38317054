"""Resident memory of this process, as Linux tells it, and how far it grows from a moment on.

Linux keeps one high-water mark per process. To set it back takes a file that confined processes may not write
(/proc/self/clear_refs), so it is not set back but filled up to: a ballast brings the process to its old mark, and
whatever is taken from then on raises the mark.
"""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np

_STATUS = Path("/proc/self/status")


class PeakWatch:
    """Watches how far the process grows; holds as much memory as the process once had more than now.

    Raises RuntimeError where the system does not tell, which `can_watch` asks.
    """

    def __init__(self) -> None:
        self._ballast: list[np.ndarray] = []
        while (missing := _bytes("VmHWM") - resident_bytes()) > 0:
            pages = np.frombuffer(mmap.mmap(-1, missing, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS), dtype=np.uint8)
            pages[:] = 1  # written, so resident
            self._ballast.append(pages)
        self._begin = resident_bytes()

    def growth_bytes(self) -> int:
        """Most bytes so far that were in memory beside those of the beginning."""
        return max(0, _bytes("VmHWM") - self._begin)


def can_watch() -> bool:
    """Whether this system tells what a process has in memory; Linux does."""
    return _STATUS.is_file()


def resident_bytes() -> int:
    """Bytes in memory now. Raises RuntimeError where the system does not tell."""
    return _bytes("VmRSS")


def _bytes(name: str) -> int:
    lines = _STATUS.read_text().splitlines() if can_watch() else []
    for line in lines:
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"this system does not tell {name} of a process")
