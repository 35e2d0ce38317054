"""Known distance: how far away somebody measured what stands at a pixel of a picture to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from mde.errors import InputError

WINDOW_PX = 5
"""Side of the square whose median stands for a pixel: a click is off by a pixel or two."""
MAX_M = 1e6
"""Beyond the horizon: a typing error."""


@dataclass(frozen=True, kw_only=True)
class KnownDistance:
    """A point of a picture and its depth z, the distance along the optical axis."""

    image: Path
    at_px: tuple[float, float]
    """To the right and down from the upper left corner of the picture, upright."""
    depth_m: float

    @property
    def place(self) -> str:
        """IMAGE:U,V."""
        return f"{self.image}:{self.at_px[0]:g},{self.at_px[1]:g}"


def read_known(texts: Sequence[str]) -> list[KnownDistance]:
    """Known distances, each written IMAGE:U,V:METRES; a name may hold colons.

    Raises InputError for another form, for numbers that are no place or no distance, and for a place named twice.
    """
    known = [_read_one(text) for text in texts]
    places = [(one.image.resolve(), one.at_px) for one in known]
    for index, one in enumerate(known):
        if places[index] in places[:index]:
            raise InputError(f"--known {one.place} is named twice; each place counts once")
    return known


def _read_one(text: str) -> KnownDistance:
    image, *rest = text.rsplit(":", 2)
    try:
        place, metres = rest
        (u, v), depth_m = map(float, place.split(",")), float(metres)
    except ValueError as error:
        raise InputError(
            f"--known {text!r} does not have the form IMAGE:U,V:METRES; for instance hall.jpg:320,240:2.35"
        ) from error
    if not image:
        raise InputError(f"--known {text!r} names no image before the first colon")
    if not 0.0 < depth_m < MAX_M:
        raise InputError(
            f"--known {text!r}: {metres} is no distance; a number of metres above 0 and below {MAX_M:,.0f} is expected"
        )
    return KnownDistance(image=Path(image), at_px=(u, v), depth_m=depth_m)


def said_at(known: KnownDistance, depth_m: Float[Tensor, "height width"]) -> float:
    """What a depth map, NaN where it has none, says around the place: the median of a square of `WINDOW_PX`.

    Raises InputError for a place outside the picture, and where the map has no depth.
    """
    height, width = depth_m.shape
    u, v = known.at_px
    if not (0.0 <= u < width and 0.0 <= v < height):
        raise InputError(f"--known {known.place} lies outside the picture, which has {width}x{height} pixels")
    row, column, reach = int(v), int(u), WINDOW_PX // 2
    window = depth_m[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
    seen = window[window.isfinite()]
    if len(seen) == 0:
        raise InputError(f"--known {known.place}: the network has no depth there; choose a point nearer to the middle")
    return float(torch.quantile(seen.double(), 0.5))
