"""Metrics log: the same numbers as lines of JSON and as TensorBoard events, cut back to where a run goes on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from mde.files import write_bytes

METRICS = "metrics.jsonl"
EVENTS = "tensorboard"


class MetricsLog:
    """Rows of one run, written as they come."""

    def __init__(self, lines: Any, events: SummaryWriter) -> None:
        self._lines = lines
        self._events = events

    def write(self, row: dict[str, Any]) -> None:
        """One step; tensors of one number become numbers."""
        plain = {name: value.item() if isinstance(value, Tensor) else value for name, value in row.items()}
        self._lines.write(json.dumps(plain) + "\n")
        self._lines.flush()
        for name, value in plain.items():
            if name != "step":
                self._events.add_scalar(f"train/{name}", value, plain["step"])


@contextmanager
def metrics_log(out: Path, start: int) -> Iterator[MetricsLog]:
    """Open the log at step `start`: what a killed run wrote after its last checkpoint is taken back."""
    path = out / METRICS
    kept = [line for line in path.read_text().splitlines() if _step_of(line) < start] if path.is_file() else []
    write_bytes(path, "".join(line + "\n" for line in kept).encode())
    events = SummaryWriter(log_dir=str(out / EVENTS), purge_step=start)
    try:
        with open(path, "a") as lines:
            yield MetricsLog(lines, events)
    finally:
        events.close()


def _step_of(line: str) -> float:
    """Step of a metrics line; infinite for the torn last line of a killed run."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf


def final_means(path: Path, num_steps: int) -> dict[str, float]:
    """Mean of every logged quantity over the last tenth of the steps of a finished `metrics.jsonl`."""
    rows = [json.loads(line) for line in path.read_text().splitlines()][-max(1, num_steps // 10) :]
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0] if name != "step"}
