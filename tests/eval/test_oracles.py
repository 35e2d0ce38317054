"""Published programs against `python -m eval.run`, to the last digit that they have."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.eval.oracles import ORACLES, run_oracle


@pytest.mark.parametrize("program", ORACLES)
def test_the_command_says_what_the_authors_program_says(program: str, shared: Path, tmp_path: Path) -> None:
    assert run_oracle(program, shared / "oracles" / "metrics", tmp_path) == []


def test_the_interval_of_an_image_averaged_root_holds_it(shared: Path, tmp_path: Path) -> None:
    run_oracle("junjh_nyu_nan", shared / "oracles" / "metrics", tmp_path)
    (row,) = json.loads((tmp_path / "report/report.json").read_text())["rows"]
    with open(tmp_path / "report/per_image.csv") as stream:
        roots = [float(line["rmse"]) for line in csv.DictReader(stream)]
    low, high = row["intervals"]["rmse"]
    assert low < row["metrics"]["rmse"] < high
    assert low == pytest.approx(min(roots), rel=0.05) and high == pytest.approx(max(roots), rel=0.05)
