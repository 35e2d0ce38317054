from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eval.own_image import image_files, read_own_image
from mde.errors import InputError


def halves(height: int, width: int) -> np.ndarray:
    """Red above, blue below."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, :, 0] = 255
    pixels[height // 2 :, :, 2] = 255
    return pixels


@pytest.mark.parametrize("orientation, turn", [(1, None), (3, "ROTATE_180"), (6, "ROTATE_90"), (8, "ROTATE_270")])
def test_images_are_turned_as_their_file_says(tmp_path: Path, orientation: int, turn: str | None) -> None:
    upright = Image.fromarray(halves(40, 20))
    stored = upright if turn is None else upright.transpose(Image.Transpose[turn])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    own = read_own_image(tmp_path / "a.png")
    assert own.size == (40, 20)
    np.testing.assert_array_equal((own.image.permute(1, 2, 0) * 255).numpy(), halves(40, 20))


def test_the_focal_length_is_read_by_the_diagonal_of_film(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 26
    Image.fromarray(halves(300, 400)).save(tmp_path / "a.jpg", exif=exif)
    assert read_own_image(tmp_path / "a.jpg").exif_focal_px == pytest.approx(26 / 43.27 * 500)
    Image.fromarray(halves(300, 400)).save(tmp_path / "b.jpg")
    assert read_own_image(tmp_path / "b.jpg").exif_focal_px is None


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1"])
def test_other_kinds_of_pictures_become_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.fromarray(halves(8, 8)).convert(mode).save(path)
    assert tuple(read_own_image(path).image.shape) == (3, 8, 8)


def bomb() -> bytes:
    """A PNG of 2 billion pixels in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 40_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def large_png() -> bytes:
    """Just beyond the limit, below Pillow's own."""
    stream = io.BytesIO()
    Image.new("1", (8193, 8192)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    "content, words",
    [
        (b"hello", "neither a JPEG nor a PNG"),
        (b"", "neither a JPEG nor a PNG"),
        (bomb(), "pixels"),
        (large_png(), "8193x8192 pixels are beyond the limit of 67,108,864"),
    ],
)
def test_what_is_no_picture_is_refused_by_its_name(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "strange.png").write_bytes(content)
    with pytest.raises(InputError, match=rf"strange.png .*{words}"):
        read_own_image(tmp_path / "strange.png")


def test_a_cut_file_and_an_absent_one_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(tmp_path / "a.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:3000])
    for name, words in (("cut.jpg", "truncated"), ("absent.jpg", "does not exist"), (".", "cannot be read")):
        with pytest.raises(InputError, match=words):
            read_own_image(tmp_path / name)


def test_a_depth_map_is_no_picture(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "a_depth.png")
    with pytest.raises(InputError, match="one channel of 16 bits"):
        read_own_image(tmp_path / "a_depth.png")


def test_folders_stand_for_their_pictures_and_each_file_counts_once(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "notes.txt"):
        (tmp_path / name).touch()
    names = [path.name for path in image_files([tmp_path / "b.JPG", tmp_path, tmp_path / "absent.jpg"])]
    assert names == ["b.JPG", "a.png", "absent.jpg"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty holds no JPEG or PNG"):
        image_files([tmp_path / "empty"])
