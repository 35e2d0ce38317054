"""Whether a difference is more than chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eval.comparison import compare
from eval.protocol import PROTOCOLS
from eval.score import score

PLAIN = replace(PROTOCOLS["pairs_driving"], name="plain", crop="none", alignment="none")


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_better_worse_and_tie_are_told_apart(red_net, make_frames) -> None:
    nets = {
        "teacher": red_net(1.1, role="teacher"),
        "better": red_net(1.05),
        "worse": red_net(1.2),
        "equal": red_net(1.1),
    }
    scores = score(nets, make_frames(8), PLAIN, is_quiet=True)
    verdicts = {net: compare(rng(), scores, net, "none").verdict for net in ("better", "worse", "equal")}
    assert verdicts == {"better": "better", "worse": "worse", "equal": "tie"}
    comparison = compare(rng(), scores, "worse", "none")
    assert comparison.difference == pytest.approx(0.1, rel=1e-3)
    assert (comparison.resampled, comparison.num_resampled) == ("scenes", 4)


def test_for_delta_more_is_better(red_net, make_frames) -> None:
    nets = {"teacher": red_net(1.3, role="teacher"), "student": red_net(1.1)}
    scores = score(nets, make_frames(4), PLAIN, is_quiet=True)
    assert compare(rng(), scores, "student", "none", metric="delta1").verdict == "better"


def test_frames_of_one_scene_are_drawn_as_images(red_net, make_frames) -> None:
    nets = {"teacher": red_net(1.3, role="teacher"), "student": red_net(1.1)}
    scores = score(nets, make_frames(4, per_scene=9), PLAIN, is_quiet=True)
    assert compare(rng(), scores, "student", "none").resampled == "images"


def test_without_a_reference_there_is_no_comparison(red_net, make_frames) -> None:
    scores = score({"a": red_net()}, make_frames(2), PLAIN, is_quiet=True)
    with pytest.raises(ValueError, match="no reference"):
        compare(rng(), scores, "a", "none")


def test_the_relative_loss_is_that_of_the_means_drawn_together(red_net, make_frames) -> None:
    nets = {"teacher": red_net(1.1, role="teacher"), "student": red_net(1.15)}
    scores = score(nets, make_frames(8), PLAIN, is_quiet=True)
    comparison = compare(rng(), scores, "student", "none")
    assert comparison.relative == pytest.approx(0.5, rel=1e-3)
    assert comparison.relative_interval == pytest.approx((0.5, 0.5), rel=1e-3)  # both err by one factor everywhere
    assert comparison.caution == "4 scenes are fewer than a handful, so the interval is not worth much"
