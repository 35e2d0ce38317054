"""The command, from options to files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from eval.calibrated_onnx import calibrated_onnx
from eval.pairs import pairs_frames
from eval.protocol import PROTOCOLS
from eval.recording import open_recording
from eval.run import EvalConfig, evaluate, measure_costs
from mde.bins import log_bins
from mde.calibration import Calibration
from mde.command import run_command
from mde.errors import InputError
from mde.files import write_json
from mde.landlock import landlock_abi
from mde.nets.student import StudentCard, build_student, save_student
from mde.seal import seal_run
from tests.conftest import ROOT
from tests.mde.test_exported import write_model
from tests.mde.test_own_student import EXAMPLE, saved


@pytest.fixture
def student(tmp_path: Path) -> Path:
    """A run folder with an untrained student of the driving domain."""
    card = StudentCard(
        name="mobilenetv2_035",
        domain="driving",
        native_size=(32, 64),
        depth_range_m=(1.0, 80.0),
        bins=log_bins(1.0, 80.0, 16),
        teacher="none",
        teacher_sha256="0" * 64,
        teacher_licence="Apache-2.0",
        step=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        core = build_student(card)
    folder = tmp_path / "run_a" / "student"
    folder.parent.mkdir()
    save_student(folder, core, card)
    write_json(folder.parent / "report.json", {})
    seal_run(folder.parent, level="A0 declared", open_files=frozenset(), sealed_on="2026-01-02T03:04:05Z")
    return folder.parent


@pytest.fixture
def pairs(tmp_path: Path, write_pair: Callable[..., None]) -> Path:
    for index in range(3):
        write_pair(tmp_path / "pairs", f"a_{index}", seed=index)
    return tmp_path / "pairs"


def config(pairs: Path, student: Path, **changes) -> EvalConfig:
    options = {"root": pairs, "out": pairs.parent / "out", "model": (student,), "depth_scale": 256.0, "num_repeats": 0}
    return EvalConfig(**{**options, **changes})


def test_a_student_is_scored_on_a_folder_of_pairs(pairs: Path, student: Path, capsys) -> None:
    settings = config(pairs, student)
    evaluate(settings)
    report = json.loads((settings.out / "report.json").read_text())
    assert [(row["net"], row["alignment"]) for row in report["rows"]] == [("run_a", "median"), ("run_a", "none")]
    assert report["num_frames"] == 3
    assert json.loads((settings.out / "config.json").read_text())["command"] == "eval.run"
    assert (settings.out / "report.html").is_file() and (settings.out / "per_image.csv").is_file()
    assert "run_a, median-aligned" in capsys.readouterr().out


def test_an_own_report_is_replaced_and_a_strange_folder_is_not(pairs: Path, student: Path) -> None:
    evaluate(config(pairs, student, num_panels=0))
    evaluate(config(pairs, student, num_panels=0, alignment="none"))
    report = json.loads((pairs.parent / "out" / "report.json").read_text())
    assert [row["alignment"] for row in report["rows"]] == ["none"]
    assert json.loads((pairs.parent / "out" / "config.json").read_text())["config"]["alignment"] == "none"
    with pytest.raises(InputError, match="exists and is no run"):
        evaluate(config(pairs, student, out=student))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"model": ()}, "nothing to score"),
        ({"weights": Path("w.pth")}, "needs --teacher"),
        ({"depth_scale": 0.0}, "positive"),
        ({"num_repeats": 1}, "0 .no costs. or 2 or more"),
        ({"num_repeats": -1}, "0 .no costs. or 2 or more"),
        ({"num_panels": -1}, "0 or more"),
        ({"num_worst": -1}, "0 or more"),
        ({"enclose": False, "allow": (Path("x"),)}, "say how --enclose is kept"),
        ({"accepted_loss": -0.1}, "--accepted-loss -0.1"),
        ({"accepted_loss": float("nan")}, "--accepted-loss nan"),
    ],
)
def test_options_that_mean_nothing_are_refused(pairs: Path, student: Path, changes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        config(pairs, student, **changes)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"protocol": "nyu"}, "unknown; expected one of kitti_eigen"),
        ({"protocol": "nyu_eigen"}, "is for indoor frames"),
        ({"protocol": "kitti_eigen_garg_kbcrop", "depth_scale": 100.0, "domain": "driving"}, "of 256 units per metre"),
        ({"predictions": (Path("absent"),)}, "--predictions absent is no folder"),
        ({"depth_scale": 1000.0}, "'driving' scenes"),
        ({"teacher": "resnet"}, "unknown"),
        ({"root": Path("absent")}, "no folder"),
        ({"model": (Path("absent"),)}, "absent"),
    ],
)
def test_what_does_not_fit_together_is_refused_before_anything_is_written(
    pairs: Path, student: Path, changes, words: str
) -> None:
    settings = config(pairs, student, **changes)
    with pytest.raises(InputError, match=words):
        evaluate(settings)
    assert not (settings.out / "report.json").exists()


def test_an_exported_file_is_scored_beside_its_student(pairs: Path, tmp_path: Path) -> None:
    file = write_model(tmp_path / "student.onnx")
    settings = config(pairs, file, depth_scale=1000.0, num_panels=0, num_repeats=2)
    evaluate(settings)
    report = json.loads((settings.out / "report.json").read_text())
    assert {row["net"] for row in report["rows"]} == {"student.onnx"}
    assert report["nets"]["student.onnx"]["domain"] == "indoor"
    cost = report["rows"][0]["cost"]
    # As small as this one is, it may fit into memory that its process had already.
    assert cost["num_macs"] > 0 and cost["memory"].keys() == {"weights_bytes", "passes_bytes"}


def test_a_calibrated_file_is_no_sealed_student_and_its_calibration_is_named(pairs: Path, tmp_path: Path) -> None:
    calibration = Calibration(scale=1.25, student_sha256="c" * 64)
    content = calibrated_onnx(write_model(tmp_path / "student.onnx").read_bytes(), calibration)
    (tmp_path / "own.onnx").write_bytes(content)
    settings = config(pairs, tmp_path / "own.onnx", depth_scale=1000.0, num_panels=0)
    evaluate(settings)
    report, page = ((settings.out / f"report.{suffix}").read_text() for suffix in ("json", "html"))
    assert json.loads(report)["nets"]["own.onnx"]["calibration"]["scale"] == 1.25
    assert json.loads(report)["seals"] == {"own.onnx": None}
    formula = "depth&#x27; = 1.25 * depth"
    assert f"own.onnx: calibrated by known distances, {formula}; on frames of those distances" in page
    assert f"calibrated, {formula}, from the student <code>{'c' * 64}</code>" in page


def test_a_student_that_changed_after_its_seal_is_judged_only_where_that_is_said(pairs: Path, student: Path) -> None:
    note = student / "student" / "note.txt"
    note.write_text("tuned afterwards")
    with pytest.raises(InputError, match="not as it was sealed on 2026-01-02T03:04:05Z: student/note.txt was added"):
        evaluate(config(pairs, student))
    settings = config(pairs, student, unsealed=True, num_panels=0)
    assert not settings.out.exists()
    evaluate(settings)
    assert json.loads((settings.out / "report.json").read_text())["seals"] == {"run_a": None}
    assert "run_a: no seal was checked" in (settings.out / "report.html").read_text()


def test_the_seal_stands_in_the_report_and_on_the_page(pairs: Path, student: Path) -> None:
    settings = config(pairs, student, num_panels=0)
    evaluate(settings)
    seal = json.loads((settings.out / "report.json").read_text())["seals"]["run_a"]
    assert (seal["sealed_on"], seal["level"], seal["is_signed"]) == ("2026-01-02T03:04:05Z", "A0 declared", False)
    assert f"sealed on {seal['sealed_on']}" in (settings.out / "report.html").read_text()


def test_maps_of_another_program_stand_beside_a_network_without_a_cost(pairs: Path, student: Path, tmp_path) -> None:
    """They are the truth itself here, so that their row has no error."""
    (tmp_path / "theirs").mkdir()
    for path in pairs.glob("*_depth.png"):
        shutil.copy(path, tmp_path / "theirs" / path.name.replace("_depth", ""))
    settings = config(pairs, student, predictions=(tmp_path / "theirs",), alignment="none")
    evaluate(settings)
    rows = {row["net"]: row for row in json.loads((settings.out / "report.json").read_text())["rows"]}
    assert rows.keys() == {"run_a", "theirs"}
    assert rows["theirs"]["metrics"]["abs_rel"] == 0.0 and rows["theirs"]["role"] == "recording"
    files = pairs_frames(pairs, 256)
    theirs = open_recording(
        tmp_path / "theirs",
        files.entries,
        depth_units_per_metre=256,
        domain="driving",
        protocol=PROTOCOLS["pairs_driving"],
    )
    assert measure_costs(replace(settings, num_repeats=2), {"theirs": theirs}, "driving") == {}


def test_a_damaged_frame_among_good_ones_is_named_and_the_others_are_scored(
    pairs: Path, student: Path, monkeypatch, capsys
) -> None:
    damaged = pairs / "a_1_depth.png"
    damaged.write_bytes(damaged.read_bytes()[:99])
    (pairs / "a_2_depth.png").unlink()
    options = ["--root", str(pairs), "--out", str(pairs.parent / "out"), "--model", str(student)]
    monkeypatch.setattr(sys, "argv", ["eval.run", *options, "--depth-scale", "256", "--num-repeats", "0"])
    with pytest.raises(SystemExit) as left:
        run_command(evaluate, EvalConfig, "eval.run")
    assert left.value.code == 3
    said = capsys.readouterr()
    assert "incomplete: 1 of 3 frames could not be used, the first is a_1" in said.err and str(damaged) in said.err
    report = json.loads((pairs.parent / "out" / "report.json").read_text())
    assert report["num_frames"] == 1
    assert [(item["name"], item["is_fault"]) for item in report["skipped"]] == [("a_1", True), ("a_2", False)]
    damaged.unlink()
    run_command(evaluate, EvalConfig, "eval.run")  # without ground truth is no fault: it leaves with status 0


def test_a_wrong_scale_is_said_on_the_page_and_in_the_terminal(pairs: Path, student: Path, capsys) -> None:
    wrong = config(pairs, student, depth_scale=2560.0, domain="driving", num_panels=0, num_repeats=0)
    evaluate(wrong)
    warning = (
        "read as 2560 units per metre; driving scenes have 3 to 50 m: check the unit of the depth files, it may be "
    )
    report = json.loads((wrong.out / "report.json").read_text())
    assert any(warning in remark and "256" in remark for remark in report["remarks"])
    assert warning in (wrong.out / "report.html").read_text()
    assert warning in capsys.readouterr().err
    evaluate(config(pairs, student, num_panels=0, num_repeats=0))
    assert "Warning" not in capsys.readouterr().err
    beyond = config(pairs, student, depth_scale=1.0, domain="driving")
    with pytest.raises(InputError, match="none of 3 frames .* it may be .*256"):
        evaluate(beyond)


def test_a_set_without_one_usable_frame_is_refused_with_the_reasons(pairs: Path, student: Path) -> None:
    for path in pairs.glob("*_depth.png"):
        path.write_bytes(b"")
    with pytest.raises(InputError, match="none of 3 frames can be scored .*a_0_depth.png cannot be read"):
        evaluate(config(pairs, student))


@pytest.mark.parametrize(
    "options, words",
    [(["--model", "x", "--depth-scale", "0"], "--depth-scale 0"), (["--model", "x", "--depth-scale", "9"], "no pair")],
)
def test_wrong_input_ends_with_a_short_message_and_status_two(
    options: list[str], words: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(sys, "argv", ["eval.run", "--root", str(tmp_path), "--out", str(tmp_path / "out"), *options])
    with pytest.raises(SystemExit) as left:
        run_command(evaluate, EvalConfig, "eval.run")
    assert left.value.code == 2
    message = capsys.readouterr().err
    assert words in message and "Traceback" not in message
    assert not (tmp_path / "out").exists()


@pytest.fixture
def curious(tmp_path: Path) -> Path:
    """A run whose student's own code looks at a photo, and gives way where it may not."""
    own = tmp_path / "mine" / "own.py"
    own.parent.mkdir()
    attempt = f"try:\n    Path({str(tmp_path / 'photo.png')!r}).read_bytes()\n"
    look = f"from pathlib import Path\n{attempt}except OSError as error:\n    print(error)\n"
    own.write_text(EXAMPLE.read_text() + look)
    (tmp_path / "photo.png").write_bytes(b"real")
    return saved(tmp_path / "curious", f"{own}:build")


def command(place: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The command as users start it, on frames that are linked together from elsewhere."""
    store, root = place / "store", place / "linked"
    (place / "pairs").rename(store)
    root.mkdir()
    for file in store.iterdir():
        (root / file.name).symlink_to(file)
    (place / "run").symlink_to(place / "curious")
    fixed = ["--root", "linked", "--out", "out", "--depth-scale", "1000", "--num-panels", "0", "--unsealed"]
    return subprocess.run(
        [sys.executable, "-m", "eval.run", *fixed, "--model", "run", "--own-student", "mine/own.py:build", *options],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


@pytest.mark.slow
def test_the_command_is_shut_in_and_says_so(pairs: Path, curious: Path, tmp_path: Path) -> None:
    done = command(tmp_path, "--num-repeats", "2")  # the student is loaded again in another process
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    found = report["enclosure"]
    assert report["num_frames"] == 3
    assert report["rows"][0]["cost"]["memory"] is not None  # measured inside, in a process of its own
    assert found["denied"] == [str(tmp_path / "photo.png")] and "this run may not read it" in done.stdout
    assert set(found["allowed"]["reads"]) >= {str(path) for path in (tmp_path / "store").iterdir()}
    assert found["allowed"]["writes"] == [str(tmp_path / "out")]
    if landlock_abi() == 0 or found["level"] != "enforced":
        pytest.skip(f"this system cannot enclose: {found['why_not_next']}")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "level A2 enforced" in page and "enclosure: level A2 enforced" in done.stdout and "denied 1 files" in page


@pytest.mark.slow
@pytest.mark.parametrize(
    "options, status, words",
    [
        (["--no-enclose"], 0, "none (--no-enclose): nothing kept"),
        (["--allow", "photo.png"], 0, "added by --allow"),
        (["--split", "photo.png"], 2, "--split photo.png is for --dataset kitti"),
    ],
)
def test_how_it_is_shut_in_can_be_said(
    options: list[str], status: int, words: str, pairs: Path, curious: Path, tmp_path: Path
) -> None:
    done = command(tmp_path, "--num-repeats", "0", *options)
    assert done.returncode == status and words in done.stdout + done.stderr, done.stderr
    assert (tmp_path / "out").exists() == (status == 0)


def test_a_file_beyond_the_list_ends_with_its_name(pairs: Path, student: Path, monkeypatch) -> None:
    """Called from Python, Python's hook alone stands guard."""
    monkeypatch.setattr("eval.run.measure_costs", lambda *_: (pairs.parent / "photo.png").read_bytes())
    (pairs.parent / "photo.png").write_bytes(b"real")
    with pytest.raises(PermissionError, match="--allow PATH adds to what it may.*photo.png"):
        evaluate(config(pairs, student, num_repeats=2))
    with pytest.raises(InputError, match="--require enforced cannot be met here: level observed .* called from Python"):
        evaluate(config(pairs, student, require="enforced"))


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize(
    "teacher, weights, folder, units, abs_rel, delta1",
    [
        ("meter", "meter_kitti_xxs.pth", "driving", 256.0, (0.147, 0.0005), (0.789, 0.0005)),
        ("meter", "meter_nyu_xxs.pth", "indoor", 1000.0, (0.191, 0.001), (0.685, 0.0005)),
        # Stated as "about": no clamp and no alignment that was tried gives both figures (LOG.md).
        ("rtmonodepth", "rtmonodepth_s_ms_encoder.pth", "driving", 256.0, (0.166, 0.006), (0.766, 0.003)),
    ],
)
def test_published_teachers_reach_their_figures_on_real_frames(
    teacher: str,
    weights: str,
    folder: str,
    units: float,
    abs_rel: tuple[float, float],
    delta1: tuple[float, float],
    real: Path,
    tmp_path: Path,
) -> None:
    """Expected: the authors' networks on the same frames, as (figure, tolerance); table in the README beside them."""
    settings = EvalConfig(
        root=real / folder,
        out=tmp_path / "out",
        teacher=teacher,
        weights=real / "weights" / weights,
        depth_scale=units,
        alignment="median",
        num_panels=0,
        num_worst=0,
        num_repeats=0,
    )
    evaluate(settings)
    report = json.loads((settings.out / "report.json").read_text())
    (row,) = report["rows"]
    assert report["skipped"] == [] and report["remarks"] == []
    assert row["metrics"]["abs_rel"] == pytest.approx(abs_rel[0], abs=abs_rel[1])
    assert row["metrics"]["delta1"] == pytest.approx(delta1[0], abs=delta1[1])
