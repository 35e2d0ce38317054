from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from eval.plate import interval_scale, own_depth_scale, plate_png


def opened(content: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize("low, high", [(1.79, 7.46), (0.0012, 0.0013), (3.0, 80.0), (2.0, 2.0), (1.0, 65000.0)])
def test_a_scale_holds_its_depth_and_has_marks_inside(low: float, high: float) -> None:
    scale = own_depth_scale(torch.linspace(low, high, 1000).view(10, 100))
    assert scale.low <= low + 0.011 * (high - low) and scale.high >= high - 0.011 * (high - low)
    assert scale.high >= 1.999 * scale.low
    values = [value for value, _ in scale.ticks]
    assert len(values) >= 4 and all(scale.low * 0.99 <= value <= scale.high * 1.01 for value in values)


def test_an_interval_of_no_width_still_has_a_scale() -> None:
    assert interval_scale(torch.zeros(4, 4)).high > 0.0
    assert [value for value, _ in interval_scale(torch.full((4, 4), 2.4)).ticks][:2] == [0.0, 0.5]


@pytest.mark.parametrize("size, columns", [((100, 120), 2), ((120, 100), 2), ((100, 300), 1), ((1500, 2000), 2)])
def test_wide_pictures_stand_one_below_the_other(size: tuple[int, int], columns: int) -> None:
    depth_m = torch.linspace(1.0, 9.0, size[0] * size[1]).view(size)
    pixels = opened(plate_png(torch.rand(3, *size), depth_m, own_depth_scale(depth_m), title="depth"))
    panel = max(side for side in (720 // max(size) * max(size), 720 if max(size) > 720 else 0))
    width = round(panel * size[1] / max(size))
    assert columns * width <= pixels.shape[1] <= columns * width + 160


def test_colours_run_from_bright_near_to_dark_far_and_none_is_none() -> None:
    depth_m = torch.ones(100, 120)
    depth_m[:, 60:] = 9.0
    depth_m[:50, :60] = torch.nan
    pixels = opened(plate_png(torch.zeros(3, 100, 120), depth_m, own_depth_scale(depth_m), title="depth"))
    left, top, side = 12 + 720 + 12, 39, 720  # of the map: margin, photograph, margin; title above
    near, far, none = (pixels[top + y, left + x].astype(int) for y, x in ((500, 100), (500, side - 50), (100, 100)))
    assert near.sum() > 2 * far.sum() and none.tolist() == [32, 36, 42]
