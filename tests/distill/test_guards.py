from __future__ import annotations

import math

import pytest

from distill.guards import WINDOW, Guards
from mde.errors import InputError

GOOD = {"teacher_spread": 0.4, "spread": 0.35, "log_bias": 0.02}


def watch(rows: list[dict[str, float]], num_steps: int = 1000) -> None:
    guards = Guards(num_steps)
    for step, row in enumerate(rows):
        guards.watch(step, row)


def test_a_good_run_is_left_alone() -> None:
    watch([GOOD] * 1000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spread": 0.03}, "collapsed to one depth by step 199 .*lower --train.learning-rate"),
        ({"log_bias": math.log(2)}, "is 2.00 times the teacher's by step 199"),
        ({"log_bias": -math.log(2)}, "is 0.50 times the teacher's by step 199"),
        ({"teacher_spread": 0.01, "spread": 0.01}, "teacher answers nearly one depth .* by step 199"),
    ],
)
def test_what_has_gone_wrong_is_named(change: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        watch([{**GOOD, **change}] * 1000)


def test_the_warm_up_and_single_bad_steps_are_forgiven() -> None:
    bad = {**GOOD, "spread": 0.0, "log_bias": 1.0}
    watch([bad] * 100 + [GOOD] * 900)
    watch(([bad] + [GOOD] * 9) * 100)


def test_a_failure_late_in_a_run_is_found_within_a_window() -> None:
    guards = Guards(2000)
    for step in range(1000):
        guards.watch(step, GOOD)
    with pytest.raises(InputError, match="collapsed"):
        for step in range(1000, 1000 + WINDOW):
            guards.watch(step, {**GOOD, "spread": 0.0})


def test_short_runs_are_not_watched() -> None:
    watch([{**GOOD, "spread": 0.0}] * (WINDOW - 1), num_steps=WINDOW - 1)
