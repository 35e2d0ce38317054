"""Protocols: regions in pixels, repair, and digests."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch

from eval.protocol import (
    PROTOCOLS,
    crop_window,
    cut,
    finish,
    input_window,
    kb_window,
    repair,
    scored_prediction,
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


def test_a_prediction_is_repaired_into_the_range() -> None:
    protocol = PROTOCOLS["nyu_eigen"]
    bad = torch.tensor([float("nan"), float("inf"), -float("inf"), -3.0, 0.0, 4.0, 99.0])
    low, high = torch.tensor([protocol.depth_min_m, protocol.cap_m]).tolist()
    assert finish(repair(bad, protocol), 1.0, protocol).tolist() == [low, high, low, low, low, 4.0, high]


def test_a_far_prediction_is_aligned_before_it_is_clamped() -> None:
    protocol = PROTOCOLS["nyu_eigen"]
    assert finish(repair(torch.tensor([30.0]), protocol), 0.1, protocol).item() == pytest.approx(3.0)


def test_outside_its_input_a_prediction_counts_as_nearest() -> None:
    protocol = PROTOCOLS["kitti_eigen_garg_full"]
    frame = scored_prediction(torch.full((1, 352, 1216), 9.0), protocol, 375, 1242)
    assert frame.shape == (1, 375, 1242)
    assert (cut(frame, kb_window(375, 1242)) == 9.0).all()
    assert frame[0, 0, 0].item() == pytest.approx(protocol.depth_min_m)
    assert (frame == 9.0).sum() == 352 * 1216


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_truth_and_prediction_of_every_preset_meet_on_one_region(protocol) -> None:
    height, width = (480, 640) if protocol.domain == "indoor" else (375, 1242)
    true_m = torch.full((1, height, width), 5.0)
    top, bottom, left, right = input_window(protocol, height, width)
    truth = scored_truth(true_m, protocol)
    prediction = scored_prediction(torch.ones(1, bottom - top, right - left), protocol, height, width)
    assert truth.shape == prediction.shape
    assert 0.3 < valid_mask(truth, protocol).float().mean() <= 1.0


def test_every_field_of_a_protocol_is_in_its_digest() -> None:
    protocol = PROTOCOLS["kitti_eigen_garg_kbcrop"]
    other = {
        "name": "x",
        "domain": "indoor",
        "network_input": "full",
        "region": "frame",
        "crop": "none",
        "depth_min_m": 1.0,
        "cap_m": 50.0,
        "flip_average": True,
        "alignment": "median",
        "version": 2,
    }
    assert other.keys() == {field.name for field in fields(protocol)}
    digests = {replace(protocol, **{name: value}).digest() for name, value in other.items()}
    assert len(digests | {protocol.digest()}) == len(other) + 1


def test_presets_are_listed_under_their_own_names_and_differ() -> None:
    assert all(name == protocol.name for name, protocol in PROTOCOLS.items())
    assert len({replace(protocol, name="").digest() for protocol in PROTOCOLS.values()}) == len(PROTOCOLS)


def test_a_range_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="cap_m"):
        replace(PROTOCOLS["nyu_eigen"], cap_m=1e-4)
