"""Ranges of true depth."""

from __future__ import annotations

import torch

from eval.bands import band_edges, band_of


def test_edges_run_from_the_first_to_the_last_scored_depth() -> None:
    assert band_edges(1e-3, 10.0) == (1e-3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
    assert band_edges(1.0, 80.0) == (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0, 80.0)


def test_an_edge_belongs_to_the_band_that_it_opens() -> None:
    assert band_of(torch.tensor([1.2, 1.999, 2.0, 9.0]), (1.0, 2.0, 5.0, 10.0)).tolist() == [0, 0, 1, 2]
