"""Metrics against the authors' programs, against slow loops, and in what they promise."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import METRICS, image_metrics
from eval.protocol import PROTOCOLS, Protocol, finish, scored_prediction, scored_truth, valid_mask

AUTHORS_NAMES = {
    "a1": "delta1",
    "a2": "delta2",
    "a3": "delta3",
    "d1": "delta1",
    "d2": "delta2",
    "d3": "delta3",
    "log_10": "log10",
}
BTS_EIGEN = replace(PROTOCOLS["kitti_eigen_garg_full"], name="bts_eigen", crop="eigen_kitti")
ORACLES: dict[str, Protocol] = {
    "adabins_kitti_garg": PROTOCOLS["kitti_eigen_garg_kbcrop"],
    "adabins_kitti_eigen": PROTOCOLS["kitti_eigen_eigen_kbcrop"],
    "adabins_nyu_eigen": PROTOCOLS["nyu_eigen"],
    "toolbox_kitti_garg": PROTOCOLS["kitti_eigen_garg_kbcrop"],
    "toolbox_kitti_eigen": PROTOCOLS["kitti_eigen_eigen_kbcrop"],
    "toolbox_nyu_eigen": PROTOCOLS["nyu_eigen"],
    "bts_kitti_garg": PROTOCOLS["kitti_eigen_garg_full"],
    "bts_kitti_eigen": BTS_EIGEN,
    "bts_nyu_eigen": PROTOCOLS["nyu_eigen"],
}


@pytest.mark.parametrize("program", ORACLES)
def test_figures_are_those_of_the_authors_programs(program: str, shared: Path) -> None:
    folder = shared / "oracles" / "metrics"
    expected = json.loads((folder / "metrics_oracle.json").read_text())[program]
    dataset = program.split("_")[1]
    with np.load(folder / "metrics_oracle.npz") as arrays:
        rows = score_arrays(dict(arrays), dataset, ORACLES[program])
    assert len(rows) == len(expected["per_image"])
    for theirs, value in expected["mean"].items():
        ours = np.mean([row[AUTHORS_NAMES.get(theirs, theirs)] for row in rows])
        # Their programs add up in float32; silog is a difference of two near numbers there.
        assert ours == pytest.approx(value, rel=1e-3 if theirs == "silog" else 1e-5), theirs
    worst = sorted(row["abs_rel"] for row in rows), sorted(row["abs_rel"] for row in expected["per_image"])
    np.testing.assert_allclose(*worst, rtol=1e-5)


def score_arrays(arrays: dict[str, np.ndarray], dataset: str, protocol: Protocol) -> list[dict[str, float]]:
    units = np.float32(256 if dataset == "kitti" else 1000)
    rows = []
    for index in range(6):
        if (name := f"{dataset}_gt_u16_{index}") not in arrays:
            continue
        frame_m = torch.from_numpy(arrays[name].astype(np.float32) / units)[None]
        pred_m = torch.from_numpy(arrays[f"{dataset}_tta_{index}"])[None]
        true_m = scored_truth(frame_m, protocol)
        valid = valid_mask(true_m, protocol)
        pred_m = finish(scored_prediction(pred_m, protocol, *frame_m.shape[-2:]), 1.0, protocol)
        rows.append(image_metrics(pred_m[valid], true_m[valid]))
    return rows


def slow_metrics(pred: list[float], true: list[float]) -> dict[str, float]:
    """The definitions, pixel by pixel in Python's own numbers."""
    pairs = list(zip(pred, true, strict=True))
    errors = [math.log(p) - math.log(g) for p, g in pairs]
    mean = sum(errors) / len(errors)
    figures = {
        "abs_rel": sum(abs(p - g) / g for p, g in pairs) / len(pairs),
        "sq_rel": sum((p - g) ** 2 / g for p, g in pairs) / len(pairs),
        "rmse": math.sqrt(sum((p - g) ** 2 for p, g in pairs) / len(pairs)),
        "rmse_log": math.sqrt(sum(e * e for e in errors) / len(pairs)),
        "log10": sum(abs(math.log10(p) - math.log10(g)) for p, g in pairs) / len(pairs),
        "silog": 100 * math.sqrt(sum((e - mean) ** 2 for e in errors) / len(pairs)),
    }
    ratios = [max(p / g, g / p) for p, g in pairs]
    deltas = {f"delta{k}": sum(r < 1.25**k for r in ratios) / len(pairs) for k in (1, 2, 3)}
    return {**figures, **deltas}


depths = st.floats(0.01, 100.0)


@given(st.lists(st.tuples(depths, depths), min_size=1, max_size=20))
def test_metrics_equal_loops_over_pixels(pairs: list[tuple[float, float]]) -> None:
    pred, true = (list(column) for column in zip(*pairs, strict=True))
    ours = image_metrics(torch.tensor(pred, dtype=torch.float64), torch.tensor(true, dtype=torch.float64))
    assert ours == pytest.approx(slow_metrics(pred, true), rel=1e-9, abs=1e-5)
    assert list(ours) == list(METRICS)


def test_a_perfect_prediction_has_no_error() -> None:
    true_m = torch.tensor([0.5, 3.0, 70.0])
    figures = image_metrics(true_m, true_m)
    assert [figures[name] for name in ("abs_rel", "sq_rel", "rmse", "rmse_log", "log10", "silog")] == [0.0] * 6
    assert [figures[f"delta{k}"] for k in (1, 2, 3)] == [1.0] * 3


def test_silog_and_only_silog_ignores_a_factor_on_the_prediction() -> None:
    true_m = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    pred_m = torch.tensor([1.1, 1.9, 4.4], dtype=torch.float64)
    once, twice = image_metrics(pred_m, true_m), image_metrics(2 * pred_m, true_m)
    assert twice["silog"] == pytest.approx(once["silog"], rel=1e-9)
    assert twice["rmse_log"] > once["rmse_log"] + 0.5


def test_scaling_prediction_and_truth_together_leaves_the_relative_metrics_alone() -> None:
    true_m, pred_m = torch.tensor([1.0, 2.0, 4.0]).double(), torch.tensor([1.1, 1.5, 4.4]).double()
    once, scaled = image_metrics(pred_m, true_m), image_metrics(3 * pred_m, 3 * true_m)
    for name in ("abs_rel", "rmse_log", "log10", "silog", "delta1", "delta2", "delta3"):
        assert scaled[name] == pytest.approx(once[name], rel=1e-9)
    assert scaled["rmse"] == pytest.approx(3 * once["rmse"])


def test_delta_is_strict_at_its_threshold() -> None:
    figures = image_metrics(torch.tensor([1.25, 1.0]), torch.tensor([1.0, 1.0]))
    assert (figures["delta1"], figures["delta2"]) == (0.5, 1.0)


@pytest.mark.parametrize(
    "pred, true", [([], []), ([1.0], [1.0, 2.0]), ([0.0], [1.0]), ([float("nan")], [1.0]), ([1.0], [float("inf")])]
)
def test_what_has_no_metric_is_refused(pred: list[float], true: list[float]) -> None:
    with pytest.raises(ValueError, match="vectors|finite and positive"):
        image_metrics(torch.tensor(pred), torch.tensor(true))
