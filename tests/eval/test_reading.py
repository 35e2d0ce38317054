"""Frames read ahead, and those that cannot be read."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from eval.frame import Frame
from eval.pairs import pairs_frames
from eval.reading import Reading, Unusable


def png_bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises far more than its few bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def test_frames_come_in_order_and_are_those_of_the_folder(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    for index in range(5):
        write_pair(tmp_path, f"a_{index}", seed=index)
    frames = pairs_frames(tmp_path, 256)
    assert len(Reading(frames)) == 5
    for read, expected in zip(Reading(frames), frames, strict=True):
        assert isinstance(read, Frame) and read.name == expected.name
        assert torch.equal(read.image, expected.image)


def test_whoever_stops_early_waits_for_no_more_than_one_frame(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    for index in range(4):
        write_pair(tmp_path, f"a_{index}")
    for frame in Reading(pairs_frames(tmp_path, 256)):
        assert frame.name == "a_0"
        break


def spoil(path: Path, kind: str) -> None:
    content = path.read_bytes()
    if kind == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "damaged":
        path.write_bytes(content[:60] + bytes(80) + content[140:])
    elif kind == "8 bits":
        Image.new("L", (40, 24), 7).save(path)
    elif kind == "colour":
        Image.new("RGB", (40, 24)).save(path)
    elif kind == "another size":
        Image.fromarray(np.ones((24, 41), np.uint16)).save(path)
    elif kind == "bomb":
        path.write_bytes(png_bomb(5000, 5000))
    elif kind == "huge bomb":
        path.write_bytes(png_bomb(100_000, 100_000))
    else:
        path.unlink()


@pytest.mark.parametrize(
    "kind, words",
    [
        ("cut off", "cannot be read as 16-bit depth"),
        ("damaged", "cannot be read as 16-bit depth"),
        ("8 bits", "mode L, 8-bit grey, whose 256 steps are no depth"),
        ("colour", "were image and depth swapped"),
        ("another size", "is 41x24 but its image"),
        ("bomb", "beyond the limit of 16777216"),
        ("huge bomb", "beyond the limit of 16777216"),
        ("gone", "does not exist"),
    ],
)
def test_one_spoilt_depth_file_is_named_and_the_others_are_read(
    kind: str, words: str, tmp_path: Path, write_pair: Callable[..., None]
) -> None:
    for index in range(3):
        write_pair(tmp_path, f"a_{index}")
    frames = pairs_frames(tmp_path, 256)
    spoil(tmp_path / "a_1_depth.png", kind)
    first, second, third = Reading(frames)
    assert isinstance(first, Frame) and isinstance(third, Frame)
    assert isinstance(second, Unusable) and second.name == "a_1"
    assert words in second.reason and "a_1_depth.png" in second.reason and "\n" not in second.reason


def test_swapped_image_and_depth_are_suspected(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    write_pair(tmp_path, "a")
    (tmp_path / "a.png").rename(tmp_path / "x.png")
    (tmp_path / "a_depth.png").rename(tmp_path / "a.png")
    (tmp_path / "x.png").rename(tmp_path / "a_depth.png")
    (item,) = Reading(pairs_frames(tmp_path, 256))
    assert isinstance(item, Unusable) and "were image and depth swapped?" in item.reason
