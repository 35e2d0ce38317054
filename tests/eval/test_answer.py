"""Answers: two passes, their order of work, and what an alignment is given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import mde.nets.adabins as adabins
from eval.answer import answer
from eval.frame import Frame
from eval.protocol import PROTOCOLS
from mde.domain import INDOOR
from mde.nets.adabins import AdaBins, Dims, load_adabins
from mde.nets.net import DepthNet
from mde.nets.output import Output

PLAIN = replace(PROTOCOLS["pairs_driving"], name="plain", crop="none", alignment="none")
FLIP = replace(PLAIN, flip_average=True)


class LeanCore(nn.Module):
    """An answer that grows from left to right whatever the image shows."""

    def forward(self, image: Tensor) -> Output:
        ramp = torch.arange(1.0, image.shape[-1] + 1.0)
        return Output(depth_m=ramp.expand(len(image), 1, image.shape[-2], -1))


def test_the_flip_average_is_symmetric_where_the_network_leans(red_net, make_frames) -> None:
    net, (frame,) = DepthNet(LeanCore(), red_net().spec), make_frames(1)
    assert answer(net, frame, PLAIN).depth_m[0, 0, 0] == 1.0
    averaged = answer(net, frame, FLIP).depth_m
    assert torch.equal(averaged, torch.full_like(averaged, 20.5))


def test_passes_are_clamped_before_their_mean_unless_they_are_aligned(red_net, make_frames) -> None:
    net, (frame,) = DepthNet(LeanCore(), red_net().spec), make_frames(1)
    said = answer(net, frame, replace(FLIP, cap_m=30.0))
    assert said.depth_m[0, 0, 0] == (1.0 + 30.0) / 2.0
    assert said.unaligned[0, 0, 0] == 20.5
    assert said.to_align("none") is said.depth_m and said.to_align("median") is said.unaligned


def test_outside_its_input_a_prediction_counts_as_nearest_and_is_in_no_fit(red_net, make_frames) -> None:
    protocol, (frame,) = PROTOCOLS["kitti_eigen_garg_full"], make_frames(1, height=375, width=1242)
    said = answer(red_net(0.0, offset_m=9.0, size=(352, 1216)), frame, protocol)
    assert said.depth_m.shape == (1, 375, 1242)
    assert said.depth_m[0, 0, 0].item() == pytest.approx(protocol.depth_min_m)
    assert (said.depth_m == 9.0).sum() == (said.unaligned == 9.0).sum() == 352 * 1216
    assert said.unaligned.isnan().sum() == 375 * 1242 - 352 * 1216


def test_the_flip_average_of_adabins_is_its_authors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Expected: their order, mean at half size, then to full size with corners on corners."""
    small = Dims(backbone="tf_efficientnet_b0", decoder_channels=64, channels=8, patch=4)
    monkeypatch.setattr(adabins, "Dims", lambda: small)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        core = AdaBins((1e-3, 10.0), 12, small).eval()
    torch.save(core.state_dict(), tmp_path / "w.pt")
    net = load_adabins(tmp_path / "w.pt", INDOOR)
    image = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    frame = Frame(name="a", scene="s", image=image[0], depth_m=None)
    with torch.no_grad():
        half = (core(image).raw + core(image.flip(-1)).raw.flip(-1)) / 2
    expected = F.interpolate(half, size=(64, 96), mode="bilinear", align_corners=True)[0]
    protocol = replace(PROTOCOLS["nyu_eigen_flip"], crop="none")
    torch.testing.assert_close(answer(net, frame, protocol).depth_m, expected)
