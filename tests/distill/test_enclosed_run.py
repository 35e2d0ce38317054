"""The command with --no-real-data, as users start it: shut in, and in all else as without."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from distill.enclosed_run import distill_enclosed
from distill.metrics_log import METRICS
from distill.run import distill
from eval.demo import num_logged
from mde.chained_log import read_log
from mde.checkpoint import TENSORS
from mde.command import EXIT_FAULT, EXIT_INPUT, EXIT_INTERRUPTED
from mde.errors import InputError
from mde.evidence import READS, Evidence, read_evidence
from mde.files import read_json, sha256_file
from mde.landlock import landlock_abi, why_not
from mde.nets.student import STUDENT
from mde.provenance import CONNECTION
from tests.conftest import ROOT, heed_ctrl_c
from tests.distill.test_run import small

needs_landlock = pytest.mark.skipif(landlock_abi() == 0, reason=f"Landlock: {why_not()}")
OPTIONS = ["--teacher", "demo", "--data", "shards", "--out", "run", "--student", "mobilenetv2_035", "--no-real-data"]
OPTIONS += ["--transform", "identity", "--train.batch-size", "4", "--train.checkpoint-every", "5"]


def command(place: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "distill.run", *OPTIONS, *options],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )


def ending(place: Path, *options: str) -> tuple[int, str, str]:
    """Exit status, output, and the last line of errors."""
    process = command(place, *options)
    output, errors = process.communicate(timeout=300)
    return process.returncode, output, (errors.strip().splitlines() or [""])[-1]


def evidence(run: Path) -> Evidence:
    found = read_evidence(run)
    assert found is not None
    return found


def require_enforcement(found: Evidence) -> None:
    if found.level != "enforced":
        pytest.skip(f"this system cannot enclose: {found.why_not_next}")


def test_a_level_that_is_not_reached_refuses_the_run(tmp_path: Path, shards: Path) -> None:
    with pytest.raises(InputError, match="--require enforced cannot be met here: level observed .* called from Python"):
        distill(replace(small(tmp_path, shards), require="enforced"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("change", [{"require": "observed"}, {"allow": (Path("x"),)}])
def test_levels_and_additions_go_with_no_real_data(tmp_path: Path, shards: Path, change: dict[str, object]) -> None:
    with pytest.raises(InputError, match="--require and --allow say how --no-real-data is kept"):
        replace(small(tmp_path, shards), no_real_data=False, **change)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_run_is_shut_in_and_says_so_and_its_log_is_whole(tmp_path: Path, shards: Path) -> None:
    out = tmp_path / "deep" / "run"
    config = replace(small(tmp_path, shards), out=out, transform="identity", allow=(ROOT / "README.md",))
    distill_enclosed(config, tmp_path / "log", num_threads=1)
    found = evidence(out)
    require_enforcement(found)
    assert found.denied == found.connections == () and found.added == (str(ROOT / "README.md"),)
    assert found.allowed is not None and str(shards) in found.allowed.reads and found.allowed.writes == (str(out),)
    assert found.log is not None
    entries, end = read_log(out / READS, num_lines=found.log.end.num_lines)
    assert end == found.log.end and not [entry for entry in entries if entry.kind == CONNECTION]
    assert "level A2 enforced" in (tmp_path / "log").read_text()
    data = read_json(out / "report.json")["no_real_data"]["files_read"]["data"]
    assert {str(path) for path in shards.iterdir()} <= set(data)
    assert not [
        path for path in data if path.startswith(str(tmp_path)) and not path.startswith((str(shards), str(out)))
    ]


@pytest.mark.slow
def test_what_is_missing_is_rendered_inside(tmp_path: Path) -> None:
    """By worker processes and a graphics library, on the processor."""
    status, output, error = ending(tmp_path, "--data", "new/renders", "--num-renders", "4", "--train.num-steps", "2")
    assert status == 0, error
    found = evidence(tmp_path / "run")
    assert found.denied == found.connections == () and found.allowed is not None
    assert str(tmp_path / "new" / "renders") in found.allowed.writes
    require_enforcement(found)


@pytest.mark.slow
def test_wrong_input_is_one_line_and_leaves_no_folder_behind(tmp_path: Path, shards: Path) -> None:
    (tmp_path / "wrong").write_bytes(b"not weights")
    status, _, error = ending(tmp_path, "--weights", "wrong", "--out", "some/where")
    assert status == EXIT_INPUT and error.startswith("error: wrong is not a readable")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shards", "wrong"]


@pytest.mark.slow
@needs_landlock
def test_a_teacher_that_opens_more_is_refused_until_it_is_allowed(tmp_path: Path, shards: Path) -> None:
    text = (ROOT / "tests" / "mde" / "own_teacher.py").read_text()
    (tmp_path / "photo.png").write_bytes(b"real")
    begin = "def load(weights: Path | None, domain: str) -> OwnTeacher:\n"
    assert begin in text
    reading = f"    open({str(tmp_path / 'photo.png')!r}, 'rb').read()\n"
    head, _, body = text.partition(begin)
    docstring, _, rest = body.partition("\n")
    (tmp_path / "own.py").write_text(head + begin + docstring + "\n" + reading + rest)
    options = ("--teacher", "own.py:load", "--train.num-steps", "2")
    status, _, error = ending(tmp_path, *options)
    assert status in (EXIT_INPUT, EXIT_FAULT) and "--allow PATH" in error and "photo.png" in error
    assert not (tmp_path / "run").exists()
    status, output, error = ending(tmp_path, *options, "--allow", "photo.png")
    assert status == 0, error
    assert evidence(tmp_path / "run").added == (str(tmp_path / "photo.png"),)
    assert f"added by --allow: {tmp_path / 'photo.png'}" in output


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ctrl_c_ends_it_in_one_line(tmp_path: Path, shards: Path) -> None:
    """Killed, then interrupted, then finished: the bytes are those of a run without enclosure."""
    plain = replace(small(tmp_path, shards), out=tmp_path / "plain", transform="identity", no_real_data=False)
    distill(replace(plain, train=replace(plain.train, num_steps=60, checkpoint_every=5)))
    for stop, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, EXIT_INTERRUPTED)):
        process = command(tmp_path, "--train.num-steps", "60")
        begin = num_logged(tmp_path / "run" / METRICS)
        while num_logged(tmp_path / "run" / METRICS) < begin + 12:
            assert process.poll() is None, "the run ended before it could be stopped"
            time.sleep(0.005)
        process.send_signal(stop)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == status
    assert errors.strip().splitlines()[-1] == "interrupted; the same command goes on from here"
    assert ending(tmp_path, "--train.num-steps", "60")[0] == 0
    digests = [sha256_file(tmp_path / name / STUDENT / TENSORS) for name in ("plain", "run")]
    assert digests[0] == digests[1]
    found = evidence(tmp_path / "run")
    assert found.log is not None and read_log(tmp_path / "run" / READS, num_lines=found.log.end.num_lines)[1]


@pytest.mark.slow
def test_processes_that_train_together_are_shut_in_together(tmp_path: Path, shards: Path) -> None:
    launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"]
    launch += ["--mixed_precision", "no", "--dynamo_backend", "no", "-m", "distill.run"]
    done = subprocess.run(
        [sys.executable, *launch, *OPTIONS, "--train.num-steps", "2", "--device", "cpu"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert read_json(tmp_path / "run" / "report.json")["training"]["num_processes"] == 2
    require_enforcement(evidence(tmp_path / "run"))
