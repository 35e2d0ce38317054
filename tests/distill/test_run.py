from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from torch import nn

import distill.run as run_module
from adapt.fitting import FitConfig
from adapt.owner import header_of, write_owner
from adapt.run import TRANSFORMATION
from adapt.target import batchnorm_targets
from distill.draw import NO_AUGMENTATION, AugmentConfig
from distill.export import ONNX
from distill.metrics_log import METRICS
from distill.objective import ObjectiveChanges
from distill.program import Bounds, ExportReport
from distill.run import DistillConfig, distill, places
from distill.training import TrainConfig
from mde.checkpoint import TENSORS, load_directory
from mde.command import EXIT_FAULT, EXIT_INPUT, EXIT_INTERRUPTED, run_command
from mde.domain import INDOOR
from mde.errors import InputError
from mde.evidence import READS
from mde.files import read_json, sha256_file
from mde.nets import load_student, load_teacher
from mde.nets.net import DepthNet
from mde.nets.state import state_of
from mde.nets.student import STUDENT
from mde.shards import read_index, write_index
from tests.conftest import ROOT, make_shards, make_teacher


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
    monkeypatch.setattr(run_module, "export_student", lambda reader, out, own: EXPORT)


@pytest.fixture(scope="module")
def run_once(tmp_path_factory: pytest.TempPathFactory) -> DistillConfig:
    """A finished run with all of its stages but the export; half of its time goes into the pictures of adapt."""
    folder = tmp_path_factory.mktemp("finished")
    config = small(folder, make_shards(folder / "shards"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "export_student", lambda reader, out, own: EXPORT)
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
    augment = AugmentConfig(mix=0.0, student_only=True)
    config = replace(small(tmp_path, shards), transform="identity", teacher_cache=tmp_path / "cache", augment=augment)
    for name in ("first", "second"):
        distill(replace(config, out=tmp_path / name))
    first, second = (read_json(tmp_path / name / "report.json")["teacher_cache"] for name in ("first", "second"))
    assert first["num_found"] + first["num_computed"] == second["num_found"] == 16 and second["num_computed"] == 0
    students = [(tmp_path / name / STUDENT / TENSORS).read_bytes() for name in ("first", "second")]
    assert students[0] == students[1]


def test_a_cache_that_is_a_file_is_refused(tmp_path: Path, shards: Path) -> None:
    (tmp_path / "cache").write_text("mine")
    with pytest.raises(InputError, match="is no folder; expected one to create or to fill"):
        distill(replace(small(tmp_path, shards), teacher_cache=tmp_path / "cache", augment=NO_AUGMENTATION))
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


@pytest.mark.usefixtures("without_onnx")
def test_a_recipe_decides_objective_and_bins_and_the_run_says_all_of_it(tmp_path: Path, shards: Path) -> None:
    config = replace(small(tmp_path, shards), transform="identity", recipe="tiekd-reference")
    distill(config)
    written = read_json(tmp_path / "run" / "config.json")["config"]
    assert written["bins"] == "uniform" and None not in written["objective"].values()
    assert {name for name, value in written["objective"].items() if value} == {"dpm_weight", "ssim_weight", "target"}
    assert load_directory(tmp_path / "run" / STUDENT).sidecar["bins"] == asdict(INDOOR.uniform_bins)
    logged = json.loads((tmp_path / "run" / METRICS).read_text().splitlines()[0])
    assert "dpm" in logged and "ssim" in logged and "gradient" not in logged and "log" not in logged
    said = replace(config, bins="uniform", objective=ObjectiveChanges(ssim_weight=9.0))
    distill(said)  # the same run, and no error
    with pytest.raises(InputError, match="holds a run with .*ssim_weight"):
        distill(replace(config, objective=ObjectiveChanges(ssim_weight=3.0)))


def test_an_impossible_objective_leaves_no_folder_behind(tmp_path: Path, shards: Path) -> None:
    nothing = ObjectiveChanges(dpm_weight=0.0, ssim_weight=0.0)
    with pytest.raises(InputError, match="not all zero"):
        distill(replace(small(tmp_path, shards), recipe="tiekd", objective=nothing))
    with pytest.raises(InputError, match="add --bins uniform"):
        distill(replace(small(tmp_path, shards), objective=ObjectiveChanges(target="reference")))
    assert not (tmp_path / "run").exists()


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"student": "resnet9000"}, "resnet9000"),
        ({"seed": -1}, "must not be negative"),
        ({"train": TrainConfig(batch_size=1)}, "needs --train.batch-size 2"),
        (
            {"augment": AugmentConfig(randomise=0.0), "teacher_cache": Path("cache")},
            "keeps depth of images that come again",
        ),
        ({"augment": AugmentConfig(mix=0.0), "teacher_cache": Path("cache")}, "--augment.student-only"),
    ],
)
def test_impossible_options_are_refused(tmp_path: Path, shards: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(small(tmp_path, shards), **change)  # type: ignore[arg-type]


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


@pytest.mark.usefixtures("without_onnx")
def test_the_proxy_chooses_on_renders_of_its_own(tmp_path: Path, shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held_out = make_shards(tmp_path / "others", num=4, seed=9)
    raw = json.loads((held_out / "index.json").read_text())
    config = replace(small(tmp_path, shards), transform="identity", choose="proxy", held_out=held_out)
    with pytest.raises(InputError, match="holds the renders that the student learns from"):
        distill(replace(config, out=tmp_path / "same"))
    (held_out / "index.json").write_text(json.dumps({**raw, "config_sha256": "1" * 64}))
    distill(config)
    report = read_json(out_of(config) / "report.json")
    assert list(report["checkpoint"]["proxy"]) == ["2", "4"] and report["checkpoint"]["step"] in (2, 4)
    card = load_directory(out_of(config) / STUDENT).sidecar
    assert card["step"] == report["checkpoint"]["step"]
