"""The frames that a report shows."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from eval.alignment import AS_IT_STANDS
from eval.gallery import Gallery, Panel, Picture, pool_nearest, shrink


def panel(index: int, *, error: float = 0.0, height: int = 2, width: int = 4) -> Panel:
    plane = torch.full((height, width), float(index + 1))
    picture = Picture(net="a", depth_m=plane, entropy_nat=plane, relative_width=plane, fit=AS_IT_STANDS, abs_rel=error)
    return Panel(
        frame=str(index),
        scene="s",
        image=torch.zeros(3, height, width),
        true_m=plane,
        valid=plane > 0,
        pictures=(picture,),
        error=error,
    )


@pytest.mark.parametrize("num_frames", [1, 2, 3, 6, 7, 13, 50, 697])
def test_frames_are_spread_over_a_set_of_unknown_length(num_frames: int) -> None:
    gallery = Gallery(3)
    for index in range(num_frames):
        gallery.offer(0.0, partial(panel, index))
    spread = [int(item.frame) for item in gallery.panels() if item.reason == "spread"]
    assert len(spread) == len(set(spread)) == min(3, num_frames)
    assert spread[0] == 0
    gaps = np.diff(spread)
    if len(gaps) > 1:
        assert gaps.min() > 0
        assert spread[-1] > num_frames / 2
        assert gaps.max() <= 2 * gaps.min()


def test_the_worst_frames_are_kept_once_and_in_order() -> None:
    gallery, errors = Gallery(2, 2), [0.1, 0.9, 0.2, 0.8, 0.3, 0.95, 0.1]
    for index, error in enumerate(errors):
        gallery.offer(error, partial(panel, index, error=error))
    panels = gallery.panels()
    assert [item.frame for item in panels if item.reason == "worst"] == ["5", "1"]
    assert len({item.frame for item in panels}) == len(panels)


def test_more_of_the_worst_than_of_the_spread_can_be_kept_and_none_of_the_spread() -> None:
    gallery = Gallery(0, 3)
    for index, error in enumerate([0.1, 0.9, 0.2, 0.8, 0.3]):
        gallery.offer(error, partial(panel, index, error=error))
    assert [item.frame for item in gallery.panels()] == ["1", "3", "4"]


def test_a_gallery_of_nothing_stays_empty() -> None:
    gallery = Gallery(0)
    gallery.offer(0.0, partial(panel, 0))
    assert gallery.panels() == ()


def test_a_large_panel_shrinks_and_keeps_its_parts_together() -> None:
    small = shrink(panel(6, height=375, width=1242))
    assert small.image.shape == (3, 188, 621)
    shapes = {tuple(plane.shape) for plane in (small.true_m, small.valid, small.pictures[0].depth_m)}
    assert shapes == {(188, 621)}
    assert (small.true_m == 7.0).all()


def test_a_lone_measurement_survives_shrinking_and_the_nearer_one_wins() -> None:
    depth_m = torch.zeros(4, 6)
    depth_m[1, 1] = 9.0
    depth_m[2, 4], depth_m[3, 5] = 8.0, 3.0
    assert pool_nearest(depth_m, 2).tolist() == [[9.0, 0.0, 0.0], [0.0, 0.0, 3.0]]
