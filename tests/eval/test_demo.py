from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from eval.demo import ADAPTED, PLAIN, UPPER, DemoConfig, closed_sentence, demo_table, gap_closed
from eval.stage_cost import StageCost, stage_cost
from mde.allowance import Allowance
from mde.enclosure import prepared
from mde.errors import InputError
from mde.evidence import READS, read_evidence
from mde.landlock import landlock_abi
from mde.provenance import LOG_VARIABLE, noted


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


@pytest.mark.slow
def test_the_whole_way_needs_no_network_and_asks_for_none(tmp_path: Path) -> None:
    """Rendering, adaptation, distillation, export, scores and page, in a network without a way out, all watched."""
    begin = "from mde.namespaces import leave_network_and_memory as leave; print(leave(), flush=True); "
    small = ["--num-images", "16", "--num-steps", "12", "--num-test", "4", "--out", str(tmp_path / "demo")]
    become = "import os, sys; os.execv(sys.executable, [sys.executable, '-m', 'eval.demo', *sys.argv[1:]])"
    log = tmp_path / "log"
    watching = prepared(Allowance(reads=("/",)), added=(), revision=None, dies_with_parent=False)
    done = subprocess.run(
        [sys.executable, "-c", begin + become, *small],
        cwd=tmp_path,
        env={**watching, LOG_VARIABLE: str(log), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    adapted = tmp_path / "demo" / "seed-0" / "adapted"
    evidence = read_evidence(adapted)
    assert evidence is not None and evidence.connections == evidence.denied == ()
    assert noted(log)[0]["connection"] == noted(adapted / READS)[0]["connection"] == []
    assert any(path.endswith("student.onnx") for path in noted(adapted / READS)[0]["read"])
    assert "evidence of no real data" in (tmp_path / "demo" / "report" / "report.html").read_text()
    if done.stdout.startswith("None\n"):
        assert evidence.level == ("enforced" if landlock_abi() else "observed")
    else:
        pytest.skip(
            f"no connection was asked for, and it was not shown without a network: {done.stdout.splitlines()[0]}"
        )
