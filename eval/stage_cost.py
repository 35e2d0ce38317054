"""Stage cost: seconds and peak memory of a block of work."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True, kw_only=True)
class StageCost:
    """What one stage took."""

    stage: str
    seconds: float
    peak_megabytes: float
    """Largest resident size of this process during the stage, or of any child process that ended in it."""


@contextmanager
def stage_cost(stage: str, costs: list[StageCost]) -> Iterator[None]:
    """Append the cost of the block to `costs`."""
    _RESET.write_text("5")  # proc(5): resets the peak resident size of this process
    children_before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    begin = time.monotonic()
    yield
    seconds = time.monotonic() - begin
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    peak_kilobytes = max(_peak_kilobytes(), children if children > children_before else 0)
    costs.append(StageCost(stage=stage, seconds=seconds, peak_megabytes=peak_kilobytes / 1024))


def _peak_kilobytes() -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])
