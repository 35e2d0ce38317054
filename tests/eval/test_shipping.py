"""May the student be shipped?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eval.comparison import Comparison, compare
from eval.protocol import PROTOCOLS
from eval.score import score
from eval.shipping import judge_shipping

PLAIN = replace(PROTOCOLS["pairs_driving"], name="plain", crop="none", alignment="none")


def comparison(low: float, high: float, *, caution: str = "") -> Comparison:
    return Comparison(
        net="student",
        reference="teacher",
        alignment="median",
        metric="abs_rel",
        difference=0.01,
        interval=(0.0, 0.02),
        relative=(low + high) / 2,
        relative_interval=(low, high),
        resampled="scenes",
        num_resampled=9,
        caution=caution,
        verdict="worse",
    )


@pytest.mark.parametrize(
    "low, high, answer, head",
    [
        (-0.05, 0.1, "yes", "Yes: student may take the place of teacher. Its abs_rel is 2% above that of teacher"),
        (0.08, 0.12, "undecided", "Not decided by these frames: whether student may take the place of teacher"),
        (0.101, 0.3, "no", "No: student is not good enough to take the place of teacher"),
    ],
)
def test_the_whole_interval_decides(low: float, high: float, answer: str, head: str) -> None:
    found = judge_shipping(comparison(low, high), 0.1)
    assert found.answer == answer
    assert found.sentence().startswith(head)
    assert f"95 % interval {low:+.0%} to {high:+.0%}" in found.sentence() and "accepted is +10%" in found.sentence()


def test_few_scenes_never_say_yes_but_may_say_no() -> None:
    few = "3 scenes are fewer than a handful, so the interval is not worth much"
    assert judge_shipping(comparison(-0.05, 0.0, caution=few)).answer == "undecided"
    assert judge_shipping(comparison(0.5, 0.6, caution=few)).answer == "no"
    assert few in judge_shipping(comparison(0.5, 0.6, caution=few)).sentence()


def test_a_student_that_loses_half_ships_only_where_half_is_accepted(red_net, make_frames) -> None:
    nets = {"teacher": red_net(1.1, role="teacher"), "student": red_net(1.15)}
    scores = score(nets, make_frames(12), PLAIN, is_quiet=True)
    found = compare(np.random.default_rng(0), scores, "student", "none")
    assert [judge_shipping(found, loss).answer for loss in (0.45, 0.51)] == ["no", "yes"]
