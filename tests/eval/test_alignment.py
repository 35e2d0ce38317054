"""Alignment."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eval.alignment import (
    ALIGNMENTS,
    AS_IT_STANDS,
    LABELS,
    SUITABLE,
    Alignment,
    Fit,
    check_kind,
    least_squares_fit,
    least_squares_inverse_fit,
    median_fit,
)
from mde.errors import InputError

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


pixel_pairs = st.lists(st.tuples(st.floats(0.1, 90.0), st.floats(0.1, 90.0)), min_size=3, max_size=20)


def slow_line(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Aligned values by numpy's own least squares; also where there are many solutions, since all say the same."""
    design = np.stack((values, np.ones_like(values)), axis=1)
    solution, *_ = np.linalg.lstsq(design, targets, rcond=None)
    aligned: np.ndarray = design @ solution
    return aligned


@given(pixel_pairs)
def test_scale_and_shift_are_those_of_numpys_lstsq(pairs: list[tuple[float, float]]) -> None:
    pred, true_m = np.array(pairs).T
    ours = least_squares_fit(torch.from_numpy(pred), torch.from_numpy(true_m)).apply(torch.from_numpy(pred))
    np.testing.assert_allclose(ours.numpy(), slow_line(pred, true_m), rtol=1e-6, atol=1e-6)


@given(pixel_pairs)
def test_in_inverse_depth_they_are_those_of_numpys_lstsq_of_inverses(pairs: list[tuple[float, float]]) -> None:
    pred, true_m = np.array(pairs).T
    fit = least_squares_inverse_fit(torch.from_numpy(pred), torch.from_numpy(true_m))
    np.testing.assert_allclose(fit.scale / pred + fit.shift, slow_line(1.0 / pred, 1.0 / true_m), rtol=1e-6, atol=1e-6)


@given(positive, st.floats(0.2, 5.0), st.floats(0.0, 3.0))
def test_what_relative_depth_leaves_open_is_found_again(values: list[float], scale: float, shift: float) -> None:
    true_m = torch.tensor(values, dtype=torch.float64)
    relative = 1.0 / (scale / true_m + shift)
    aligned = least_squares_inverse_fit(relative, true_m).apply(relative)
    np.testing.assert_allclose(aligned.numpy(), true_m.numpy(), rtol=1e-6)
    affine = scale * true_m - shift
    np.testing.assert_allclose(least_squares_fit(affine, true_m).apply(affine).numpy(), true_m.numpy(), rtol=1e-6)


FITS = {"least_squares": least_squares_fit, "least_squares_inverse": least_squares_inverse_fit}


@pytest.mark.parametrize("alignment", FITS)
def test_a_constant_prediction_becomes_the_one_depth_that_fits_best(alignment: Alignment) -> None:
    true_m = torch.tensor([1.0, 2.0, 4.0])
    fit = FITS[alignment](torch.full((3,), 7.0), true_m)
    best = 7.0 / 3.0 if alignment == "least_squares" else 1.0 / (1.75 / 3.0)
    assert fit.scale == 0.0
    assert fit.apply(torch.full((3,), 7.0)).tolist() == pytest.approx([best] * 3)


@pytest.mark.parametrize("alignment", FITS)
def test_one_pixel_and_two_pixels_are_met_exactly(alignment: Alignment) -> None:
    one, two = torch.tensor([3.0]), torch.tensor([3.0, 5.0])
    assert FITS[alignment](one, torch.tensor([8.0])).apply(one).tolist() == pytest.approx([8.0])
    fit = FITS[alignment](two, torch.tensor([8.0, 2.0]))  # against the truth
    assert fit.scale < 0.0
    assert fit.apply(two).tolist() == pytest.approx([8.0, 2.0], rel=1e-5)


@pytest.mark.parametrize("alignment", FITS)
def test_what_is_finite_nowhere_is_left_as_it_stands_and_single_pixels_are_left_out(alignment: Alignment) -> None:
    nan, true_m = float("nan"), torch.tensor([1.0, 2.0, 3.0, 9.0])
    assert FITS[alignment](torch.full((4,), nan), true_m) == AS_IT_STANDS
    fit = FITS[alignment](torch.tensor([1.0, 2.0, 3.0, nan]), true_m)
    assert fit.apply(true_m).tolist() == pytest.approx(true_m.tolist(), rel=1e-5)


def test_an_infinite_answer_is_inverse_depth_zero() -> None:
    pred = torch.tensor([1.0, 2.0, float("inf")])
    fit = least_squares_inverse_fit(pred, torch.tensor([1.0, 2.0, 1e9]))
    assert fit.apply(pred)[2] > 1e4 and fit.apply(pred)[0].item() == pytest.approx(1.0, rel=1e-4)


def test_beyond_infinity_is_infinite() -> None:
    fit = Fit(scale=1.0, shift=-0.5, is_inverse=True)
    assert fit.apply(torch.tensor([1.0, 2.0, 4.0])).tolist() == [2.0, float("inf"), float("inf")]


def test_a_caption_says_what_was_done() -> None:
    fits = (Fit(), Fit(scale=0.5), Fit(scale=-0.5, shift=2.0), Fit(scale=2.0, shift=-0.25, is_inverse=True))
    assert [str(fit) for fit in fits] == ["", "scaled by 0.5", "-0.5 × depth + 2 m", "1 / (2 / depth - 0.25)"]


def test_a_kind_of_depth_is_judged_only_where_all_it_does_not_know_is_taken_away() -> None:
    check_kind("metric", ALIGNMENTS, net="a")
    check_kind("relative", ("least_squares_inverse",), net="a")
    with pytest.raises(InputError, match="a answers relative depth, .* median cannot .* --alignment least_squares_inv"):
        check_kind("relative", ("least_squares_inverse", "median"), net="a")
    with pytest.raises(InputError, match="disparity .* --alignment median or"):
        check_kind("disparity", ("none",), net="a")
    assert SUITABLE["metric"] == tuple(ALIGNMENTS)
