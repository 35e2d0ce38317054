"""The chart of depths: drawn with and without a target, and for an empty set."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from synth.depth_chart import ORANGE, write_depth_chart
from synth.figures import Figures
from synth.target import INDOOR
from tests.conftest import make_record


@pytest.fixture
def figures() -> Figures:
    figures = Figures()
    for index in range(4):
        record = make_record(f"{index:06d}")
        record.recipe.update(attempt=0, scene="indoor/test")
        figures.add(record)
    return figures


def num_orange(path) -> int:
    wanted = np.array([int(ORANGE[k : k + 2], 16) for k in (1, 3, 5)])
    with Image.open(path) as page:
        return int((np.abs(np.asarray(page.convert("RGB")).astype(int) - wanted).max(axis=2) < 8).sum())


def test_the_target_is_drawn_where_there_is_one(figures, tmp_path):
    write_depth_chart(figures, INDOOR, "indoor", tmp_path / "with.png")
    write_depth_chart(figures, None, "indoor", tmp_path / "without.png")
    assert num_orange(tmp_path / "with.png") > 50 and num_orange(tmp_path / "without.png") == 0


def test_a_set_without_depths_has_a_chart_too(tmp_path):
    write_depth_chart(Figures(), INDOOR, "indoor", tmp_path / "depth.png")
    with Image.open(tmp_path / "depth.png") as page:
        assert page.size[0] > 600
