from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

import distill.run as run_module
from adapt.fitting import FitConfig
from adapt.owner import header_of, write_owner
from adapt.run import TRANSFORMATION
from adapt.target import batchnorm_targets
from distill.data_statement import READS
from distill.export import ONNX
from distill.program import Bounds, ExportReport
from distill.run import DistillConfig, distill, places
from distill.training import METRICS, TrainConfig
from mde.checkpoint import TENSORS, load_directory
from mde.command import EXIT_FAULT, EXIT_INPUT, EXIT_INTERRUPTED, run_command
from mde.errors import InputError
from mde.files import read_json, sha256_file
from mde.nets import load_student, load_teacher
from mde.nets.net import DepthNet
from mde.nets.state import state_of
from mde.nets.student import STUDENT
from mde.shards import read_index, write_index
from tests.conftest import ROOT, heed_ctrl_c, make_shards, make_teacher


def small(tmp_path: Path, shards: Path) -> DistillConfig:
    return DistillConfig(
        teacher="demo",
        data=shards,
        out=tmp_path / "run",
        student="mobilenetv2_035",
        no_real_data=True,
        train=TrainConfig(num_steps=4, batch_size=4, checkpoint_every=2),
        fit=FitConfig(num_steps=3, batch_size=4, num_measured=8),
    )


EXPORT = ExportReport(
    path=ONNX,
    sha256="0" * 64,
    max_relative_error=1e-6,
    percentile_99=1e-6,
    mean_relative_error=1e-7,
    bounds=Bounds(worst=1e-3),
    runtime="none",
)


@pytest.fixture
def without_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    """The export takes seconds and has tests of its own."""
    monkeypatch.setattr(run_module, "export_student", lambda reader, out: EXPORT)


@pytest.fixture(scope="module")
def run_once(tmp_path_factory: pytest.TempPathFactory) -> DistillConfig:
    """A finished run with all of its stages but the export; half of its time goes into the pictures of adapt."""
    folder = tmp_path_factory.mktemp("finished")
    config = small(folder, make_shards(folder / "shards"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "export_student", lambda reader, out: EXPORT)
        distill(config)
    return config


@pytest.fixture
def finished(run_once: DistillConfig, tmp_path: Path) -> DistillConfig:
    """A copy of that run, to be gone on with."""
    return replace(run_once, out=shutil.copytree(out_of(run_once), tmp_path / "run"))


def out_of(config: DistillConfig) -> Path:
    assert config.out is not None
    return config.out


def test_one_command_makes_transformation_student_and_report(run_once: DistillConfig) -> None:
    out = out_of(run_once)
    assert load_student(out).spec.domain == "indoor"
    assert len((out / METRICS).read_text().splitlines()) == 4
    assert list((out / "tensorboard").iterdir())
    assert (out / "adapt" / TRANSFORMATION / TENSORS).is_file()
    report = read_json(out / "report.json")
    assert set(report["parents"]) == {"teacher", "data"}
    state = state_of(load_teacher("demo", None, "indoor")).sha256
    assert report["teacher_state"] == {"before": state, "after": state}
    assert report["no_real_data"]["records"] == {
        "origin": "synthetic",
        "num_records": 12,
        "painted_by": None,
    }


@pytest.mark.usefixtures("without_onnx")
def test_report_and_card_name_the_model_that_painted_the_images(tmp_path: Path, shards: Path) -> None:
    painted = {"model": "little", "pipeline": "Depth2Img", "model_sha256": "a" * 64}
    write_index(shards, replace(read_index(shards), notes={"painted": painted}))
    distill(replace(small(tmp_path, shards), transform="identity"))
    name = f"little (Depth2Img, sha256 {'a' * 64})"
    report = read_json(tmp_path / "run" / "report.json")
    assert report["images_painted_by"] == report["no_real_data"]["records"]["painted_by"] == name
    assert load_directory(tmp_path / "run" / STUDENT).sidecar["images_painted_by"] == name
    assert load_student(tmp_path / "run").spec.role == "student"


def test_the_report_lists_every_file_that_was_read(run_once: DistillConfig) -> None:
    statement = read_json(out_of(run_once) / "report.json")["no_real_data"]
    data = statement["files_read"]["data"]
    assert run_once.data is not None
    assert {str(path) for path in run_once.data.iterdir()} <= set(data)
    assert any(path.endswith("demo_teacher/weights.safetensors") for path in data)
    assert not [path for path in data if "site-packages" in path]


@pytest.mark.usefixtures("without_onnx")
def test_a_second_run_finds_what_the_teacher_told_the_first(tmp_path: Path, shards: Path) -> None:
    config = replace(small(tmp_path, shards), transform="identity", teacher_cache=tmp_path / "cache")
    for name in ("first", "second"):
        distill(replace(config, out=tmp_path / name))
    first, second = (read_json(tmp_path / name / "report.json")["teacher_cache"] for name in ("first", "second"))
    assert first["num_found"] + first["num_computed"] == second["num_found"] == 16 and second["num_computed"] == 0
    students = [(tmp_path / name / STUDENT / TENSORS).read_bytes() for name in ("first", "second")]
    assert students[0] == students[1]


def test_a_cache_that_is_a_file_is_refused(tmp_path: Path, shards: Path) -> None:
    (tmp_path / "cache").write_text("mine")
    with pytest.raises(InputError, match="is no folder; expected one to create or to fill"):
        distill(replace(small(tmp_path, shards), teacher_cache=tmp_path / "cache"))
    assert (tmp_path / "cache").read_text() == "mine"
    assert not (tmp_path / "run" / "adapt").exists()  # before anything is computed


def test_the_same_command_again_changes_nothing(finished: DistillConfig, capsys: pytest.CaptureFixture[str]) -> None:
    files = {path: path.read_bytes() for path in out_of(finished).rglob("*") if path.is_file()}
    distill(finished)
    assert "is finished; nothing to do" in capsys.readouterr().out
    changed = {
        path.name for path in out_of(finished).rglob("*") if path.is_file() and files.get(path) != path.read_bytes()
    }
    assert changed <= {READS}


def test_a_run_goes_on_only_with_the_images_it_began_with(finished: DistillConfig, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="began with other data; choose another --out"):
        distill(replace(finished, data=make_shards(tmp_path / "others", seed=9)))


def test_a_folder_of_another_configuration_is_refused(finished: DistillConfig) -> None:
    with pytest.raises(InputError, match=r"--seed 0 \(now 1\)"):
        distill(replace(finished, seed=1))


def test_real_records_stop_the_run_before_anything_is_learned(tmp_path: Path) -> None:
    for no_real_data in (True, False):
        config = replace(
            small(tmp_path, make_shards(tmp_path / f"real{no_real_data}", origin="real")),
            no_real_data=no_real_data,
            out=tmp_path / f"run{no_real_data}",
        )
        with pytest.raises(InputError, match="origin 'real', allowed here: synthetic"):
            distill(config)
        assert not (tmp_path / f"run{no_real_data}" / METRICS).exists()


def test_images_of_another_domain_are_refused(tmp_path: Path, shards: Path) -> None:
    raw = json.loads((shards / "index.json").read_text())
    (shards / "index.json").write_text(json.dumps({**raw, "domain": "driving"}))
    with pytest.raises(InputError, match="holds driving images and the teacher is for indoor"):
        distill(replace(small(tmp_path, shards), domain="indoor"))


def test_the_domain_is_that_of_the_images_unless_it_is_given(tmp_path: Path, shards: Path) -> None:
    config = small(tmp_path, shards)
    assert places(config)[0] == "indoor"
    raw = json.loads((shards / "index.json").read_text())
    (shards / "index.json").write_text(json.dumps({**raw, "domain": "driving"}))
    assert places(config)[0] == "driving"
    assert places(DistillConfig(teacher="demo")) == ("indoor", Path("renders/indoor"), Path("runs/demo-indoor"))


def test_wrong_weights_leave_no_folder_behind(tmp_path: Path, shards: Path) -> None:
    (tmp_path / "other.safetensors").write_bytes(b"not weights")
    with pytest.raises(InputError, match="other.safetensors"):
        distill(replace(small(tmp_path, shards), weights=tmp_path / "other.safetensors"))
    with pytest.raises(InputError, match="nowhere.safetensors does not exist"):
        distill(replace(small(tmp_path, shards), weights=tmp_path / "nowhere.safetensors"))
    assert not (tmp_path / "run").exists()


def test_a_truncated_shard_stops_the_run_by_name(tmp_path: Path, shards: Path) -> None:
    path = shards / "shard-00000.tar"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match="shard-00000.tar is damaged"):
        distill(small(tmp_path, shards))


@pytest.mark.parametrize("change", [{"student": "resnet9000"}, {"seed": -1}])
def test_impossible_options_are_refused(tmp_path: Path, shards: Path, change: dict[str, object]) -> None:
    with pytest.raises(InputError):
        replace(small(tmp_path, shards), **change)  # type: ignore[arg-type]


TRAINING = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from distill.run import DistillConfig, TrainConfig, train_student
from mde.nets import load_teacher
from mde.shards import ShardReader
data, out = map(Path, sys.argv[1:])
out.mkdir(exist_ok=True)
config = DistillConfig(teacher="demo", student="mobilenetv2_035",
                       train=TrainConfig(num_steps=40, batch_size=4, checkpoint_every=4))
train_student(config, load_teacher("demo", None, domain="indoor"), None, ShardReader(data), out)
"""


def start_training(shards: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", TRAINING, str(shards), str(out)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_a_process_killed_at_any_moment_resumes_to_equal_weights(tmp_path: Path, shards: Path) -> None:
    assert start_training(shards, tmp_path / "straight").wait() == 0
    killed = tmp_path / "killed"
    for step in (4, 12):
        process = start_training(shards, killed)
        while not (killed / "checkpoints" / f"step_{step:08d}").is_dir():
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert start_training(shards, killed).wait() == 0
    digests = [sha256_file(tmp_path / name / STUDENT / TENSORS) for name in ("straight", "killed")]
    assert digests[0] == digests[1]


def raising(error: BaseException):  # type: ignore[no-untyped-def]
    def main(_: FitConfig) -> None:
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (InputError("x=1 must\nbe 2"), EXIT_INPUT, "error: x=1 must be 2\n"),
        (KeyboardInterrupt(), EXIT_INTERRUPTED, "interrupted; the same command goes on from here\n"),
        (OSError(28, "No space left on device", "a.tar"), EXIT_FAULT, "free some space, then the same command goes on"),
        (PermissionError(13, "Permission denied", "/x"), EXIT_FAULT, "error: Permission denied: /x\n"),
    ],
)
def test_commands_end_with_one_line_and_an_exact_status(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    message: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["x"])
    with pytest.raises(SystemExit) as caught:
        run_command(raising(error), FitConfig, "x")
    assert caught.value.code == status
    printed = capsys.readouterr().err
    assert message in printed and printed.count("\n") == 1


def test_wrong_values_on_the_command_line_are_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "--num-steps", "0"])
    with pytest.raises(SystemExit) as caught:
        run_command(lambda config: None, FitConfig, "x")
    assert caught.value.code == EXIT_INPUT
    assert capsys.readouterr().err == "error: --num-steps 0 must be at least 1\n"


@pytest.mark.slow
def test_a_full_disk_ends_the_command_in_one_line_and_keeps_what_is_good(tmp_path: Path, shards: Path) -> None:
    """A limit on file size is the small disk that needs no privileges: writes beyond it fail."""
    import resource

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    options = [
        "--student",
        "mobilenetv2_035",
        "--train.num-steps",
        "2",
        "--train.batch-size",
        "4",
        "--transform",
        "identity",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "distill.run", "--teacher", "demo", "--data", str(shards), *options, "--out", "run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        preexec_fn=small_files,
        check=False,
    )
    assert done.returncode == EXIT_FAULT
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ") and "File too large" in last
    assert not list((tmp_path / "run" / "checkpoints").glob("*"))


@pytest.mark.slow
def test_ctrl_c_ends_the_command_in_one_line_and_it_can_go_on(tmp_path: Path, shards: Path) -> None:
    options = [
        "--student",
        "mobilenetv2_035",
        "--train.num-steps",
        "400",
        "--train.batch-size",
        "4",
        "--transform",
        "identity",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "distill.run", "--teacher", "demo", "--data", str(shards), *options, "--out", "run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )
    while not (tmp_path / "run" / METRICS).is_file():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == EXIT_INTERRUPTED
    assert errors.strip().splitlines()[-1] == "interrupted; the same command goes on from here"
    assert "Traceback" not in errors


def test_a_teacher_without_batchnorm_is_refused_before_anything_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its run would otherwise leave a folder that refuses the very option that is advised."""
    bare = DepthNet(nn.Conv2d(3, 1, 1), make_teacher().spec)
    monkeypatch.setattr(run_module, "load_teacher", lambda *_, **__: bare)
    with pytest.raises(InputError, match="no BatchNorm statistics.*or --transform identity"):
        distill(small(tmp_path, tmp_path / "renders"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("without_onnx")
def test_a_relative_teacher_of_the_users_own_is_aligned_or_refused(tmp_path: Path, shards: Path) -> None:
    text = (ROOT / "tests" / "mde" / "own_teacher.py").read_text()
    text = text.replace('kind="metric"', 'kind="relative"').replace("metres_per_unit=0.001", "metres_per_unit=None")
    # The records' planes are far at the bottom: inverse depth falls from row to row.
    rows = "torch.linspace(2.0, 1.0, image.shape[-2]).view(1, 1, -1, 1) + 0.0 * image[:, :1]"
    own = tmp_path / "own.py"
    own.write_text(text.replace("2000.0 * self.head(self.features(image)).exp()", rows))
    config = replace(small(tmp_path, shards), teacher=f"{own}:load", transform="identity")
    with pytest.raises(InputError, match="answers relative depth .* add --align-teacher"):
        distill(config)
    assert not (tmp_path / "run").exists()
    distill(replace(config, align_teacher=True))
    report = read_json(tmp_path / "run" / "report.json")
    assert report["scale_from"] == "renders"
    assert str(own) in report["no_real_data"]["files_read"]["data"]
    assert places(replace(config, out=None, data=None))[2] == Path("runs/own-load-indoor")


def test_the_owners_statistics_are_among_the_parents_and_the_files_read(tmp_path: Path, shards: Path) -> None:
    """They come from real images, so an auditor looks for them first; a run goes on only with the same ones."""
    teacher = load_teacher("demo", None, "indoor")
    moments = {name: target.moments for name, target in batchnorm_targets(teacher).items()}
    path = tmp_path / "moments.safetensors"
    write_owner(path, moments, header_of(teacher, moments, 40, None))
    config = replace(small(tmp_path, shards), statistics=f"owner:{path}")
    distill(config)
    report = read_json(config.out / "report.json")
    assert report["parents"]["statistics"] == sha256_file(path)
    assert str(path) in report["no_real_data"]["files_read"]["data"]
    write_owner(path, moments, header_of(teacher, moments, 41, None))
    with pytest.raises(InputError, match="began with other statistics"):
        distill(config)
