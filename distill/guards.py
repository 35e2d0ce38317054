"""Guards: what stops a training that has gone wrong, with the reason."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

from mde.errors import InputError

WINDOW = 100
"""Steps over which the guards average; a run of fewer than two windows after its warm-up is not watched."""
MIN_SPREAD = 0.1
"""Least spread of the student's depth, as a share of the teacher's."""
MAX_DRIFT = math.log(1.5)
"""Largest mean of ln y - ln d, y student's and d teacher's depth."""
MIN_TEACHER_SPREAD = 0.02
"""Least deviation of ln d within an image; a room has about 0.4."""


class Guards:
    """Watches the means of a moving window once the warm-up is over.

    Three ways in which depth students fail without a loss that is not finite: one depth for all pixels (collapse),
    depth in another unit than the teacher's (drift), and a teacher that answers one depth itself, on images of another
    kind or range than it knows.
    """

    def __init__(self, num_steps: int) -> None:
        self._first = num_steps // 10
        self._rows: deque[Mapping[str, float]] = deque(maxlen=WINDOW)

    def watch(self, step: int, row: Mapping[str, float]) -> None:
        """One step's `spread`, `teacher_spread` and `log_bias` (`distill.training`).

        Raises InputError with the reason and what to do.
        """
        if step < self._first:
            return
        self._rows.append(row)
        if len(self._rows) < WINDOW:
            return
        teacher_spread, spread, drift = (self._mean(name) for name in ("teacher_spread", "spread", "log_bias"))
        if teacher_spread < MIN_TEACHER_SPREAD:
            raise InputError(
                f"the teacher answers nearly one depth for whole images (deviation of ln d {teacher_spread:.3f} by "
                f"step {step}); look at its depth with mde.doctor --data, and at the images that adaptation made"
            )
        if spread < MIN_SPREAD * teacher_spread:
            raise InputError(
                f"the student collapsed to one depth by step {step} (deviation of ln y {spread:.3f}, the teacher's "
                f"{teacher_spread:.3f}); lower --train.learning-rate and begin in a new --out"
            )
        if abs(drift) > MAX_DRIFT:
            raise InputError(
                f"the student's depth is {math.exp(drift):.2f} times the teacher's by step {step}; lower "
                "--train.learning-rate, or give the objective a term that knows metres, and begin in a new --out"
            )

    def _mean(self, name: str) -> float:
        return sum(row[name] for row in self._rows) / len(self._rows)
