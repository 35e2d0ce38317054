"""The command, from options to files; each format has tests of its own."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch
import tyro
from torch import Tensor

import distill.export as export_module
from distill.export import (
    NUM_INT8_PROBES,
    ONNX,
    TARGETS,
    ExportConfig,
    calibration_images,
    export,
    float_probes,
    run_renders,
)
from distill.int8 import Calibration
from distill.program import Program
from mde.errors import InputError
from mde.files import sha256_file, write_json
from mde.nets import load_student
from mde.nets.net import DepthNet
from mde.nets.student import STUDENT, save_student
from mde.shards import INDEX, ShardReader, write_index
from tests.conftest import make_shards
from tests.mde.test_edge import card, student


@pytest.fixture
def run_directory(tmp_path: Path) -> Path:
    save_student(tmp_path / "run" / STUDENT, student(), card())
    return tmp_path / "run"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Calibration | None]:
    """Both ONNX formats answer the student itself, which is quick; what they were given is noted."""
    calibrations: list[Calibration | None] = []

    def program(net: DepthNet, calibration: Calibration | None) -> Program:
        calibrations.append(calibration)

        @torch.inference_mode()
        def run(images: np.ndarray) -> np.ndarray:
            return net.core(torch.from_numpy(images)).depth_m.numpy()

        return Program(files={".onnx": b"program"}, runtime="torch itself", run=run)

    for name in ("onnx", "onnx-int8"):
        monkeypatch.setitem(TARGETS, name, replace(TARGETS[name], program=program))
    return calibrations


@pytest.mark.usefixtures("built")
def test_a_file_is_written_beside_the_student_and_told_about(run_directory: Path, capsys) -> None:
    report = export(ExportConfig(run=run_directory))
    assert report.path == ONNX and report.sha256 == sha256_file(run_directory / ONNX)
    assert report.max_relative_error == 0.0
    assert "(bound: worst 0.001)" in capsys.readouterr().out
    export(ExportConfig(run=run_directory))  # its own older file is replaced


@pytest.mark.usefixtures("built")
def test_names_that_belong_to_another_format_are_refused(run_directory: Path) -> None:
    (run_directory / "notes.md").write_text("mine")
    for name in ("student.pt", STUDENT, "notes.md"):
        with pytest.raises(InputError, match=r"does not end in .onnx"):
            export(ExportConfig(run=run_directory, out=run_directory / name))
    assert (run_directory / "notes.md").read_text() == "mine"


def test_an_unfinished_run_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no finished student"):
        export(ExportConfig(run=tmp_path))
    assert os.listdir(tmp_path) == []


def test_an_unknown_format_is_refused_with_the_known_ones(capsys) -> None:
    with pytest.raises(SystemExit) as left:
        tyro.cli(ExportConfig, args=["--run", "x", "--to", "tensorflow"])
    assert left.value.code == 2
    assert "torchscript" in capsys.readouterr().err


def test_every_format_of_the_command_line_has_a_target() -> None:
    assert set(get_args(get_type_hints(ExportConfig)["to"])) == set(TARGETS)


def test_renders_of_the_run_are_found_by_its_configuration(run_directory: Path, shards: Path) -> None:
    net = load_student(run_directory)
    assert run_renders(ExportConfig(run=run_directory), net) is None
    write_json(run_directory / "config.json", {"command": "distill.run", "config": {"data": str(shards)}})
    for path in (run_directory, run_directory / STUDENT):
        reader = run_renders(ExportConfig(run=path), net)
        assert reader is not None and reader.directory == shards


def test_renders_are_among_the_images_that_are_compared_on(run_directory: Path, shards: Path) -> None:
    net = load_student(run_directory)
    without, among = float_probes(net, None), float_probes(net, ShardReader(shards))
    assert len(without) == 4 and len(among) == 8 and torch.equal(among[:4], without)
    assert without[:3].std() > 0.2 and without[3].std() == 0.0


@pytest.mark.usefixtures("built")
def test_renders_that_do_not_fit_are_refused(run_directory: Path, shards: Path, tmp_path: Path) -> None:
    index = ShardReader(shards).index
    write_index(shards, replace(index, domain="driving"))
    with pytest.raises(InputError, match="holds driving images and the student is for indoor"):
        export(ExportConfig(run=run_directory, data=shards))
    write_index(shards, replace(index, origin="real"))
    with pytest.raises(InputError, match="origin 'real'"):
        export(ExportConfig(run=run_directory, data=shards))
    with pytest.raises(InputError, match="absent"):
        export(ExportConfig(run=run_directory, data=tmp_path / "absent"))
    with pytest.raises(InputError, match="holds no image"):
        export(ExportConfig(run=run_directory, data=make_shards(tmp_path / "none", 0)))
    assert not (run_directory / ONNX).exists()


def test_int8_is_calibrated_on_some_renders_and_compared_on_others(
    run_directory: Path, tmp_path: Path, built: list[Calibration | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "NUM_INT8_PROBES", 5)
    data = make_shards(tmp_path / "shards", 6 + 5)
    config = ExportConfig(run=run_directory, to="onnx-int8", data=data, num_calibration=6)
    report = export(config)
    assert report.path == "student-int8.onnx"
    (calibration,) = built
    assert calibration is not None and calibration.data_sha256 == sha256_file(data / INDEX)
    net = load_student(run_directory)
    again, probes = calibration_images(config, net, ShardReader(data))
    assert torch.equal(again.images, calibration.images), "the draw is a function of its arguments"
    assert (len(calibration.images), len(probes)) == (6, 5)
    assert len({_bytes(image) for image in torch.cat([calibration.images, probes])}) == 6 + 5


def _bytes(image: Tensor) -> bytes:
    return image.numpy().tobytes()


@pytest.mark.usefixtures("built")
def test_int8_without_enough_renders_is_refused(run_directory: Path, shards: Path) -> None:
    with pytest.raises(InputError, match="is calibrated on renders and those of .* are gone; name some by --data"):
        export(ExportConfig(run=run_directory, to="onnx-int8"))
    with pytest.raises(InputError, match=f"holds 12 renders; --num-calibration 8 needs {8 + NUM_INT8_PROBES}"):
        export(ExportConfig(run=run_directory, to="onnx-int8", data=shards, num_calibration=8))
    with pytest.raises(InputError, match="--num-calibration 0 must be at least 1"):
        ExportConfig(run=run_directory, to="onnx-int8", num_calibration=0)
    assert not (run_directory / "student-int8.onnx").exists()


@pytest.mark.parametrize("extra", ["openvino", "executorch"])
def test_a_format_whose_package_is_absent_names_the_extra(
    run_directory: Path, monkeypatch: pytest.MonkeyPatch, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, extra, None)
    with pytest.raises(InputError, match=rf"--to {extra} needs .*pip install 'depth-distillation\[{extra}\]'"):
        export(ExportConfig(run=run_directory, to=extra))  # type: ignore[arg-type]
    assert os.listdir(run_directory) == [STUDENT]


@pytest.mark.usefixtures("built")
def test_the_student_is_only_read_and_the_folder_of_the_file_is_made(run_directory: Path, tmp_path: Path) -> None:
    before = {path: sha256_file(path) for path in (run_directory / STUDENT).iterdir()}
    export(ExportConfig(run=run_directory, out=tmp_path / "elsewhere" / "a.onnx"))
    assert (tmp_path / "elsewhere" / "a.onnx").read_bytes() == b"program"
    assert {path: sha256_file(path) for path in (run_directory / STUDENT).iterdir()} == before
