from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from distill.draw import AugmentConfig, drawn
from distill.failed_batch import FOLDER
from distill.guards import Guards
from distill.lesson import Lesson
from distill.metrics_log import METRICS
from distill.training import TrainConfig, TrainSummary, _backward, train
from mde.checkpoint import TENSORS, Checkpoint, load_directory, save_directory
from mde.errors import InputError
from mde.files import read_json
from mde.nets.edge import EdgeStudent
from mde.shards import ShardReader
from tests.conftest import make_shards, make_teacher
from tests.mde.test_edge import BINS

CONFIG = TrainConfig(num_steps=6, batch_size=4, checkpoint_every=2)
AUGMENT = AugmentConfig(mix=0.5, randomise=1.0)


def fresh_student() -> EdgeStudent:
    torch.manual_seed(0)
    return EdgeStudent("mobilenetv2_035", BINS, (1e-3, 10.0))


class KilledAt(nn.Module):
    """A transformation that changes nothing and fails at one step, as a kill would."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.left = step

    def forward(self, image: Tensor) -> Tensor:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return image


def run(
    shards: Path,
    out: Path,
    *,
    transformation: nn.Module | None = None,
    config: TrainConfig = CONFIG,
    augment: AugmentConfig = AUGMENT,
    seed: int = 0,
) -> tuple[EdgeStudent, TrainSummary]:
    student = fresh_student()
    out.mkdir(exist_ok=True)
    lesson = Lesson(teacher=make_teacher(), transformation=transformation, augment=augment)
    summary = train(student, lesson, ShardReader(shards), config, out, seed=seed)
    return student, summary


def rows(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / METRICS).read_text().splitlines()]


def same(first: nn.Module, second: nn.Module) -> bool:
    theirs = second.state_dict()
    return all(torch.equal(tensor, theirs[name]) for name, tensor in first.state_dict().items())


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> tuple[EdgeStudent, Path]:
    """A run that was never interrupted, on images like those of `shards`, and its folder, which is only read."""
    folder = tmp_path_factory.mktemp("straight")
    student, _ = run(make_shards(folder / "shards"), folder / "run")
    return student, folder / "run"


def test_a_killed_run_ends_with_the_same_weights_bit_for_bit(straight, shards: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(shards, tmp_path / "killed", transformation=KilledAt(5))
    resumed, summary = run(shards, tmp_path / "killed")
    assert summary.resumed_from == 4
    assert same(resumed, straight[0])
    logs = [rows(out) for out in (straight[1], tmp_path / "killed")]
    assert [row["step"] for row in logs[1]] == list(range(6))
    assert logs[0] == logs[1]


def test_a_run_goes_on_from_the_last_good_checkpoint_when_the_newest_is_damaged(
    straight, shards: Path, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(shards, tmp_path / "killed", transformation=KilledAt(5))
    torn = tmp_path / "killed" / "checkpoints" / "step_00000004" / TENSORS
    torn.write_bytes(torn.read_bytes()[:1000])
    resumed, summary = run(shards, tmp_path / "killed")
    assert summary.resumed_from == 2
    assert same(resumed, straight[0])


def test_another_seed_gives_other_weights(straight, shards: Path, tmp_path: Path) -> None:
    other, _ = run(shards, tmp_path / "b", seed=1)
    assert not same(straight[0], other)


def test_a_finished_run_is_only_read_again(straight, shards: Path, tmp_path: Path) -> None:
    again, summary = run(shards, shutil.copytree(straight[1], tmp_path / "a"))
    assert same(straight[0], again)
    assert summary.resumed_from == 6 and math.isnan(summary.images_per_second)


def test_a_student_learns_the_teacher(shards: Path, tmp_path: Path) -> None:
    config = TrainConfig(num_steps=30, batch_size=6, checkpoint_every=30, learning_rate=6e-3)
    run(shards, tmp_path / "a", config=config)
    errors = [row["abs_rel_to_teacher"] for row in rows(tmp_path / "a")]
    first, last = sum(errors[:5]) / 5, sum(errors[-5:]) / 5
    assert last < 0.5 * first


def test_the_teacher_stays_as_it_was(shards: Path, tmp_path: Path) -> None:
    teacher = make_teacher()
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    (tmp_path / "a").mkdir()
    train(fresh_student(), Lesson(teacher=teacher), ShardReader(shards), CONFIG, tmp_path / "a", seed=0)
    assert all(torch.equal(before[name], tensor) for name, tensor in teacher.state_dict().items())


class NotANumber(nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        return image * float("nan")


def test_an_objective_that_is_not_finite_stops_the_run_with_advice(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"became nan at step 0; look at .*step-0.png, lower --train.learning-rate"):
        run(shards, tmp_path / "a", transformation=NotANumber())
    shown = read_json(tmp_path / "a" / FOLDER / "step-0.json")
    assert len(shown["records"]) == 4 and shown["terms"]["log"] == ["nan"] * 4
    assert (tmp_path / "a" / FOLDER / "step-0.png").stat().st_size > 1000


def test_torn_lines_of_a_killed_run_are_taken_back(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(shards, tmp_path / "a", transformation=KilledAt(5))
    with (tmp_path / "a" / METRICS).open("a") as log:
        log.write('{"step": 5, "lo')
    run(shards, tmp_path / "a")
    assert [row["step"] for row in rows(tmp_path / "a")] == list(range(6))


@pytest.mark.parametrize(
    "change",
    [
        {"num_steps": 0},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"weight_decay": -1.0},
        {"micro_batch": -1},
        {"clip_norm": 0.0},
        {"ema_decay": 1.0},
        {"num_threads": 0},
    ],
)
def test_impossible_settings_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InputError):
        TrainConfig(**change)  # type: ignore[arg-type]


def test_what_a_changing_teacher_taught_is_not_kept(shards: Path, tmp_path: Path) -> None:
    teacher = make_teacher().train()  # BatchNorm goes on learning
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="teacher 'tiny' changed while it taught"):
        train(fresh_student(), Lesson(teacher=teacher), ShardReader(shards), CONFIG, tmp_path / "out", seed=0)
    assert not (tmp_path / "out" / "checkpoints").exists()


def test_micro_batches_give_the_gradient_of_the_whole_batch(shards: Path, tmp_path: Path) -> None:
    """Shown with running statistics frozen: in training BatchNorm sees each part by itself."""
    gradients = []
    for micro_batch in (0, 3):
        student = fresh_student().eval()
        pictures = next(
            drawn(
                ShardReader(shards),
                make_teacher().spec.framing,
                8,
                AUGMENT,
                seed=0,
                steps=range(1),
                places=range(8),
                with_depth=False,
                num_threads=1,
            )
        )[1]
        config = replace(CONFIG, batch_size=8, micro_batch=micro_batch)
        lesson = Lesson(teacher=make_teacher(), augment=AUGMENT)
        _backward(student, student, lesson, pictures, config, tmp_path, seed=0, step=0, first=0)
        gradients.append(torch.cat([p.grad.flatten() for p in student.parameters() if p.grad is not None]))
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-4, atol=1e-6)


def test_the_average_of_weights_becomes_the_student(shards: Path, tmp_path: Path) -> None:
    averaged, _ = run(shards, tmp_path / "a")
    last, _ = run(shards, tmp_path / "b", config=replace(CONFIG, ema_decay=0.0))
    newest = load_directory(tmp_path / "a" / "checkpoints" / "step_00000006").tensors
    for name, tensor in averaged.state_dict().items():
        assert torch.equal(tensor, newest[f"ema.{name}"])
        assert torch.equal(last.state_dict()[name], newest[f"student.{name}"])
    assert not same(averaged, last)


def test_bfloat16_stays_close_to_float32(shards: Path, tmp_path: Path) -> None:
    run(shards, tmp_path / "a", config=replace(CONFIG, precision="bf16"))
    run(shards, tmp_path / "b")
    # Roundings add up from step to step, and differ from processor to processor.
    for number, (first, second) in enumerate(zip(rows(tmp_path / "a"), rows(tmp_path / "b"), strict=True)):
        assert first["loss"] != second["loss"]
        assert first["loss"] == pytest.approx(second["loss"], rel=0.03 * (number + 1))


def test_checkpoints_of_another_version_are_refused(straight, shards: Path, tmp_path: Path) -> None:
    out = shutil.copytree(straight[1], tmp_path / "a")
    newest = load_directory(out / "checkpoints" / "step_00000006")
    save_directory(
        out / "checkpoints" / "step_00000006",
        Checkpoint(tensors=newest.tensors, sidecar={"kind": "training", "version": 1}),
    )
    with pytest.raises(InputError, match="another version of this program"):
        run(shards, out)


def test_the_judge_sees_the_averaged_student_at_every_checkpoint(shards: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, dict[str, Tensor]]] = []
    student = fresh_student()
    train(
        student,
        Lesson(teacher=make_teacher()),
        ShardReader(shards),
        CONFIG,
        tmp_path,
        seed=0,
        judge=lambda net, step: seen.append((step, net.state_dict())),
    )
    assert [step for step, _ in seen] == [2, 4, 6]
    assert all(torch.equal(tensor, seen[-1][1][name]) for name, tensor in student.state_dict().items())


def test_a_compiled_student_is_called_in_the_place_of_the_student(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def compiled(network: nn.Module, **options: bool) -> object:
        return lambda image: calls.append(options) or network(image)

    monkeypatch.setattr(torch, "compile", compiled)
    run(shards, tmp_path / "a", config=replace(CONFIG, compile=True))
    assert calls == [{"dynamic": False}] * CONFIG.num_steps


def test_a_guard_ends_a_run_and_can_be_told_not_to(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(self: Guards, step: int, row: dict[str, float]) -> None:
        assert {"spread", "teacher_spread", "log_bias"} <= row.keys()
        raise InputError(f"gone wrong at {step}")

    monkeypatch.setattr(Guards, "watch", failing)
    with pytest.raises(InputError, match="gone wrong at 0"):
        run(shards, tmp_path / "a")
    run(shards, tmp_path / "b", config=replace(CONFIG, guard=False))
