"""Metrics against slow loops, and in what they promise; `test_oracles.py` holds them against the authors' programs."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import METRICS, image_metrics, mean_figures


def slow_metrics(pred: list[float], true: list[float]) -> dict[str, float]:
    """The definitions, pixel by pixel in Python's own numbers."""
    pairs = list(zip(pred, true, strict=True))
    errors = [math.log(p) - math.log(g) for p, g in pairs]
    mean = sum(errors) / len(errors)
    figures = {
        "abs_rel": sum(abs(p - g) / g for p, g in pairs) / len(pairs),
        "sq_rel": sum((p - g) ** 2 / g for p, g in pairs) / len(pairs),
        "rmse": math.sqrt(sum((p - g) ** 2 for p, g in pairs) / len(pairs)),
        "mae": sum(abs(p - g) for p, g in pairs) / len(pairs),
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
    assert [figures[name] for name in ("abs_rel", "sq_rel", "rmse", "mae", "rmse_log", "log10", "silog")] == [0.0] * 7
    assert [figures[f"delta{k}"] for k in (1, 2, 3)] == [1.0] * 3


def test_silog_and_only_silog_ignores_a_factor_on_the_prediction() -> None:
    true_m = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    pred_m = torch.tensor([1.1, 1.9, 4.4], dtype=torch.float64)
    once, twice = image_metrics(pred_m, true_m), image_metrics(2 * pred_m, true_m)
    assert twice["silog"] == pytest.approx(once["silog"], rel=1e-9)
    assert twice["rmse_log"] > once["rmse_log"] + 0.5


def test_silog_is_over_all_pixels_and_not_over_one_less() -> None:
    """Expected by hand: e is 0 and ln 2, mean of squares less square of mean is (ln 2)^2 / 4."""
    figures = image_metrics(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]))
    assert figures["silog"] == pytest.approx(100.0 * math.log(2.0) / 2.0, rel=1e-6)


def test_scaling_prediction_and_truth_together_leaves_the_relative_metrics_alone() -> None:
    true_m, pred_m = torch.tensor([1.0, 2.0, 4.0]).double(), torch.tensor([1.1, 1.5, 4.4]).double()
    once, scaled = image_metrics(pred_m, true_m), image_metrics(3 * pred_m, 3 * true_m)
    for name in ("abs_rel", "rmse_log", "log10", "silog", "delta1", "delta2", "delta3"):
        assert scaled[name] == pytest.approx(once[name], rel=1e-9)
    assert scaled["rmse"] == pytest.approx(3 * once["rmse"])


def test_delta_is_strict_at_its_threshold() -> None:
    figures = image_metrics(torch.tensor([1.25, 1.0]), torch.tensor([1.0, 1.0]))
    assert (figures["delta1"], figures["delta2"]) == (0.5, 1.0)
    at = image_metrics(torch.tensor([1.25, 1.0]), torch.tensor([1.0, 1.0]), delta_rule="<=")
    assert (at["delta1"], at["delta2"]) == (1.0, 1.0)


def test_ratios_are_taken_in_the_precision_of_the_input() -> None:
    """In float32 this ratio is the threshold, in float64 it lies below: published programs do not count the pixel."""
    pred_m, true_m = torch.tensor([0.53]), torch.tensor([0.424])
    assert float(pred_m.double() / true_m.double()) < 1.25
    assert image_metrics(pred_m, true_m)["delta1"] == 0.0


def test_the_root_of_means_is_never_below_the_mean_of_roots() -> None:
    rows = [
        image_metrics(torch.tensor([2.0]), torch.tensor([1.0])),
        image_metrics(torch.tensor([8.0]), torch.tensor([1.0])),
    ]
    assert mean_figures(rows)["rmse"] == pytest.approx(4.0)
    assert mean_figures(rows, rmse="root_of_means")["rmse"] == pytest.approx(5.0)
    assert mean_figures(rows)["mae"] == mean_figures(rows, rmse="root_of_means")["mae"]
    with pytest.raises(ValueError, match="no images"):
        mean_figures([])


@pytest.mark.parametrize(
    "pred, true", [([], []), ([1.0], [1.0, 2.0]), ([0.0], [1.0]), ([float("nan")], [1.0]), ([1.0], [float("inf")])]
)
def test_what_has_no_metric_is_refused(pred: list[float], true: list[float]) -> None:
    with pytest.raises(ValueError, match="vectors|finite and positive"):
        image_metrics(torch.tensor(pred), torch.tensor(true))
