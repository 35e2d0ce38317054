"""A descriptor tells pictures apart by what is in them, and its parts keep their shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synth.descriptor import NUM_COLUMNS, PARTS, describe, fit_scaling
from synth.preview import PREVIEW_PIXELS, Preview, preview_size, record_preview
from tests.conftest import make_record


def make_preview(seed: int = 0, *, height: int = 48, width: int = 64, **changes) -> Preview:
    rng = np.random.default_rng(seed)
    preview = Preview(
        index=seed,
        attempt=0,
        scene="indoor/test",
        image=rng.integers(0, 256, (height, width, 3), dtype=np.uint8),
        depth_m=rng.uniform(0.5, 9.0, (height, width)).astype(np.float32),
        ids=rng.integers(0, 5, (height, width)).astype(np.uint16),
        shares={"wall": 0.6, "chair": 0.2},
    )
    return replace(preview, **changes)


def test_shares_of_the_parts_add_up_to_one():
    assert sum(share for _, share in PARTS.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("size", [(48, 64), (30, 101), (16, 16), (2, 3), (1, 1)])
def test_every_size_gives_as_many_finite_numbers(size):
    vector = describe(make_preview(height=size[0], width=size[1]))
    assert vector.shape == (NUM_COLUMNS,) and vector.dtype == np.float32 and np.isfinite(vector).all()


def test_a_picture_without_depth_and_things_has_a_descriptor():
    empty = make_preview(depth_m=np.zeros((48, 64), np.float32), ids=np.zeros((48, 64), np.uint16), shares={})
    assert np.isfinite(describe(empty)).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"shares": {"wall": 0.6, "sofa": 0.2}},
        {"depth_m": np.full((48, 64), 3.0, np.float32)},
        {"image": np.zeros((48, 64, 3), np.uint8)},
        {"ids": np.ones((48, 64), np.uint16)},
    ],
)
def test_everything_that_is_seen_changes_the_descriptor(changes):
    assert (describe(make_preview()) != describe(make_preview(**changes))).any()


def test_scaled_parts_have_their_shares_of_the_variance():
    vectors = np.stack([describe(make_preview(seed)) for seed in range(12)])
    variance = fit_scaling(vectors).apply(vectors).var(axis=0, dtype=np.float64)
    begin = 0
    for name, (length, share) in PARTS.items():
        total = variance[begin : begin + length].sum()
        assert total == pytest.approx(0.0 if name == "kinds" else share, abs=1e-4)  # all have the same kinds
        begin += length


def test_a_preview_has_the_shape_of_the_frame_and_is_never_larger():
    assert preview_size(480, 640) == (48, 64)
    height, width = preview_size(375, 1242)
    assert height * width == pytest.approx(PREVIEW_PIXELS, rel=0.05)
    assert preview_size(24, 32) == (24, 32)


def test_a_record_becomes_a_preview_of_its_own_pixels():
    record = make_record("000007", height=96, width=128)
    record.recipe["summary"] = {"chair": 3, "lamp": 1, "light": "day", "camera_height_m": 1.4}
    preview = record_preview(record)
    assert preview.image.shape == (48, 64, 3) and preview.index == 7
    assert preview.shares == {"chair": 0.75, "lamp": 0.25}
    assert np.isin(preview.depth_m, record.depth_m).all() and np.isin(preview.ids, record.ids).all()
