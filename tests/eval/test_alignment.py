"""Alignment."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eval.alignment import ALIGNMENTS, AS_IT_STANDS, LABELS, Fit, median_fit

positive = st.lists(st.floats(0.1, 90.0), min_size=1, max_size=15)


@given(positive, st.integers(0, 9))
def test_the_median_scale_is_the_ratio_of_numpys_medians(values: list[float], seed: int) -> None:
    pred_m, true_m = np.array(values), np.random.default_rng(seed).uniform(0.1, 90.0, len(values))
    scale = median_fit(torch.from_numpy(pred_m), torch.from_numpy(true_m)).scale
    np.testing.assert_allclose(scale, np.median(true_m) / np.median(pred_m), rtol=1e-12)


@given(positive, st.floats(0.1, 10.0))
def test_alignment_undoes_any_factor(values: list[float], factor: float) -> None:
    true_m = torch.tensor(values, dtype=torch.float64)
    np.testing.assert_allclose(median_fit(factor * true_m, true_m).scale * factor, 1.0, rtol=1e-9)


def test_pixels_without_an_answer_are_left_out_of_the_fit() -> None:
    pred = torch.tensor([1.0, float("nan"), 3.0, float("inf")])
    assert median_fit(pred, torch.tensor([2.0, 90.0, 6.0, 90.0])).scale == pytest.approx(2.0)


@pytest.mark.parametrize("pred", [[float("nan")] * 2, [-1.0, -2.0], [0.0, 0.0]])
def test_a_prediction_without_a_positive_median_is_left_as_it_stands(pred: list[float]) -> None:
    assert median_fit(torch.tensor(pred), torch.tensor([1.0, 2.0])) == Fit() == AS_IT_STANDS


def test_no_alignment_is_the_factor_one_and_every_alignment_has_a_label() -> None:
    assert ALIGNMENTS["none"](torch.tensor([3.0]), torch.tensor([4.0])) == AS_IT_STANDS
    assert LABELS.keys() == ALIGNMENTS.keys()
