from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from distill.choice import MARGIN, SCORES, ProxyJudge, choose, scores_of
from mde.files import read_json
from mde.nets.net import DepthNet
from mde.nets.output import Output
from mde.shards import ShardReader
from tests.conftest import make_shards, make_teacher


class Scaled(nn.Module):
    """The teacher's depth times a factor: its proxy is the factor's logarithm."""

    def __init__(self, teacher: DepthNet, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))
        self._ask = [teacher]  # in a list, so that the teacher's numbers are not the student's

    def forward(self, image: Tensor) -> Output:
        return Output(depth_m=self._ask[0](image).depth_m * self.factor)


def judged(out: Path, factors: dict[int, float], *, num_steps: int = 10) -> tuple[int, float]:
    """The chosen step and factor after checkpoints with the given factors."""
    teacher = make_teacher()
    held_out = ShardReader(make_shards(out / "held-out", num=4))
    judge = ProxyJudge(teacher, None, held_out, out, num_steps)
    for step, factor in factors.items():
        judge(Scaled(teacher, factor), step)
    student = Scaled(teacher, factors[num_steps])
    return choose(student, out, num_steps), student.factor.item()


def test_a_clearly_better_checkpoint_becomes_the_student(tmp_path: Path) -> None:
    assert judged(tmp_path, {6: 1.3, 8: 1.1, 10: 1.2}) == (8, pytest.approx(1.1))


def test_the_last_stays_where_no_other_is_clearly_better(tmp_path: Path) -> None:
    nearly = 1.2 ** (1.0 - MARGIN / 2)
    assert judged(tmp_path, {8: nearly, 10: 1.2}) == (10, pytest.approx(1.2))
    assert judged(tmp_path, {8: 1.3, 10: 1.2}) == (10, pytest.approx(1.2))


def test_the_first_half_is_not_judged(tmp_path: Path) -> None:
    assert judged(tmp_path, {4: 1.0, 10: 1.2}) == (10, pytest.approx(1.2))
    assert list(read_json(tmp_path / SCORES)) == ["10"]


def test_a_run_that_goes_on_forgets_the_scores_of_lost_checkpoints(tmp_path: Path) -> None:
    judged(tmp_path, {6: 1.3, 8: 1.1, 10: 1.2})
    teacher = make_teacher()
    judge = ProxyJudge(teacher, None, ShardReader(tmp_path / "held-out"), tmp_path, 10)
    judge(Scaled(teacher, 1.3), 6)
    assert list(scores_of(tmp_path)) == ["6"]


def test_without_a_judge_the_last_is_chosen(tmp_path: Path) -> None:
    student = Scaled(make_teacher(), 1.5)
    assert choose(student, tmp_path, 10) == 10 and student.factor.item() == 1.5
