from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from eval.own_depth import check_answers, interval_width, own_depth
from eval.own_image import OwnImage
from mde.bins import uniform_bins
from mde.domain import DRIVING
from mde.errors import InputError
from mde.nets.net import DepthNet
from mde.nets.output import Output
from mde.nets.student_net import Student


def own_image(height: int, width: int, *, exif_focal_px: float | None = None) -> OwnImage:
    image = torch.rand((3, height, width), generator=torch.Generator().manual_seed(0)) * 0.8 + 0.1
    return OwnImage(path=Path("a.jpg"), sha256="0" * 64, image=image, exif_focal_px=exif_focal_px)


def test_a_picture_is_squeezed_to_the_size_of_training_and_depth_brought_back(red_net: Callable) -> None:
    found = own_depth(red_net(size=(24, 80)), own_image(48, 160), focal_px=None)
    assert tuple(found.depth_m.shape) == (48, 160) and tuple(found.sight.depth_m.shape) == (24, 80)
    torch.testing.assert_close(found.sight.depth_m, found.sight.image[0] * 20.0)
    assert found.interval_m is None and found.focal_factor == 1.0


def test_the_camera_is_that_of_training_at_the_size_of_the_picture(red_net: Callable) -> None:
    found = own_depth(red_net(size=(375, 1242)), own_image(750, 2484), focal_px=None)
    assert found.camera == DRIVING.camera.resize(750, 2484)
    assert found.sight.camera == DRIVING.camera and found.remarks == ()


def test_another_shape_is_said_and_gets_square_pixels(red_net: Callable) -> None:
    found = own_depth(red_net(size=(375, 1242)), own_image(400, 300), focal_px=None)
    assert found.camera.f_px[0] == found.camera.f_px[1] and found.camera.c_px == (150.0, 200.0)
    assert ["300x400 has another shape than the 1242x375" in remark for remark in found.remarks] == [True]
    assert "--focal-px" in found.remarks[0]


def test_a_stated_focal_length_is_proposed_where_it_is_another(red_net: Callable) -> None:
    near = own_depth(red_net(size=(375, 1242)), own_image(375, 1242, exif_focal_px=730.0), focal_px=None)
    far = own_depth(red_net(size=(375, 1242)), own_image(375, 1242, exif_focal_px=1500.4), focal_px=None)
    told = own_depth(red_net(size=(375, 1242)), own_image(375, 1242, exif_focal_px=1500.4), focal_px=1500.0)
    assert near.remarks == () and told.remarks == () and "try --focal-px 1500" in far.remarks[0]


def test_twice_the_focal_length_means_twice_the_metres(red_net: Callable) -> None:
    net, image = red_net(size=(375, 1242)), own_image(750, 2484)
    plain = own_depth(net, image, focal_px=None)
    same = own_depth(net, image, focal_px=2 * 721.5377)
    twice = own_depth(net, image, focal_px=4 * 721.5377)
    assert same.focal_factor == pytest.approx(1.0) and twice.focal_factor == pytest.approx(2.0)
    torch.testing.assert_close(twice.depth_m, 2.0 * plain.depth_m)
    assert twice.camera.f_px == (4 * 721.5377, 4 * 721.5377)


def test_a_network_that_knows_its_focal_length_is_measured_by_that(red_net: Callable) -> None:
    found = own_depth(red_net(size=(375, 1242), focal_px=700.0), own_image(375, 1242), focal_px=1400.0)
    assert found.focal_factor == pytest.approx(2.0)


def test_beside_the_part_that_a_network_sees_there_is_no_depth(red_net: Callable) -> None:
    net = red_net(size=(20, 36), frame_size=(24, 40))
    found = own_depth(net, own_image(24, 40), focal_px=None)
    known = found.depth_m.isfinite()
    assert known[4:, 2:38].all() and known.sum() == 20 * 36
    cx, cy = found.camera.c_px
    assert found.sight.camera.c_px == (cx - 2, cy - 4)
    torch.testing.assert_close(found.depth_m[4:, 2:38], found.sight.depth_m)


def test_a_picture_of_the_networks_own_size_is_taken_for_its_part(red_net: Callable) -> None:
    found = own_depth(red_net(size=(352, 1216), frame_size=(375, 1242)), own_image(352, 1216), focal_px=None)
    assert found.depth_m.isfinite().all()
    assert found.camera == DRIVING.camera.crop(23, 13, 352, 1216) and found.remarks == ()


class Broken(nn.Module):
    def forward(self, image: Tensor) -> Output:
        depth_m = image[:, :1].clone()
        depth_m[..., 0, 0], depth_m[..., 0, 1], depth_m[..., 0, 2] = torch.nan, torch.inf, -1.0
        return Output(depth_m=depth_m)


def test_what_is_no_depth_is_none(red_net: Callable) -> None:
    net = DepthNet(Broken(), red_net().spec)
    assert (~own_depth(net, own_image(24, 40), focal_px=None).depth_m.isfinite()).sum() == 3
    with pytest.raises(InputError, match="tiny answers NaN or infinity"):
        check_answers(net, "tiny")


def test_depth_without_metres_is_refused(red_net: Callable) -> None:
    net = red_net()
    net.spec = replace(net.spec, kind="relative")
    with pytest.raises(InputError, match="teacher answers relative depth"):
        check_answers(net, "teacher")


class Flat(Student):
    """Equal probability everywhere."""

    def forward(self, image: Tensor) -> Output:
        size = (len(image), self.bins.num_bins, image.shape[-2] // 4, image.shape[-1] // 4)
        return Output(depth_m=image[:, :1] + 1.0, dpm_logits=torch.zeros(size))


def test_equal_probability_gives_an_interval_of_its_share_of_the_range(red_net: Callable) -> None:
    net = DepthNet(Flat(uniform_bins(1.0, 11.0, 50, sigma_m=0.2), (1.0, 11.0)), red_net().spec)
    width_m = interval_width(net, net(own_image(24, 40).image[None]))
    assert width_m is not None
    torch.testing.assert_close(width_m, torch.full_like(width_m, 8.0))
    found = own_depth(net, own_image(48, 80), focal_px=None)
    assert found.interval_m is not None and tuple(found.interval_m.shape) == (48, 80)
