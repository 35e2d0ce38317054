"""Grey PNG: any reader gets the same numbers back, and the files stay small."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from mde.grey_png import ABOVE, LEFT, grey_png


def smooth() -> np.ndarray:
    """The depth of a slanted plane with a box before it."""
    rows, columns = np.mgrid[:90, :120]
    values = 1e6 / (300.0 + 1.31 * rows + 0.173 * columns)
    values[30:60, 40:80] *= 0.7
    return np.rint(values).astype(np.uint16)


@pytest.mark.parametrize("level", [1, 4])
@pytest.mark.parametrize(
    "values",
    [
        smooth(),
        np.random.default_rng(0).integers(0, 65536, (37, 53)).astype(np.uint16),
        np.array([[0, 65535, 256, 255]], dtype=np.uint16),
        np.array([[0], [65535], [256]], dtype=np.uint16),
        np.zeros((5, 7), dtype=np.uint16),
        smooth()[::2, ::3],
    ],
)
def test_another_reader_gets_the_same_numbers(values: np.ndarray, level: int) -> None:
    with Image.open(io.BytesIO(grey_png(values, level=level))) as image:
        image.load()
        assert image.format == "PNG" and image.mode == "I;16" and image.size == values.shape[::-1]
        np.testing.assert_array_equal(np.array(image), values)


def test_a_flipped_byte_is_noticed() -> None:
    content = bytearray(grey_png(smooth(), level=4))
    content[len(content) // 2] ^= 1
    with pytest.raises((OSError, SyntaxError)), Image.open(io.BytesIO(bytes(content))) as image:
        image.load()


def test_filters_halve_the_files_and_a_longer_search_helps() -> None:
    plain = zlib.compress(smooth().astype(">u2").tobytes())
    assert len(grey_png(smooth(), level=4)) < 0.5 * len(plain)
    assert len(grey_png(smooth(), level=4)) < 0.9 * len(grey_png(smooth(), level=1))


def test_each_row_gets_the_filter_that_suits_it() -> None:
    """Rows that repeat the one above, then rows that are even in themselves."""
    values = np.empty((40, 200), dtype=np.uint16)
    values[:20] = np.random.default_rng(0).integers(0, 65536, 200)
    values[20:] = np.random.default_rng(1).integers(0, 65536, (20, 1))
    content = grey_png(values, level=1)
    packed = content[content.index(b"IDAT") + 4 : -16]  # before its own checksum and the empty last chunk
    rows = np.frombuffer(zlib.decompress(packed), dtype=np.uint8).reshape(40, 401)
    assert (rows[1:20, 0] == ABOVE).all() and (rows[1:20, 1:] == 0).all()
    assert (rows[20:, 0] == LEFT).all() and (rows[20:, 3:] == 0).all()


def test_the_same_image_gives_the_same_bytes() -> None:
    assert grey_png(smooth(), level=4) == grey_png(smooth(), level=4)
