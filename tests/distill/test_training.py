from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from distill.objective import ObjectiveConfig
from distill.training import METRICS, TrainConfig, TrainSummary, train, warmup_cosine
from mde.checkpoint import TENSORS
from mde.errors import InputError
from mde.nets.edge import EdgeStudent
from mde.shards import ShardReader
from tests.conftest import make_shards, make_teacher
from tests.mde.test_edge import BINS

CONFIG = TrainConfig(num_steps=6, batch_size=4, checkpoint_every=2)


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
    shards: Path, out: Path, *, transformation: nn.Module | None = None, config: TrainConfig = CONFIG, seed: int = 0
) -> tuple[EdgeStudent, TrainSummary]:
    student = fresh_student()
    out.mkdir(exist_ok=True)
    summary = train(
        student, make_teacher(), transformation, ShardReader(shards), config, ObjectiveConfig(), out, seed=seed
    )
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
    train(fresh_student(), teacher, None, ShardReader(shards), CONFIG, ObjectiveConfig(), tmp_path / "a", seed=0)
    assert all(torch.equal(before[name], tensor) for name, tensor in teacher.state_dict().items())


class NotANumber(nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        return image * float("nan")


def test_an_objective_that_is_not_finite_stops_the_run_with_advice(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"became nan at step 0; lower --train.learning-rate"):
        run(shards, tmp_path / "a", transformation=NotANumber())


def test_torn_lines_of_a_killed_run_are_taken_back(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(shards, tmp_path / "a", transformation=KilledAt(5))
    with (tmp_path / "a" / METRICS).open("a") as log:
        log.write('{"step": 5, "lo')
    run(shards, tmp_path / "a")
    assert [row["step"] for row in rows(tmp_path / "a")] == list(range(6))


def test_the_schedule_rises_to_one_and_falls_to_zero() -> None:
    factors = [warmup_cosine(step, 100) for step in range(100)]
    assert max(factors) == 1.0 and factors.index(1.0) == 9
    assert factors[:10] == sorted(factors[:10]) and factors[9:] == sorted(factors[9:], reverse=True)
    assert factors[-1] < 1e-3


@pytest.mark.parametrize(
    "change", [{"num_steps": 0}, {"batch_size": 0}, {"learning_rate": 0.0}, {"weight_decay": -1.0}]
)
def test_impossible_settings_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InputError):
        TrainConfig(**change)  # type: ignore[arg-type]


def test_what_a_changing_teacher_taught_is_not_kept(shards: Path, tmp_path: Path) -> None:
    teacher = make_teacher().train()  # BatchNorm goes on learning
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="teacher 'tiny' changed while it taught"):
        train(fresh_student(), teacher, None, ShardReader(shards), CONFIG, ObjectiveConfig(), tmp_path / "out", seed=0)
    assert not (tmp_path / "out" / "checkpoints").exists()
