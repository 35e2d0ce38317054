from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mde.camera import Camera
from mde.domain import DOMAINS, DRIVING, INDOOR
from mde.rays import range_to_z, ray_directions, z_to_range

cameras = st.builds(
    lambda fx, fy, cx, cy, h, w: Camera(f_px=(fx, fy), c_px=(cx * w, cy * h), height=h, width=w),
    *[st.floats(5.0, 500.0)] * 2,
    *[st.floats(0.2, 0.8)] * 2,
    *[st.integers(1, 24)] * 2,
)


@given(cameras)
def test_z_and_range_are_inverse(camera: Camera) -> None:
    range_m = torch.rand(2, *camera.size, generator=torch.Generator().manual_seed(0)) * 80
    torch.testing.assert_close(z_to_range(range_to_z(range_m, camera), camera), range_m)


@given(cameras)
def test_z_is_never_larger_than_range(camera: Camera) -> None:
    range_m = torch.full(camera.size, 7.0)
    assert (range_to_z(range_m, camera) <= range_m).all()


def test_range_to_z_agrees_with_a_loop_over_pixels() -> None:
    camera = Camera(f_px=(3.0, 4.0), c_px=(1.3, 0.7), height=2, width=3)
    z = range_to_z(torch.ones(2, 3), camera)
    for row in range(2):
        for column in range(3):
            x, y = (column + 0.5 - 1.3) / 3.0, (row + 0.5 - 0.7) / 4.0
            assert z[row, column].item() == pytest.approx(1 / math.sqrt(x * x + y * y + 1), rel=1e-6)


@given(cameras)
def test_two_flips_are_no_flip(camera: Camera) -> None:
    twice = camera.flip().flip()
    assert twice.c_px == pytest.approx(camera.c_px)


@given(cameras, st.integers(1, 60), st.integers(1, 60))
def test_resizing_keeps_the_field_of_view(camera: Camera, height: int, width: int) -> None:
    assert camera.resize(height, width).fov_rad == pytest.approx(camera.fov_rad)


def test_a_crop_keeps_the_rays_of_the_pixels_that_it_keeps() -> None:
    camera = Camera(f_px=(30.0, 31.0), c_px=(11.0, 9.0), height=20, width=24)
    torch.testing.assert_close(ray_directions(camera.crop(3, 5, 8, 9)), ray_directions(camera)[3:11, 5:14])


def test_a_map_of_another_size_is_refused() -> None:
    camera = Camera(f_px=(1.0, 1.0), c_px=(1.0, 1.0), height=2, width=2)
    with pytest.raises(ValueError, match="does not belong"):
        range_to_z(torch.ones(2, 3), camera)


@pytest.mark.parametrize("f_px", [(0.0, 1.0), (-1.0, 1.0), (float("nan"), 1.0)])
def test_impossible_focal_lengths_are_refused(f_px: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="positive focal"):
        Camera(f_px=f_px, c_px=(1.0, 1.0), height=2, width=2)


def test_domains_have_the_field_of_view_of_their_benchmark() -> None:
    # From the focal lengths of the published lists: KITTI 81.4 x 29.1 degrees, NYU 63.3 x 49.6.
    assert [round(math.degrees(a), 1) for a in DRIVING.camera.fov_rad] == pytest.approx([81.4, 29.1], abs=0.15)
    assert [round(math.degrees(a), 1) for a in INDOOR.camera.fov_rad] == pytest.approx([63.3, 49.6], abs=0.15)
    assert set(DOMAINS) == {"indoor", "driving", "warehouse", "drone"}
