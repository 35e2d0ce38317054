from __future__ import annotations

import pytest
import torch

from eval.demo import ADAPTED, PLAIN, UPPER, DemoConfig, closed_sentence, demo_table, gap_closed
from eval.stage_cost import StageCost, stage_cost
from mde.errors import InputError


def arms(plain: float, adapted: float, upper: float) -> list[dict[str, object]]:
    return [
        {"mean": {"abs_rel": error, "rmse": 2 * error, "delta1": 1 - error}, "training_abs_rel_to_teacher": [0.05]}
        for error in (plain, adapted, upper)
    ]


@pytest.mark.parametrize(("adapted", "share"), [(0.30, 0.0), (0.20, 0.5), (0.10, 1.0), (0.35, -0.25)])
def test_the_gap_closed_is_the_share_of_the_way_to_the_upper_bound(adapted: float, share: float) -> None:
    assert gap_closed(arms(0.30, adapted, 0.10))["abs_rel"] == pytest.approx(share)


def test_without_a_gap_nothing_is_closed_and_that_is_said() -> None:
    closed = gap_closed(arms(0.1, 0.1, 0.1))
    assert closed == {"abs_rel": None, "rmse": None}
    assert "no gap to close" in closed_sentence(closed)


def test_the_table_shows_every_arm_with_its_training_error() -> None:
    rows = arms(0.3, 0.2, 0.1)
    table = demo_table({"abs_rel": 0.08, "delta1": 0.9, "rmse": 0.4}, rows, gap_closed(rows))
    for name in ("(teacher)", PLAIN, ADAPTED, UPPER):
        assert name in table
    assert table.count("0.0500") == 3
    assert "50 %" in table and "100 %" in table


def test_the_cost_of_a_stage_has_its_memory_and_not_that_of_earlier_stages() -> None:
    costs: list[StageCost] = []
    with stage_cost("large", costs):
        torch.ones(100_000_000)  # 400 MB
    with stage_cost("small", costs):
        torch.ones(10)
    large, small = costs
    assert (large.stage, small.stage) == ("large", "small")
    assert large.peak_megabytes - small.peak_megabytes > 300
    assert large.seconds > 0


@pytest.mark.parametrize("name", ["num_images", "num_test", "num_steps", "batch_size", "num_seeds"])
def test_counts_below_one_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="must be at least 1"):
        DemoConfig(**{name: 0})  # type: ignore[arg-type]
