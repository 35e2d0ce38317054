from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mde.errors import InputError
from mde.record import MAX_PIXELS, decode_record, encode_depth, encode_record
from tests.conftest import make_record


def test_a_record_reads_back_as_it_was_written() -> None:
    record = make_record("000007")
    back = decode_record("000007", encode_record(record))
    assert np.array_equal(back.depth_m, record.depth_m)
    assert np.array_equal(back.ids, record.ids)
    assert (back.camera, back.origin, back.domain, back.recipe) == (
        record.camera,
        record.origin,
        record.domain,
        record.recipe,
    )


def test_jpeg_changes_a_smooth_image_by_little() -> None:
    ramp = np.linspace(0, 255, 48, dtype=np.uint8)[None, :, None].repeat(36, 0).repeat(3, 2)
    back = decode_record("1", encode_record(replace(make_record("000001"), image=ramp)))
    assert np.abs(back.image.astype(int) - ramp).max() <= 4


def test_the_same_record_gives_the_same_bytes() -> None:
    assert encode_record(make_record("000003")) == encode_record(make_record("000003"))


@pytest.mark.parametrize("units", [256, 1000])
def test_depth_is_off_by_at_most_half_a_unit(units: int) -> None:
    depth_m = np.random.default_rng(0).uniform(0.1, 60.0, (32, 32)).astype(np.float32)
    back = np.array(Image.open(io.BytesIO(encode_depth(depth_m, units, name="x")))) / units
    assert np.abs(back - depth_m).max() <= 0.5 / units + 1e-5


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0])
def test_depth_that_is_not_a_number_or_negative_is_refused_by_name(bad: float) -> None:
    depth_m = np.ones((4, 4), np.float32)
    depth_m[1, 2] = bad
    with pytest.raises(ValueError, match="frame 12: 1 depth values are NaN, infinite or negative"):
        encode_depth(depth_m, 256, name="frame 12")


def test_depth_beyond_sixteen_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="end at 65.5"):
        encode_depth(np.full((2, 2), 70.0, np.float32), 1000, name="x")


def broken(**changes: object) -> dict[str, bytes]:
    """The files of a record with one of them, or one field of the JSON, replaced."""
    parts = encode_record(make_record("000001"))
    meta = json.loads(parts["json"])
    for path, value in changes.items():
        if path in parts:
            parts[path] = value  # type: ignore[assignment]
        else:
            *nodes, leaf = path.split("__")
            place = meta
            for node in nodes:
                place = place[node]
            place[leaf] = value
    return parts if any(path in parts for path in changes) else {**parts, "json": json.dumps(meta).encode()}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (broken(depth__kind="range"), "expected planar z"),
        (broken(depth__units_per_metre=0), "positive integer"),
        (broken(camera__height=35), "its camera says"),
        (broken(camera__f_px=[0, 1]), "positive focal"),
        (broken(json=b"{"), "cannot be read"),
        (broken(json=b"[]"), "cannot be read"),
        (broken(**{"image.jpg": b"GIF89a"}), "cannot identify image"),
        (broken(**{"depth.png": encode_record(make_record("000001"))["depth.png"][:60]}), "record r cannot be read"),
        (broken(**{"depth.png": encode_record(make_record("000001"))["image.jpg"]}), "16-bit grey PNG"),
        ({"json": b"{}"}, "lacks image.jpg, depth.png, ids.png"),
    ],
)
def test_a_broken_record_is_refused_in_one_line(parts: dict[str, bytes], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        decode_record("r", parts)
    assert "\n" not in str(caught.value)


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    stream = io.BytesIO()
    side = int(MAX_PIXELS**0.5) + 1
    Image.new("1", (side, side)).save(stream, "PNG")
    with pytest.raises(InputError, match="beyond the limit"):
        decode_record("r", broken(**{"image.jpg": stream.getvalue()}))
