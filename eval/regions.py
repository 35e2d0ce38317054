"""Regions: parts of the image, since a network that sees no context at a border fails there alone.

Three rows by three columns of the scored crop. Rows tell sky and ceiling from ground and floor, which look alike in
every picture; the outer columns are the left and right border, where half of what a network looks at is padding. A
finer grid leaves too few LiDAR points in its upper cells to tell one network from another.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from jaxtyping import Int
from torch import Tensor

from eval.protocol import Window

ROWS = ("top", "middle", "bottom")
COLUMNS = ("left", "centre", "right")
REGIONS = tuple(f"{row} {column}" for row in ROWS for column in COLUMNS)
"""In the order of reading."""


@lru_cache(maxsize=64)
def region_map(height: int, width: int, window: Window) -> Int[Tensor, "height width"]:
    """Number of the region of each pixel of a map, thirds of the window; do not write into it.

    Pixels outside the window take the nearest region; no protocol scores them.
    """
    top, bottom, left, right = window
    rows = _thirds(height, top, bottom)
    columns = _thirds(width, left, right)
    return rows[:, None] * len(COLUMNS) + columns


def _thirds(size: int, begin: int, end: int) -> Int[Tensor, " size"]:
    places = torch.arange(size) - begin
    return (3 * places).div(end - begin, rounding_mode="floor").clamp(0, 2)
