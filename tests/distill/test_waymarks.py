from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import nn

from distill.ema import Ema
from distill.waymarks import is_waymark, set_waymark, waymarks_of, weights_sha256


def test_waymarks_stand_at_powers_of_two_behind_every_checkpoint_and_at_the_end() -> None:
    found = [step for step in range(1, 28) if is_waymark(step, 27, 10)]
    assert found == [1, 2, 4, 8, 10, 11, 12, 14, 18, 20, 21, 22, 24, 27]


def test_a_waymark_depends_on_every_weight_and_on_the_average() -> None:
    student = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    ema = Ema(student, 0.9)
    before = weights_sha256(student, ema)
    assert weights_sha256(copy.deepcopy(student), ema) == before
    with torch.no_grad():
        student[0].bias[1] = torch.nextafter(student[0].bias[1], torch.tensor(9.0))
    moved = weights_sha256(student, ema)
    ema.state["0.bias"].add_(1.0)
    assert len({before, moved, weights_sha256(student, ema)}) == 3


def test_a_run_that_goes_on_writes_over_what_it_noted(tmp_path: Path) -> None:
    student = nn.Linear(2, 2)
    ema = Ema(student, 0.9)
    assert waymarks_of(tmp_path) == {}
    set_waymark(tmp_path, 1, nn.Linear(2, 2), ema)
    set_waymark(tmp_path, 2, student, ema)
    set_waymark(tmp_path, 1, student, ema)
    assert waymarks_of(tmp_path) == dict.fromkeys((1, 2), weights_sha256(student, ema))
