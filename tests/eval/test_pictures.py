"""Colours of maps."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from eval.pictures import (
    NONE_COLOUR,
    data_url,
    depth_scale,
    entropy_scale,
    error_scale,
    map_png,
    nearest_source,
    photo_jpeg,
    signed_error,
    thicken,
)


def colours(png: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(png)).convert("RGB"))


@pytest.mark.parametrize("scale", [depth_scale("driving"), depth_scale("indoor"), error_scale(), entropy_scale(2.2)])
def test_a_map_shows_its_ends_and_what_is_unknown(scale) -> None:
    values = torch.tensor([[float("nan"), scale.low, scale.high, scale.low - 1e3, scale.high * 1e3]])
    shown = colours(map_png(values, scale))[0].tolist()
    palette = scale.palette().tolist()
    if scale.spacing == "log":
        values = values[:, :3]
    assert shown[:3] == [list(NONE_COLOUR), palette[1], palette[255]]
    assert shown[4] == palette[255]
    assert all(scale.low <= tick <= scale.high for tick, _ in scale.ticks)


def test_equal_ratios_of_depth_are_equal_steps_on_the_scale() -> None:
    position = depth_scale("driving").position(torch.tensor([4.0, 8.0, 16.0, 32.0]))
    torch.testing.assert_close(position.diff(), position.diff()[:1].expand(3))


def test_the_scale_of_entropy_covers_what_is_shown() -> None:
    assert (entropy_scale(0.0).high, entropy_scale(2.2).high) == (1.0, 3.0)


def test_an_error_has_a_sign_and_is_unknown_without_truth() -> None:
    error = signed_error(torch.tensor([[3.0, 1.0, 5.0]]), torch.tensor([[2.0, 2.0, 0.0]]))
    assert error[0, :2].tolist() == [0.5, -0.5]
    assert error[0, 2].isnan()


def test_sparse_measurements_are_drawn_wide_and_the_nearer_hides_the_other() -> None:
    true_m = torch.zeros(5, 7)
    true_m[2, 1], true_m[2, 3] = 4.0, 2.0
    shown = thicken(true_m, true_m)
    assert shown[1:4, 2:5].unique().tolist() == [2.0]
    assert shown[1:4, 0:2].unique().tolist() == [4.0]
    assert shown[:, 5:].isnan().all() and shown[0].isnan().all()
    assert int(nearest_source(true_m)[2, 2]) == 2 * 7 + 3


def test_dense_measurements_stay_as_they_are() -> None:
    true_m = torch.ones(4, 4)
    true_m[0, 0] = 0.0
    shown = thicken(2 * true_m, true_m)
    assert shown[0, 0].isnan() and shown.nansum() == 30.0


def test_a_picture_travels_inside_the_page() -> None:
    jpeg = photo_jpeg(torch.full((3, 8, 8), 0.5))
    head, _, body = data_url(jpeg).partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(body) == jpeg
    assert data_url(map_png(torch.ones(2, 2), error_scale())).startswith("data:image/png;base64,")
