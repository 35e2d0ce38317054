"""A network that answers the same whatever it sees is named, and no other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from eval.constancy import TOLERANCE, Constancy
from eval.protocol import PROTOCOLS
from eval.report import tables, write_report
from eval.score import score
from mde.nets.net import DepthNet
from mde.nets.output import Output

PLAIN = replace(PROTOCOLS["pairs_driving"], name="plain", crop="none", alignment="none")


def remark_of(*maps: Tensor) -> str | None:
    constancy = Constancy()
    for one in maps:
        constancy.add(one[None])
    return constancy.remark("a")


RAMP = torch.linspace(1.0, 9.0, 320).view(16, 20)


def test_one_depth_for_all_pixels_is_named() -> None:
    assert "one depth for all pixels, in each of 2 frames" in str(
        remark_of(torch.full((16, 20), 3.0), torch.ones(16, 20))
    )
    assert "one depth" in str(remark_of(torch.full((16, 20), 3.0) * (1.0 + TOLERANCE / 3.0 * torch.rand(16, 20))))
    assert remark_of(torch.full((16, 20), 3.0), RAMP, RAMP + 1.0) is None


def test_one_map_for_all_frames_is_named() -> None:
    assert "one and the same map for all 3 frames" in str(remark_of(RAMP, RAMP, RAMP))
    assert remark_of(RAMP) is None
    assert remark_of(RAMP, RAMP, RAMP * 1.01) is None
    assert remark_of(RAMP, RAMP[:8]) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_what_says_nothing_at_all_is_constant(value: float) -> None:
    assert "one depth" in str(remark_of(torch.full((16, 20), value)))


class RampCore(nn.Module):
    """A depth that grows downwards whatever the image shows, as a student that has learned the mean of all scenes."""

    def forward(self, image: Tensor) -> Output:
        ramp = torch.linspace(1.0, 20.0, image.shape[-2]).view(1, 1, -1, 1)
        return Output(depth_m=ramp.expand(len(image), 1, -1, image.shape[-1]))


def test_the_warning_stands_on_the_page_in_the_tables_and_in_the_report(red_net, make_frames, tmp_path: Path) -> None:
    nets = {
        "flat": red_net(0.0, offset_m=8.0),
        "blind": DepthNet(RampCore(), red_net().spec),
        "sound": red_net(1.1),
    }
    scores = score(nets, make_frames(3), PLAIN, alignments=("none", "least_squares"), num_panels=0, is_quiet=True)
    report = write_report(tmp_path, scores, {}, title="t", command="c", remarks=["Own remark."])
    assert [text.split()[1] for text in scores.remarks] == ["flat", "blind"]
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["remarks"] == ["Own remark.", *scores.remarks]
    for text in scores.remarks:
        assert text in (tmp_path / "report.html").read_text()
        assert text in tables(report.rows, scores) and text in (tmp_path / "table.md").read_text()
    assert "sound answers" not in (tmp_path / "report.html").read_text()
