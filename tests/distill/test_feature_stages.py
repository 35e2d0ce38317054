"""The three stages with the demo teacher, on a few images: what is made, what stays, and what a kill leaves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import distill.acclimation_fit as fit_module
import distill.run as run_module
from distill.acclimation_fit import (
    ACCLIMATION,
    Ghost,
    fit_acclimation,
    load_acclimation,
    save_acclimation,
    worth_of,
)
from distill.draw import AugmentConfig
from distill.feature_config import FeatureConfig
from distill.feature_stages import RESPONSE, check_features, features_report
from distill.lesson import Lesson, Taught
from distill.repetition import repeat_training
from distill.run import DistillConfig, distill, train_student
from distill.training import TrainConfig
from mde.checkpoint import TENSORS, load_directory
from mde.errors import InputError
from mde.files import read_json
from mde.nets import load_teacher
from mde.nets.edge import EdgeStudent
from mde.nets.net import DepthNet
from mde.nets.state import state_of
from mde.nets.student import STUDENT
from mde.nets.taps import tapped
from mde.shards import ShardReader
from tests.conftest import make_shards
from tests.distill.test_run import EXPORT
from tests.distill.test_training import rows
from tests.mde.test_edge import BINS

CONFIG = DistillConfig(
    teacher="demo",
    student="plain",
    transform="identity",
    train=TrainConfig(num_steps=4, batch_size=4, checkpoint_every=2),
    features=FeatureConfig(kind="attentive", response_steps=6, num_steps=5, min_gain=0.0),
)


def demo() -> DepthNet:
    return load_teacher("demo", None, domain="indoor")


def weights(folder: Path) -> bytes:
    return (folder / TENSORS).read_bytes()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shards(tmp_path_factory.mktemp("data") / "shards")


@pytest.fixture(scope="module")
def straight(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("straight")
    train_student(CONFIG, demo(), None, ShardReader(data), out)
    return out


@pytest.fixture
def ghost(data: Path) -> Iterator[Ghost]:
    torch.manual_seed(0)
    teacher = demo()
    with tapped(teacher) as taps:
        student = EdgeStudent("plain", BINS, teacher.spec.depth_range_m)
        yield Ghost(student, Lesson(teacher=teacher, taps=taps), ShardReader(data), CONFIG.train, seed=0)


def test_three_stages_lie_in_the_folder_of_the_run(straight: Path) -> None:
    assert [row["step"] for row in rows(straight / RESPONSE)] == list(range(6))
    assert all("features" not in row for row in rows(straight / RESPONSE))
    assert [row["step"] for row in rows(straight)] == list(range(4))
    assert all(row["features"] > 0 for row in rows(straight))
    report = features_report(CONFIG.features, straight)
    assert report is not None and report["is_imitated"] and len(report["levels"]) == 5


def test_the_term_begins_at_its_share_of_the_objective(straight: Path) -> None:
    """Measured on other batches and in eval mode, hence not to the last digit."""
    row = rows(straight)[0]
    report = features_report(CONFIG.features, straight)
    assert report is not None
    assert 0.02 < report["weight"] * row["features"] / row["loss"] < 0.4


def test_the_student_goes_on_where_the_first_one_stopped(data: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, train=replace(CONFIG.train, num_steps=1, learning_rate=1e-9, ema_decay=0.0))
    train_student(config, demo(), None, ShardReader(data), tmp_path)
    first, last = (dict(load_directory(folder / STUDENT).tensors) for folder in (tmp_path / RESPONSE, tmp_path))
    for name, tensor in first.items():
        if name.endswith("weight"):
            torch.testing.assert_close(last[name], tensor, rtol=0, atol=1e-6)


def test_teacher_and_ghost_stay_as_they_are(ghost: Ghost) -> None:
    before = state_of(ghost.lesson.teacher).sha256, state_of(ghost.student).sha256
    fitted = fit_acclimation(ghost, CONFIG.features)
    worth_of(ghost, fitted, CONFIG.features)
    assert (state_of(ghost.lesson.teacher).sha256, state_of(ghost.student).sha256) == before
    assert not any(parameter.requires_grad for parameter in fitted.parameters())
    assert not any(parameter.requires_grad for parameter in ghost.student.parameters())


def test_the_ghost_is_the_students_decoder(ghost: Ghost, straight: Path) -> None:
    """Of the student's own features it makes the student's depth; the student that goes on has the same shapes."""
    _, parts = next(ghost.batches(range(1)))
    part = next(parts)
    output = ghost.answer(part)
    assert torch.equal(ghost.depth_m(part, [None] * len(output.features), output.features), output.depth_m)
    first, last = (load_directory(folder / STUDENT).tensors for folder in (straight / RESPONSE, straight))
    assert {name: tensor.shape for name, tensor in first.items()} == {
        name: tensor.shape for name, tensor in last.items()
    }


def test_translated_features_come_to_be_worth_more(ghost: Ghost) -> None:
    config = replace(CONFIG.features, num_steps=60, learning_rate=1e-2)
    barely = replace(config, learning_rate=1e-9)
    fitted, fresh = (worth_of(ghost, fit_acclimation(ghost, one), config) for one in (config, barely))
    assert fitted.ghost_error < 0.7 * fresh.ghost_error
    assert fitted.student_error == fresh.student_error
    assert fitted.gain > 1.0


def test_a_translation_is_the_same_when_it_is_fitted_again(ghost: Ghost) -> None:
    first, second = (state_of(fit_acclimation(ghost, CONFIG.features)).sha256 for _ in range(2))
    assert first == second


def test_micro_batches_fit_nearly_the_same_translation(ghost: Ghost, data: Path) -> None:
    whole = worth_of(ghost, fit_acclimation(ghost, CONFIG.features), CONFIG.features)
    parts = Ghost(ghost.student, ghost.lesson, ghost.reader, replace(CONFIG.train, micro_batch=2), seed=0)
    assert worth_of(parts, fit_acclimation(parts, CONFIG.features), CONFIG.features).ghost_error == pytest.approx(
        whole.ghost_error, rel=0.2
    )


def test_a_translation_is_loaded_as_it_was_saved(ghost: Ghost, tmp_path: Path) -> None:
    fitted = fit_acclimation(ghost, CONFIG.features)
    worth = worth_of(ghost, fitted, CONFIG.features)
    save_acclimation(tmp_path / "saved", fitted, worth)
    loaded, loaded_worth = load_acclimation(tmp_path / "saved")
    assert state_of(loaded).sha256 == state_of(fitted).sha256
    assert (loaded.levels, loaded.is_attentive, loaded_worth) == (fitted.levels, True, worth)
    assert not loaded.training


def test_a_teacher_that_follows_no_render_is_refused(ghost: Ghost, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where --align-teacher finds no image that can be aligned."""
    real = fit_module.taught

    def none_taught(*arguments: Any, **options: Any) -> Taught:
        images, depth_m, maps = real(*arguments, **options)
        return Taught(images[:0], depth_m[:0], [one[:0] for one in maps])

    monkeypatch.setattr(fit_module, "taught", none_taught)
    with pytest.raises(InputError, match="in no image of step 0"):
        fit_acclimation(ghost, CONFIG.features)


def test_the_student_of_a_finished_run_is_trained_again_to_the_same_weights(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As mde.verify does, from the first student and the translation that the run has kept."""
    monkeypatch.setattr(run_module, "export_student", lambda reader, out, own: EXPORT)
    distill(replace(CONFIG, data=data, out=tmp_path / "run"))
    (tmp_path / "work").mkdir()
    found = repeat_training(
        tmp_path / "run", tmp_path / "work", num_steps=4, from_checkpoint=False, data=None, weights=None
    )
    assert found.is_same and not found.faults and found.last == 4


def test_a_damaged_translation_is_refused(straight: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(straight / ACCLIMATION, tmp_path / "torn")
    (folder / TENSORS).write_bytes(weights(folder)[:-1])
    with pytest.raises(InputError, match="missing or damaged"):
        load_acclimation(folder)


class Killed(Exception):
    """In place of a signal."""


@pytest.mark.parametrize("at", [pytest.param(3, marks=pytest.mark.slow), pytest.param(8, marks=pytest.mark.slow), 30])
def test_a_run_killed_in_any_stage_ends_with_the_same_weights(
    at: int, data: Path, straight: Path, tmp_path: Path
) -> None:
    """Batches 0 to 5 are the first student's; one looks at sizes, 5 fit, 16 measure, four are the student's."""

    class KillingTransformation(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.num = 0

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            self.num += 1
            if self.num > at:
                raise Killed
            return image

    with pytest.raises(Killed):
        train_student(CONFIG, demo(), KillingTransformation(), ShardReader(data), tmp_path)
    train_student(CONFIG, demo(), None, ShardReader(data), tmp_path)
    for folder in (RESPONSE + "/" + STUDENT, ACCLIMATION, STUDENT):
        assert weights(tmp_path / folder) == weights(straight / folder)


def test_features_that_lead_no_nearer_are_not_imitated(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = replace(CONFIG, features=replace(CONFIG.features, min_gain=1e6))
    train_student(config, demo(), None, ShardReader(data), tmp_path)
    assert "features are not imitated" in capsys.readouterr().out
    assert all("features" not in row for row in rows(tmp_path))
    report = features_report(config.features, tmp_path)
    assert report is not None and not report["is_imitated"]


@pytest.mark.parametrize(
    "change",
    [
        {"features": FeatureConfig(kind="ghost", response_steps=2, num_steps=2, min_gain=0.0)},
        {"train": replace(CONFIG.train, precision="bf16")},
        {"augment": AugmentConfig(mix=0.5, randomise=1.0)},
        {"student": "mobilenetv2_035"},
    ],
)
def test_it_works_with(change: dict[str, Any], data: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, **change)
    train_student(config, demo(), None, ShardReader(data), tmp_path)
    assert all(0.0 < row["features"] < float("inf") for row in rows(tmp_path))


def test_a_run_of_the_command_reports_its_features(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "export_student", lambda reader, out, own: EXPORT)
    config = replace(CONFIG, data=data, out=tmp_path / "run")
    distill(config)
    report = read_json(tmp_path / "run" / "report.json")["features"]
    assert report["is_imitated"] and report["gain"] > 0
    roles = {
        entry["annotations"]["role"]
        for entry in read_json(tmp_path / "run" / "provenance.json")["predicate"]["buildDefinition"][
            "resolvedDependencies"
        ]
    }
    assert "features" in roles
    with pytest.raises(InputError, match="features"):
        distill(replace(config, features=replace(config.features, share=0.2)))


def test_a_student_without_a_decoder_of_its_own_is_refused() -> None:
    with pytest.raises(InputError, match="mine.py:load is taught by depth alone"):
        check_features(CONFIG.features, demo(), nn.Identity(), "mine.py:load")  # type: ignore[arg-type]
    check_features(FeatureConfig(), demo(), nn.Identity(), "mine.py:load")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"response_steps": -1},
        {"num_steps": 0},
        {"learning_rate": 0.0},
        {"share": 0.0},
        {"share": 1.0},
        {"min_gain": float("nan")},
    ],
)
def test_impossible_options_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"--features.{next(iter(change)).replace('_', '-')}"):
        FeatureConfig(**change)  # type: ignore[arg-type]


def test_a_cache_of_depth_does_not_hold_features(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="keeps depth, not features"):
        replace(CONFIG, teacher_cache=tmp_path)
