from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import mde.doctor as doctor_module
from mde.command import EXIT_INPUT, run_command
from mde.doctor import DoctorConfig, adapt_verdict, distill_verdict, doctor, lines_of
from mde.domain import INDOOR
from mde.errors import InputError
from mde.examination import Examination, _rank_correlation, examine
from mde.files import read_json
from mde.nets.batchnorm import NormPart, Norms
from mde.nets.net import DepthNet
from mde.nets.output import Output
from mde.plain_scene import plain_frame
from tests.conftest import make_teacher

FRAMES = [plain_frame(INDOOR, (32, 48), number=number) for number in range(2)]


def test_the_command_writes_report_and_picture_and_says_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = DoctorConfig(teacher="demo", out=tmp_path / "out", device="cpu")
    doctor(config)
    text = capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"config.json", "report.json", "depth.png"}
    with Image.open(tmp_path / "out" / "depth.png") as picture:
        assert picture.width > 600
    report = read_json(tmp_path / "out" / "report.json")
    assert report["spec"]["licence"] == "Apache-2.0" and "licence    Apache-2.0" in text
    assert f"{report['examination']['num_parameters']:,} parameters" in text
    assert report["connections_tried"] == [] and "loads      offline" in text
    assert report["adapt"].startswith("works: ") and report["adapt"] in text
    assert all(frame["rank_correlation"] > 0.5 for frame in report["examination"]["frames"])  # it knows rooms
    doctor(config)  # again, in the same folder


def test_frames_may_be_renders(tmp_path: Path, shards: Path) -> None:
    found = doctor(DoctorConfig(teacher="demo", data=shards, out=tmp_path / "out", device="cpu"))
    assert len(found.frames) == 3
    with pytest.raises(InputError, match="holds indoor images; give --domain indoor"):
        doctor_module.frames_of(DoctorConfig(teacher="demo", data=shards, domain="driving"), make_teacher())


def test_bad_input_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.pth").write_text("<!DOCTYPE html>")
    options = ["--teacher", "meter", "--weights", str(tmp_path / "page.pth"), "--domain", "driving"]
    monkeypatch.setattr(sys, "argv", ["doctor", *options, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as caught:
        run_command(doctor, DoctorConfig, "mde.doctor")
    assert caught.value.code == EXIT_INPUT
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "page.pth is not a torch file" in error
    assert not (tmp_path / "out").exists()


class Answering(nn.Module):
    """A network that answers a multiple of one constant, whatever it sees."""

    def __init__(self, depth_m: float, *, keeps_gradient: bool = True) -> None:
        super().__init__()
        self.depth_m = nn.Parameter(torch.tensor(depth_m), requires_grad=False)
        self.keeps_gradient = keeps_gradient

    def forward(self, image: torch.Tensor) -> Output:
        seen = image if self.keeps_gradient else image.detach()
        return Output(depth_m=self.depth_m * (1.0 + 1e-3 * seen.mean(1, keepdim=True)))


def with_core(core: nn.Module) -> DepthNet:
    return DepthNet(core, make_teacher().spec)


def test_numbers_are_those_of_the_teacher() -> None:
    teacher = make_teacher()
    found, depth_m = examine(teacher, FRAMES)
    pixels = 32 * 48
    assert found.num_parameters == sum(parameter.numel() for parameter in teacher.parameters())
    assert found.num_macs == pixels * (6 * 27 + 4 * 54 + 4)
    assert depth_m.shape == (2, 1, 32, 48) and found.has_gradient
    assert found.frames[1].median == pytest.approx(depth_m[1].median().item())
    assert found.size_refusals["480x640"] is None


def test_a_wrong_unit_shows_in_the_ratio() -> None:
    class Truth(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(torch.tensor(100.0), requires_grad=False)

        def forward(self, image: torch.Tensor) -> Output:
            return Output(depth_m=self.factor * FRAMES[0].depth_m[None])

    frame = examine(with_core(Truth()), FRAMES[:1])[0].frames[0]
    assert frame.ratio_to_truth == pytest.approx(100.0)
    assert frame.rank_correlation == pytest.approx(1.0)


@pytest.mark.parametrize("depth_m", [float("nan"), float("inf"), 0.0, -1.0])
def test_depth_that_is_none_is_refused(depth_m: float) -> None:
    with pytest.raises(InputError, match="answers 1536 pixels of 1536 that are NaN, infinite or not positive"):
        examine(with_core(Answering(depth_m)), FRAMES)


def test_a_cut_gradient_is_noticed() -> None:
    assert examine(with_core(Answering(2.0)), FRAMES)[0].has_gradient
    assert not examine(with_core(Answering(2.0, keeps_gradient=False)), FRAMES)[0].has_gradient


def test_sizes_that_are_refused_are_said_with_their_reason() -> None:
    teacher = make_teacher()
    even = DepthNet(teacher.core, teacher.spec, size_rule=lambda height, _: "rows are even" if height % 2 else None)
    found, _ = examine(even, FRAMES)
    assert [size for size, reason in found.size_refusals.items() if reason] == ["375x1242"]
    takes = next(line for line in lines_of(even, found, Path("out")) if line.startswith("  takes"))
    assert "480x640" in takes and "375x1242" not in takes and takes.endswith("; rows are even")


def norms(**changes: int) -> Norms:
    part = {"num_layers": 3, "num_channels": 24, "num_untouched": 0, "num_idle": 0}
    others = {"num_frozen": 0, "num_other": 0, "num_convolutions": 9, "num_biased": 9}
    of_part = {name: changes.get(name, value) for name, value in part.items()}
    of_all = {name: changes.get(name, value) for name, value in others.items()}
    return Norms(parts=(NormPart(name="encoder", **of_part),), **of_all)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "works: 3 of 3 BatchNorm layers run and are matched"),
        ({"num_untouched": 1}, "works: 3 of 3 BatchNorm layers run and are matched; 1 have learned no statistics"),
        ({"num_untouched": 3}, "must not be used: no statistics were learned"),
        ({"num_idle": 1}, "works: 2 of 3 BatchNorm layers"),
        ({"num_idle": 3}, "will not work: none of the 3 BatchNorm layers ever runs"),
        ({"num_layers": 0}, "will not work: no norm at all and biases everywhere"),
        ({"num_layers": 0, "num_biased": 0}, "will not work: there are no norms"),
        ({"num_layers": 0, "num_other": 25}, "needs other statistics: no BatchNorm; let the owner"),
        ({"num_layers": 0, "num_frozen": 53}, "works: 53 of 53 BatchNorm layers"),
    ],
)
def test_the_verdict_on_adapt_follows_from_the_norms(changes: dict[str, int], verdict: str) -> None:
    assert adapt_verdict(norms(**changes), has_gradient=True).startswith(verdict)
    assert "works" not in adapt_verdict(norms(**changes), has_gradient=False)


def test_depth_without_unit_is_said_to_be_that() -> None:
    teacher = make_teacher()
    relative = DepthNet(teacher.core, replace(teacher.spec, kind="relative"))
    found: Examination = examine(relative, FRAMES)[0]
    assert all(frame.ratio_to_truth is None for frame in found.frames)
    assert any("its depth has no unit" in line for line in lines_of(relative, found, Path("out")))
    assert "must be aligned" in distill_verdict(relative.spec) and "metres" in distill_verdict(teacher.spec)


def test_rank_correlation_is_spearmans() -> None:
    values = np.array([3.0, 1.0, 2.0, 2.0, 7.0])
    assert _rank_correlation(values, np.exp(values)) == pytest.approx(1.0)
    assert _rank_correlation(values, -values) == pytest.approx(-1.0)
    assert _rank_correlation(values, np.ones(5)) == 0.0
    assert _rank_correlation(np.array([1.0, 2.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(
        0.9487, abs=1e-4
    )
