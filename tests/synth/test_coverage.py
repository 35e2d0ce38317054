"""Choosing covers better than chance, depends on nothing but the points and the seed, and is what a slow twin finds."""

from __future__ import annotations

import numpy as np
import pytest

from synth.comparison import compare
from synth.coverage import choose, farthest_points, fit_axes, nearest, shares
from synth.selection import read_selection, select, write_selection


def farthest_by_loops(points: np.ndarray, num_keep: int) -> list[int]:
    middle = points.mean(axis=0)
    chosen = [min(range(len(points)), key=lambda row: float(((points[row] - middle) ** 2).sum()))]
    while len(chosen) < num_keep:
        gaps = [
            -1.0 if row in chosen else min(float(((points[row] - points[other]) ** 2).sum()) for other in chosen)
            for row in range(len(points))
        ]
        chosen.append(max(range(len(points)), key=gaps.__getitem__))
    return chosen


def cloud(num: int, num_columns: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((num, num_columns)).astype(np.float32)


def test_farthest_points_are_those_of_the_slow_twin():
    points = cloud(60)
    assert farthest_points(points, 20).tolist() == farthest_by_loops(points, 20)


def test_equal_points_are_never_taken_twice():
    points = np.zeros((30, 2), dtype=np.float32)
    assert sorted(farthest_points(points, 30).tolist()) == list(range(30))
    assert len(set(choose(points, 17, seed=0).tolist())) == 17


def test_nearest_is_the_distance_found_by_loops():
    points, chosen = cloud(40), cloud(7, seed=1)
    slow = [min(np.linalg.norm(point - other) for other in chosen) for point in points]
    np.testing.assert_allclose(nearest(points, chosen)[0], slow, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("num_keep", [1, 2, 17, 150, 299, 300])
def test_exactly_as_many_as_wanted_are_kept(num_keep):
    chosen = choose(cloud(300), num_keep, seed=0)
    assert len(chosen) == num_keep == len(set(chosen.tolist())) and (np.diff(chosen) > 0).all()


def test_the_choice_is_the_same_every_time_and_seed_matters():
    points = cloud(400)
    first = choose(points, 100, seed=0)
    np.testing.assert_array_equal(first, choose(points, 100, seed=0))
    assert (first != choose(points, 100, seed=1)).any()


def test_unseen_points_lie_nearer_to_the_choice_than_to_a_random_one():
    points = cloud(1200)
    figures = compare(points, choose(points, 300, seed=0), seed=0)
    assert 0.05 < figures["held_out"]["gain"] < figures["bound"], "keeping all is the best that can be"
    assert figures["candidates"]["gain"] > 0.15
    assert figures["occupancy"]["chosen"]["empty_share"] < figures["occupancy"]["random"]["empty_share"]["mean"]


def test_shares_add_up_and_no_cluster_gives_more_than_it_has():
    points = cloud(100)
    members = [np.arange(3), np.arange(3, 40), np.arange(40, 100)]
    for num_keep in (1, 50, 99, 100):
        quotas = shares(members, points, num_keep)
        assert quotas.sum() == num_keep and (quotas <= [3, 37, 60]).all()


def test_axes_point_where_the_spread_is():
    points = cloud(500, 3) * np.array((1.0, 9.0, 4.0), dtype=np.float32)
    directions = fit_axes(points, 2).directions
    assert np.abs(directions[1, 0]) > 0.98 and np.abs(directions[2, 1]) > 0.98
    assert (directions[np.abs(directions).argmax(axis=0), [0, 1]] > 0).all()


def test_the_whole_is_measured_where_points_are_a_part_of_it():
    whole = cloud(600, 12)
    figures = compare(whole[:, :1].copy(), choose(whole[:, :1], 150, seed=0), seed=0, whole=whole)
    assert figures["held_out"]["gain"] > 0.3 > 0.1 > abs(figures["whole"]["gain"]), "eleven columns are left to chance"


def test_a_selection_reads_back_equal(tmp_path):
    selection = select(np.arange(50), cloud(50, 4), 10, seed=0)
    write_selection(tmp_path, selection)
    assert read_selection(tmp_path) == selection
