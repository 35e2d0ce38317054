"""The frames on which networks fail most."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eval.protocol import PROTOCOLS
from eval.score import score
from eval.worst import worst_frames

PLAIN = replace(PROTOCOLS["pairs_driving"], name="plain", crop="none", alignment="none")


def test_students_decide_which_frames_are_worst_and_the_teacher_is_listed_beside_them(red_net, make_frames) -> None:
    frames = [
        replace(frame, depth_m=frame.depth_m / factor)
        for frame, factor in zip(make_frames(4), (1.1, 1.4, 1.2, 1.3), strict=True)
    ]
    nets = {"teacher": red_net(2.0, role="teacher"), "student": red_net(1.0)}
    scores = score(nets, frames, PLAIN, is_quiet=True, num_panels=0, num_worst=3)
    worst = worst_frames(scores, 3)
    assert [item.frame for item in worst] == ["f_001", "f_003", "f_002"]
    assert worst[0].error == worst[0].abs_rel["student"] == pytest.approx(0.4, rel=1e-3)
    assert worst[0].abs_rel["teacher"] == pytest.approx(1.8, rel=1e-3)
    assert [panel.frame for panel in scores.panels] == [item.frame for item in worst]


def test_no_more_frames_are_listed_than_there_are(red_net, make_frames) -> None:
    scores = score({"a": red_net(1.1)}, make_frames(2), PLAIN, is_quiet=True)
    assert len(worst_frames(scores, 10)) == 2 and worst_frames(scores, 0) == ()
