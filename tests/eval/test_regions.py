"""Parts of the image."""

from __future__ import annotations

import torch

from eval.regions import REGIONS, region_map


def test_regions_are_thirds_of_the_scored_window() -> None:
    regions = region_map(11, 14, (2, 11, 1, 13))
    counts = torch.bincount(regions[2:11, 1:13].flatten(), minlength=len(REGIONS))
    assert counts.tolist() == [3 * 4] * 9
    assert [REGIONS[int(regions[row, column])] for row, column in ((2, 1), (6, 6), (10, 12))] == [
        "top left",
        "middle centre",
        "bottom right",
    ]


def test_a_window_that_does_not_divide_by_three_loses_no_pixel() -> None:
    counts = torch.bincount(region_map(10, 10, (0, 10, 0, 10)).flatten(), minlength=9)
    assert counts.sum() == 100 and counts.min() >= 9
