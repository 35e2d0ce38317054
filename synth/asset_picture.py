"""Asset picture: a picture from elsewhere as a layer of the texture bank."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from synth.asset_source import Unusable
from synth.noise import SIZE_PX

MAX_PIXELS = 64_000_000
"""Pixels of a picture: 8000 x 8000."""
FORMATS = ("PNG", "JPEG", "WEBP", "BMP")


def open_picture(stream: Any, opener: Callable[..., Any] | None = None) -> Any:
    """The picture, once its header tells that it is no bomb."""
    import PIL.Image

    try:
        picture = (opener or PIL.Image.open)(stream, formats=FORMATS)
    except PIL.Image.DecompressionBombError as error:
        raise Unusable(f"holds a picture of more than {2 * MAX_PIXELS // 1_000_000} million pixels") from error
    except PIL.UnidentifiedImageError as error:
        raise Unusable(f"holds a picture that is no {', '.join(FORMATS)}") from error
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise Unusable(f"holds a picture of {width} x {height} pixels, more than {MAX_PIXELS // 1_000_000} million")
    return picture


@contextmanager
def guarded_pictures(problems: list[str]) -> Iterator[None]:
    """Have trimesh open pictures in the way of `open_picture`; it swallows refusals, `problems` remembers them."""
    import PIL.Image

    plain_open = PIL.Image.open

    def guarded_open(stream: Any, *_: Any, **__: Any) -> Any:
        try:
            return open_picture(stream, plain_open)
        except Unusable as error:
            problems.append(str(error))
            raise

    PIL.Image.open = guarded_open  # type: ignore[assignment]  # trimesh passes a stream and nothing else
    try:
        yield
    finally:
        PIL.Image.open = plain_open


def layer_of(picture: Any, *, has_holes: bool) -> np.ndarray:
    """(S,S,4) uint8, first row the lowest; without holes alpha is full, as it would stand for gloss."""
    import PIL.Image

    small = picture.convert("RGBA").resize((SIZE_PX, SIZE_PX), PIL.Image.Resampling.BOX, reducing_gap=3.0)
    layer = np.asarray(small)[::-1].copy()
    if not has_holes:
        layer[..., 3] = 255
    return layer
