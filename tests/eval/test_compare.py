"""Earlier runs side by side, from folders to the page."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from eval.compare import CompareConfig, main
from eval.cost import Cost
from eval.frame import Frame
from eval.memory import PeakMemory
from eval.protocol import PROTOCOLS
from eval.report import write_report
from eval.score import score
from mde.command import run_command
from mde.errors import InputError

PLAIN = replace(PROTOCOLS["pairs_driving"], name="plain", crop="none")
COST = Cost(
    num_parameters=2_000_000,
    num_macs=0,
    height=24,
    width=40,
    latency_s=0.02,
    latency_quartiles_s=(0.019, 0.023),
    num_repeats=5,
    num_threads=1,
    memory=PeakMemory(weights_bytes=8_000_000, passes_bytes=22_000_000),
)


@pytest.fixture
def write_run(tmp_path: Path, red_net, make_frames) -> Callable[..., Path]:
    """Make a folder as eval.run does, with a teacher and one student of a certain offset."""

    def write(name: str, offset_m: float, *, student: str = "student", frames=None, protocol=PLAIN, **options) -> Path:
        nets = {"teacher": red_net(1.1, offset_m=0.1, role="teacher"), student: red_net(1.0, offset_m=offset_m)}
        settings = {"alignments": ("none", "median"), "num_panels": 0, "is_quiet": True, **options}
        scores = score(nets, frames or make_frames(12), protocol, **settings)
        (tmp_path / name).mkdir()
        write_report(tmp_path / name, scores, {student: COST}, title=name, command=f"python -m eval.run {name}")
        return tmp_path / name

    return write


def test_networks_of_two_runs_are_compared_and_the_shared_teacher_stands_once(write_run, tmp_path, capsys) -> None:
    runs = write_run("a", 0.4), write_run("b", 0.8)
    main(CompareConfig(runs=runs, out=tmp_path / "out"))
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [row["net"] for row in report["rows"]] == ["teacher", "a/student", "b/student"] * 2
    pairs = {(pair["net"], pair["reference"], pair["alignment"]): pair for pair in report["pairs"]}
    assert len(pairs) == 6
    pair = pairs["b/student", "a/student", "none"]
    rows = {row["net"]: row for row in report["rows"] if row["alignment"] == "none"}
    difference = rows["b/student"]["metrics"]["abs_rel"] - rows["a/student"]["metrics"]["abs_rel"]
    assert pair["difference"] == pytest.approx(difference, rel=1e-6)
    assert pair["verdict"] == "worse" and pair["resampled"] == "scenes" and pair["num_resampled"] == 6
    printed = capsys.readouterr().out
    assert "b/student is less accurate than a/student (metric)" in printed
    assert "| a/student, metric |" in printed and "has the lowest abs_rel" in printed


def test_the_figures_are_those_of_one_run_of_all_networks(write_run, tmp_path, red_net, make_frames) -> None:
    main(CompareConfig(runs=(write_run("a", 0.4, student="x"), write_run("b", 0.8, student="y")), out=tmp_path / "out"))
    nets = {"teacher": red_net(1.1, offset_m=0.1, role="teacher"), "y": red_net(1.0, offset_m=0.8)}
    together = score(nets, make_frames(12), PLAIN, alignments=("none", "median"), num_panels=0, is_quiet=True)
    (tmp_path / "c").mkdir()
    written = write_report(tmp_path / "c", together, {}, title="t", command="c").comparisons
    pairs = json.loads((tmp_path / "out" / "report.json").read_text())["pairs"]
    for expected in written:
        (found,) = (
            pair
            for pair in pairs
            if (pair["net"], pair["reference"], pair["alignment"]) == ("y", "teacher", expected.alignment)
        )
        assert found["interval"] == pytest.approx(expected.interval, rel=1e-6)
        assert found["verdict"] == expected.verdict


def test_a_network_that_knows_distances_is_called_calibrated(write_run, tmp_path, capsys) -> None:
    runs = write_run("a", 0.4), write_run("b", 0.8)
    report = json.loads((runs[1] / "report.json").read_text())
    report["nets"]["student"]["calibration"] = {"scale": 1.5, "shift_m": 0.0}
    (runs[1] / "report.json").write_text(json.dumps(report))
    main(CompareConfig(runs=runs, out=tmp_path / "out"))
    printed, page = capsys.readouterr().out, (tmp_path / "out" / "report.html").read_text()
    assert "student (calibrated)" in printed and "student (calibrated)" in page


def test_a_difference_of_nothing_has_no_minus(write_run, tmp_path, capsys) -> None:
    runs = write_run("a", 0.4), write_run("b", 0.400001)
    main(CompareConfig(runs=runs, out=tmp_path / "out"))
    page, printed = (tmp_path / "out" / "report.html").read_text(), capsys.readouterr().out
    for text in (page, printed):
        assert "+0.0000" in text and "-0.0000" not in text


def test_the_page_is_whole_and_asks_nothing_of_a_network(write_run, tmp_path) -> None:
    main(CompareConfig(runs=(write_run("a", 0.4), write_run("b", 0.8)), out=tmp_path / "out"))
    content = (tmp_path / "out" / "report.html").read_text()
    assert "<script" not in content and "http" not in content and "src=" not in content and "href=" not in content
    headings = re.findall("<h2>(.*?)</h2>", content)
    assert headings == [
        "Figures, median-aligned",
        "Figures, metric",
        "Differences, median-aligned",
        "Differences, metric",
        "Cost",
        "Accuracy against cost",
        "Provenance",
        "Make this page again",
    ]
    assert "python -m eval.run a" in content and content.count('<tr class="reference">') == 3


def test_two_equal_networks_of_other_weights_are_both_shown_and_a_tie(write_run, capsys) -> None:
    run, other = write_run("a", 0.4), write_run("b", 0.4)
    report = json.loads((other / "report.json").read_text())
    report["nets"]["student"]["weights_sha256"] = "1" * 64
    (other / "report.json").write_text(json.dumps(report))
    main(CompareConfig(runs=(run, other)))
    assert "b/student cannot be told apart from a/student" in capsys.readouterr().out


def test_runs_of_other_frames_or_protocols_are_refused_in_one_line(write_run, make_frames) -> None:
    first = write_run("a", 0.4)
    moved: list[Frame] = [replace(frame, name=f"x{frame.name}") for frame in make_frames(12)]
    with pytest.raises(InputError, match="scored on other frames than"):
        main(CompareConfig(runs=(first, write_run("b", 0.4, frames=moved))))
    near = write_run("c", 0.4, protocol=replace(PLAIN, name="near", cap_m=9.0))
    with pytest.raises(InputError, match="under another protocol than .*plain.*near"):
        main(CompareConfig(runs=(near, first)))
    runs = write_run("d", 0.4, alignments=("none",)), write_run("e", 0.4, alignments=("median",))
    with pytest.raises(InputError, match="under another protocol"):
        main(CompareConfig(runs=runs))


def test_alignments_that_all_runs_have_are_compared(write_run, capsys) -> None:
    main(CompareConfig(runs=(write_run("a", 0.4), write_run("b", 0.8, alignments=("none",)))))
    printed = capsys.readouterr().out
    assert "metric" in printed and "median-aligned" not in printed


@pytest.mark.parametrize(
    "break_run, words",
    [
        (lambda run: (run / "report.json").unlink(), "holds no report.json"),
        (lambda run: (run / "per_image.csv").unlink(), "per_image.csv does not exist"),
        (lambda run: (run / "report.json").write_text('{"kind": "eval"}'), "written by another version"),
        (lambda run: (run / "report.json").write_text('{"kind": "distill"}'), "another kind .'distill'."),
        (lambda run: (run / "per_image.csv").write_text("net,alignment\n"), "written by another version"),
        (shutil.rmtree, "holds no report.json"),
    ],
)
def test_a_folder_that_is_no_run_is_named(write_run, break_run: Callable[[Path], object], words: str) -> None:
    run, broken = write_run("a", 0.4), write_run("b", 0.4)
    break_run(broken)
    with pytest.raises(InputError, match=words) as refusal:
        main(CompareConfig(runs=(run, broken)))
    assert str(broken) in str(refusal.value)


def test_a_comparison_takes_two_different_runs(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["eval.compare", str(tmp_path)])
    with pytest.raises(SystemExit) as left:
        run_command(main, CompareConfig, "eval.compare")
    assert left.value.code == 2 and "two folders of eval.run or more" in capsys.readouterr().err
    with pytest.raises(InputError, match="named twice"):
        CompareConfig(runs=(tmp_path, tmp_path / "x" / ".."))
