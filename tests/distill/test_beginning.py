"""What a student begins from: published weights of its backbone, or code of the user's own, is on record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import timm
import torch

import distill.run as run_module
from distill.run import DistillConfig, distill
from distill.training import TrainConfig
from mde.checkpoint import load_directory
from mde.errors import InputError
from mde.files import read_json, sha256_file
from mde.nets import load_student
from mde.nets.student import STUDENT
from tests.distill.test_run import EXPORT, small
from tests.mde.test_own_student import EXAMPLE


@pytest.fixture(autouse=True)
def without_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "export_student", lambda reader, out, own: EXPORT)


def short(tmp_path: Path, shards: Path) -> DistillConfig:
    return replace(
        small(tmp_path, shards),
        transform="identity",
        train=TrainConfig(num_steps=1, batch_size=4, learning_rate=1e-9),
    )


def published(folder: Path, network: str) -> Path:
    torch.manual_seed(1)
    path = folder / "weights.pth"
    torch.save(timm.create_model(network, pretrained=False).state_dict(), path)
    return path


def test_a_pretrained_backbone_is_where_training_begins_and_is_on_record(tmp_path: Path, shards: Path) -> None:
    weights = published(tmp_path, "mobilenetv2_035")
    config = replace(short(tmp_path, shards), backbone=weights)
    distill(config)
    checkpoint = load_directory(tmp_path / "run" / STUDENT)
    began_with = torch.load(weights, weights_only=True)["conv_stem.weight"]
    torch.testing.assert_close(checkpoint.tensors["backbone.conv_stem.weight"], began_with, rtol=0.0, atol=1e-6)
    report = read_json(tmp_path / "run" / "report.json")
    assert checkpoint.sidecar["backbone_sha256"] == report["parents"]["backbone"] == sha256_file(weights)
    assert str(weights) in report["no_real_data"]["files_read"]["data"]
    state = torch.load(weights, weights_only=True)
    torch.save({**state, "conv_stem.weight": began_with + 1.0}, weights)
    with pytest.raises(InputError, match="began with other backbone"):  # a run goes on with the same file alone
        distill(config)


def test_a_backbone_of_another_network_is_refused_before_anything_is_written(tmp_path: Path, shards: Path) -> None:
    with pytest.raises(InputError, match="weights of another network"):
        distill(replace(short(tmp_path, shards), backbone=published(tmp_path, "resnet18")))
    assert not (tmp_path / "run").exists()


def test_a_student_of_the_users_own_learns_and_is_on_record(tmp_path: Path, shards: Path) -> None:
    name = f"{EXAMPLE}:build"
    distill(replace(short(tmp_path, shards), student=name))
    sidecar = load_directory(tmp_path / "run" / STUDENT).sidecar
    assert (sidecar["name"], sidecar["code_sha256"]) == ("own_student.py:build", sha256_file(EXAMPLE))
    report = read_json(tmp_path / "run" / "report.json")
    assert report["parents"]["student"] == sha256_file(EXAMPLE)
    assert (
        str(EXAMPLE) in report["no_real_data"]["files_read"]["data"] + report["no_real_data"]["files_read"]["program"]
    )
    with pytest.raises(InputError, match="--own-student FILE.py:FUNCTION"):
        load_student(tmp_path / "run")
    assert load_student(tmp_path / "run", own=(name,)).spec.name == "own_student.py:build"


def test_a_student_that_breaks_its_promises_leaves_nothing_behind(tmp_path: Path, shards: Path) -> None:
    (tmp_path / "mine.py").write_text("def build(bins, depth_range_m):\n    return None\n")
    with pytest.raises(InputError, match="student mine.py:build is a NoneType"):
        distill(replace(short(tmp_path, shards), student=f"{tmp_path / 'mine.py'}:build"))
    assert not (tmp_path / "run").exists()
