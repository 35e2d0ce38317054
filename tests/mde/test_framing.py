from __future__ import annotations

import pytest
import torch

from mde.domain import DRIVING
from mde.framing import Framing

KB = Framing((352, 1216), (375, 1242))


def test_the_kitti_crop_keeps_the_lowest_rows_the_middle_columns_and_the_focal_length() -> None:
    camera = KB.camera(DRIVING.camera)
    assert camera.size == (352, 1216) and camera.f_px == DRIVING.camera.f_px
    assert camera.c_px == pytest.approx((609.5593 - 13, 172.854 - 23))


def test_image_and_camera_move_together() -> None:
    rows = torch.arange(375.0)[:, None].expand(375, 1242) / 375
    columns = torch.arange(1242.0).expand(375, 1242) / 1242
    cut = KB.image(torch.stack((rows, columns, rows))[None])
    assert cut.shape == (1, 3, 352, 1216)
    torch.testing.assert_close(cut[0, 0, :, 0] * 375, torch.arange(23.0, 375.0))
    torch.testing.assert_close(cut[0, 1, 0] * 1242, torch.arange(13.0, 1229.0))
    assert KB.corner == (23, 13)


def test_images_of_another_size_are_brought_to_the_whole_image_first() -> None:
    assert KB.image(torch.zeros(2, 3, 75, 248)).shape == (2, 3, 352, 1216)
    assert Framing((24, 32)).image(torch.zeros(1, 3, 48, 64)).shape == (1, 3, 24, 32)


def test_a_cut_larger_than_the_image_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Framing((352, 1216), (340, 1242))
