from __future__ import annotations

import math

import numpy as np
import pytest

from mde.calibration import Calibration, line_calibration


def line(scale: float, shift_m: float, depth_range_m: tuple[float, float] = (0.5, 10.0)) -> Calibration:
    return line_calibration(scale, shift_m, depth_range_m, student_sha256="a")


def test_depth_is_scaled_and_shifted_in_float64() -> None:
    found = line(1.5, 0.25).apply(np.array([[1.0, 2.0]], np.float32))
    assert found.dtype == np.float64 and found.tolist() == [[1.75, 3.25]]


def test_a_shift_towards_the_camera_ends_at_the_near_end_of_the_range() -> None:
    near, far = line(1.0, -0.25), line(1.0, -0.75)
    assert near.least_m == 0.0 and near.formula() == "depth' = 1 * depth - 0.25 m"
    assert far.least_m == 0.5 and far.formula() == "depth' = 1 * depth - 0.75 m, at least 0.5 m"
    assert far.apply(np.array([0.5, 1.0, 2.0])).tolist() == [0.5, 0.5, 1.25]


def test_a_scale_alone_says_no_shift() -> None:
    assert line(1.23456789, 0.0).formula() == "depth' = 1.2346 * depth"


def test_a_shift_that_leaves_nothing_before_the_camera_is_refused() -> None:
    with pytest.raises(ValueError, match="a shift of -9.8 m leaves nothing of 0.5 to 10 m"):
        line(1.0, -9.8)


@pytest.mark.parametrize(
    "numbers",
    [(0.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (math.nan, 0.0, 0.0), (1.0, math.inf, 0.0), (1.0, 0.0, -0.1)],
)
def test_numbers_that_are_no_calibration_are_refused(numbers: tuple[float, float, float]) -> None:
    scale, shift_m, least_m = numbers
    with pytest.raises(ValueError, match="is no calibration"):
        Calibration(scale=scale, shift_m=shift_m, least_m=least_m, student_sha256="a")
