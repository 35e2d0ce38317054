"""Protocols: regions in pixels, repair, and digests."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch

from eval.alignment import AS_IT_STANDS, Fit
from eval.protocol import (
    PROTOCOLS,
    crop_window,
    finish,
    input_window,
    kb_window,
    place,
    resize_pass,
    scored_truth,
    valid_mask,
)
from mde.errors import InputError

# Rows and columns on a 375x1242 frame as the published programs have them (evaluation scripts of
# AdaBins and BTS, crop fractions times size, rounded down).
GARG_ON_FULL = (153, 371, 44, 1197)
GARG_ON_KB_IN_FRAME = (166, 372, 56, 1185)


def test_the_kb_crop_is_the_lowest_rows_and_middle_columns() -> None:
    assert kb_window(375, 1242) == (23, 375, 13, 1229)
    assert kb_window(352, 1216) == (0, 352, 0, 1216)


def test_garg_acts_on_different_pixels_in_the_two_published_conventions() -> None:
    assert crop_window("garg", 375, 1242) == GARG_ON_FULL
    top, _, left, _ = kb_window(375, 1242)
    rows, columns = crop_window("garg", 352, 1216)[:2], crop_window("garg", 352, 1216)[2:]
    assert (*(top + row for row in rows), *(left + column for column in columns)) == GARG_ON_KB_IN_FRAME


def test_the_nyu_crop_is_for_its_size_alone() -> None:
    assert crop_window("eigen_nyu", 480, 640) == (45, 471, 41, 601)
    with pytest.raises(InputError, match="640x480"):
        crop_window("eigen_nyu", 240, 320)


def test_a_frame_smaller_than_the_kb_crop_is_refused() -> None:
    with pytest.raises(InputError, match="640x192 is smaller"):
        kb_window(192, 640)


def test_truth_at_either_end_of_the_range_does_not_count() -> None:
    protocol = replace(PROTOCOLS["pairs_indoor"], depth_min_m=0.5)
    true_m = torch.tensor([[[0.0, 0.5, 0.50001, 9.999, 10.0]]])
    assert valid_mask(true_m, protocol).tolist() == [[[False, False, True, True, False]]]


def test_all_that_was_measured_counts_under_hu() -> None:
    true_m = torch.zeros(1, 480, 640)
    true_m[0, 0, :5] = torch.tensor([0.0, 0.0005, 0.001, 10.0, 12.0])
    assert valid_mask(true_m, PROTOCOLS["junjh_nyu"])[0, 0, :6].tolist() == [False, True, True, True, True, False]


def test_a_prediction_is_repaired_into_the_range() -> None:
    protocol = PROTOCOLS["nyu_eigen"]
    bad = torch.tensor([float("nan"), float("inf"), -float("inf"), -3.0, 0.0, 4.0, 99.0])
    low, high = torch.tensor([protocol.depth_min_m, protocol.cap_m]).tolist()
    assert finish(bad, AS_IT_STANDS, protocol).tolist() == [low, high, low, low, low, 4.0, high]
    assert finish(bad, AS_IT_STANDS, replace(protocol, nan="cap")).tolist()[0] == high


def test_a_prediction_is_aligned_before_it_is_clamped() -> None:
    protocol = PROTOCOLS["nyu_eigen"]
    assert finish(torch.tensor([30.0]), Fit(scale=0.1), protocol).item() == pytest.approx(3.0)
    assert finish(torch.tensor([1e-4]), Fit(scale=100.0), protocol).item() == pytest.approx(0.01)


def test_a_map_of_another_size_keeps_its_corners_or_its_borders() -> None:
    ramp = torch.tensor([[[[1.0, 2.0]]]])
    corners, centres = (replace(PROTOCOLS["nyu_eigen"], resize=resize) for resize in ("corners", "centres"))
    assert resize_pass(ramp, 1, 4, corners).flatten().tolist() == pytest.approx([1.0, 4 / 3, 5 / 3, 2.0])
    assert resize_pass(ramp, 1, 4, centres).flatten().tolist() == pytest.approx([1.0, 1.25, 1.75, 2.0])
    assert resize_pass(ramp, 1, 2, centres) is ramp


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_truth_and_prediction_of_every_preset_meet_on_one_region(protocol) -> None:
    height, width = (480, 640) if protocol.domain == "indoor" else (375, 1242)
    true_m = torch.full((1, height, width), 5.0)
    top, bottom, left, right = input_window(protocol, height, width)
    truth = scored_truth(true_m, protocol)
    prediction = place(torch.ones(1, bottom - top, right - left), protocol, height, width, fill=0.0)
    assert truth.shape == prediction.shape
    assert 0.3 < valid_mask(truth, protocol).float().mean() <= 1.0


def test_everything_but_the_name_is_in_the_digest() -> None:
    protocol = PROTOCOLS["kitti_eigen_garg_kbcrop"]
    other = {
        "domain": "indoor",
        "network_input": "full",
        "region": "frame",
        "crop": "none",
        "depth_units_per_metre": 1000,
        "validity": "measured",
        "depth_min_m": 1.0,
        "cap_m": 50.0,
        "flip_average": True,
        "resize": "centres",
        "nan": "cap",
        "delta": "<=",
        "rmse": "root_of_means",
        "alignment": "median",
        "version": 3,
    }
    assert other.keys() | {"name"} == {field.name for field in fields(protocol)}
    digests = {replace(protocol, **{name: value}).digest() for name, value in other.items()}
    assert len(digests | {protocol.digest()}) == len(other) + 1
    assert replace(protocol, name="x").digest() == protocol.digest()


def test_presets_are_listed_under_their_own_names_and_two_have_a_second_name() -> None:
    assert all(name == protocol.name for name, protocol in PROTOCOLS.items())
    names: dict[str, list[str]] = {}
    for protocol in PROTOCOLS.values():
        names.setdefault(protocol.digest(), []).append(protocol.name)
    assert [both for both in names.values() if len(both) > 1] == [
        ["kitti_eigen_garg_kbcrop_flip", "tiekd_kitti"],
        ["nyu_eigen_flip", "tiekd_nyu"],
    ]


def test_a_range_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="cap_m"):
        replace(PROTOCOLS["nyu_eigen"], cap_m=1e-4)
