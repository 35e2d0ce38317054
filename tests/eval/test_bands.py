"""Error by distance."""

from __future__ import annotations

import pytest
import torch

from eval.bands import BandErrors, band_edges


def test_edges_run_from_the_first_to_the_last_scored_depth() -> None:
    assert band_edges(1e-3, 10.0) == (1e-3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
    assert band_edges(1.0, 80.0) == (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0, 80.0)


def test_each_pixel_counts_in_the_band_of_its_true_depth() -> None:
    errors = BandErrors(edges_m=(1.0, 2.0, 5.0, 10.0))
    errors.add(torch.tensor([1.5, 3.0]), torch.tensor([1.2, 2.0]))  # 2 m opens the second band
    errors.add(torch.tensor([4.4]), torch.tensor([4.0]))
    first, second, third = errors.mean()
    assert (first, second, third) == (pytest.approx(0.25), pytest.approx(0.3), None)
    assert errors.num_pixels.tolist() == [1, 2, 0]


def test_all_bands_together_are_the_pooled_error() -> None:
    generator = torch.Generator().manual_seed(0)
    true_m = torch.rand(500, generator=generator) * 78 + 1.5
    pred_m = true_m * (0.5 + torch.rand(500, generator=generator))
    errors = BandErrors(edges_m=band_edges(1.0, 80.0))
    errors.add(pred_m, true_m)
    assert errors.total.sum() / 500 == pytest.approx(float(((pred_m - true_m).abs() / true_m).mean()), rel=1e-5)
