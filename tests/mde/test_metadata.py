from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mde.calibration import Calibration
from mde.domain import DRIVING
from mde.errors import InputError
from mde.nets.metadata import camera_of, metadata_of, spec_of
from tests.conftest import make_teacher

FILE = Path("student.onnx")


@pytest.mark.parametrize("frame_size", [None, (40, 60)])
def test_metadata_read_back_to_the_same_network(frame_size: tuple[int, int] | None) -> None:
    net = make_teacher()
    net.spec = replace(net.spec, role="student", frame_size=frame_size)
    assert spec_of(metadata_of(net), where=FILE) == net.spec


def test_a_calibration_is_read_back_to_the_last_digit() -> None:
    net = make_teacher()
    calibration = Calibration(scale=1 / 3, shift_m=-0.1, least_m=1e-3, student_sha256="c" * 64)
    net.spec = replace(net.spec, role="student", calibration=calibration)
    assert spec_of(metadata_of(net), where=FILE) == net.spec


@pytest.mark.parametrize("words", ["1.2", "a b c", "0.0 0.0 0.0", "nan 0.0 0.0"])
def test_a_calibration_that_is_none_is_refused(words: str) -> None:
    metadata = {**metadata_of(make_teacher()), "calibration": words, "calibrated_from": "c" * 64}
    with pytest.raises(InputError, match="cannot be used"):
        spec_of(metadata, where=FILE)


def test_metadata_count_parameters_and_operations_on_paper() -> None:
    words = metadata_of(make_teacher(native_size=(32, 48)))
    assert words["num_parameters"] == str((3 * 6 * 9 + 6) + 12 + (6 * 4 * 9 + 4) + 8 + (4 + 1))
    assert words["num_macs"] == str(32 * 48 * (6 * 27 + 4 * 54 + 4))
    assert words["unit"] == "metre" and words["depth_range_m"] == "0.001 10.0"


def test_the_camera_is_that_of_the_domain_at_native_size() -> None:
    """KITTI's crop of 352x1216 keeps the focal length; the lowest rows and the middle columns stay."""
    spec = make_teacher().spec
    camera = camera_of(replace(spec, domain="driving", native_size=(352, 1216), frame_size=(375, 1242)))
    (fx, _), (cx, cy) = DRIVING.camera.f_px, DRIVING.camera.c_px
    assert camera.f_px[0] == pytest.approx(fx)
    assert camera.c_px == pytest.approx((cx - 13, cy - 23))
    half = camera_of(replace(spec, domain="indoor", native_size=(240, 320)))
    assert half.f_px == pytest.approx((518.8579 / 2, 518.8579 / 2)) and half.c_px == pytest.approx((160, 120))


@pytest.mark.parametrize(
    "change, words",
    [
        ({"program": "another"}, "no metadata of version 1 of this program"),
        ({"version": "2"}, "no metadata of version 1"),
        ({"domain": "moon"}, "cannot be used"),
        ({"native_size": "32"}, "cannot be used"),
        ({"native_size": "0 48"}, "cannot be used"),
        ({"native_size": "64 96"}, "cannot be used"),  # larger than its frame
        ({"depth_range_m": "10.0 0.001"}, "depth range"),
        ({"depth_range_m": "nan 1"}, "depth range"),
        ({"depth_range_m": "a b"}, "cannot be used"),
    ],
)
def test_words_that_are_not_ours_are_refused(change: dict[str, str], words: str) -> None:
    metadata = {**metadata_of(make_teacher()), **change}
    with pytest.raises(InputError, match=words):
        spec_of(metadata, where=FILE)


@pytest.mark.parametrize("name", ["name", "licence", "weights_sha256", "frame_size"])
def test_missing_words_are_refused(name: str) -> None:
    metadata = metadata_of(make_teacher())
    del metadata[name]
    with pytest.raises(InputError, match=f"student.onnx has metadata that cannot be used .*{name}"):
        spec_of(metadata, where=FILE)
