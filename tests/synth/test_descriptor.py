"""A descriptor tells pictures apart by four numbers that say what they are named after, and mirrors change none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synth.descriptor import NUMBERS, STEP, describe, fit_scaling
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
    )
    return replace(preview, **changes)


def test_the_numbers_are_what_they_are_named_after():
    depth_m = np.full((48, 64), 3.0, np.float32)
    depth_m[:, :16], depth_m[0] = 1.5, 0.0  # a quarter is near, a row is sky, which counts for nothing
    ids = np.zeros((48, 64), np.uint16)
    ids[:5], ids[40:] = 7, 9
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, 32:] = 255
    vector = describe(make_preview(depth_m=depth_m, ids=ids, image=image))
    assert dict(zip(NUMBERS, vector.tolist(), strict=True)) == pytest.approx(
        {"scale": np.log(3.0), "clutter": np.log(3.0), "relief": np.log(2.0), "contrast": 0.5}
    )


def test_a_mirrored_picture_has_the_same_descriptor():
    preview = make_preview()
    mirrored = {name: getattr(preview, name)[:, ::-1] for name in ("image", "depth_m", "ids")}
    np.testing.assert_allclose(describe(replace(preview, **mirrored)), describe(preview), rtol=1e-6)


@pytest.mark.parametrize("size", [(48, 64), (30, 101), (1, 1)])
def test_every_size_gives_finite_numbers(size):
    vector = describe(make_preview(height=size[0], width=size[1]))
    assert vector.shape == (len(NUMBERS),) and vector.dtype == np.float32 and np.isfinite(vector).all()


def test_a_picture_without_depth_and_things_has_a_descriptor():
    empty = make_preview(depth_m=np.zeros((48, 64), np.float32), ids=np.zeros((48, 64), np.uint16))
    assert np.isfinite(describe(empty)).all()


def test_each_number_counts_a_step_less_than_the_one_before_and_one_without_spread_nothing():
    vectors = np.random.default_rng(0).standard_normal((400, 4)) * (0.1, 50.0, 2.0, 1.0) + 7.0
    vectors[:, 3] = 0.3
    points = fit_scaling(vectors).apply(vectors)
    np.testing.assert_allclose(points.std(axis=0), (1.0, STEP, STEP**2, 0.0), rtol=1e-4)
    np.testing.assert_allclose(points.mean(axis=0), 0.0, atol=1e-6)


def test_a_preview_has_the_shape_of_the_frame_and_is_never_larger():
    assert preview_size(480, 640) == (48, 64)
    height, width = preview_size(375, 1242)
    assert height * width == pytest.approx(PREVIEW_PIXELS, rel=0.05)
    assert preview_size(24, 32) == (24, 32)


def test_a_record_becomes_a_preview_of_its_own_pixels():
    record = make_record("000007", height=96, width=128)
    preview = record_preview(record)
    assert preview.image.shape == (48, 64, 3) and preview.index == 7
    assert np.isin(preview.depth_m, record.depth_m).all() and np.isin(preview.ids, record.ids).all()
