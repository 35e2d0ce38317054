"""How far a mean would move with other scenes."""

from __future__ import annotations

import numpy as np
import pytest

from eval.bootstrap import Units, bootstrap_interval, bootstrap_means, units_of


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def units(group: np.ndarray) -> Units:
    return Units(group=group, num=int(group.max()) + 1, unit="scenes")


def test_the_interval_of_independent_values_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(1).normal(0.3, 1.0, 400)
    low, high = bootstrap_interval(rng(), values, units(np.arange(400)))
    half = 1.96 * values.std() / np.sqrt(400)
    # 2000 draws place a 2.5 % quantile within about 5 % of the width.
    np.testing.assert_allclose((low, high), (values.mean() - half, values.mean() + half), atol=0.1 * half)


def test_copies_of_a_frame_do_not_narrow_the_interval() -> None:
    values = np.random.default_rng(1).normal(0.0, 1.0, 30)
    once = bootstrap_interval(rng(), values, units(np.arange(30)))
    copied = bootstrap_interval(rng(), np.repeat(values, 9), units(np.repeat(np.arange(30), 9)))
    np.testing.assert_allclose(copied, once, rtol=1e-9)


def test_a_group_counts_with_its_number_of_images() -> None:
    low, high = bootstrap_interval(rng(), np.array([1.0, 1.0, 1.0, 0.0]), units(np.array([0, 0, 0, 1])))
    assert (low, high) == (0.0, 1.0)


def test_a_draw_is_the_mean_of_scenes_that_a_loop_draws() -> None:
    """Oracle: the distribution of means over scenes drawn one by one."""
    values = np.random.default_rng(2).normal(0.0, 1.0, 12)
    scenes = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 4])
    draw, generator = [], np.random.default_rng(3)
    for _ in range(4000):
        chosen = [values[scenes == scene] for scene in generator.integers(5, size=5)]
        draw.append(float(np.concatenate(chosen).mean()))
    found = bootstrap_means(rng(), values[:, None], units(scenes))[:, 0]
    quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
    np.testing.assert_allclose(np.quantile(found, quantiles), np.quantile(draw, quantiles), atol=0.05)


def test_columns_are_drawn_together() -> None:
    values = np.random.default_rng(1).normal(0.0, 1.0, 40)
    draws = bootstrap_means(rng(), np.stack((values, values + 1.0), axis=1), units(np.arange(40)))
    np.testing.assert_allclose(draws[:, 1] - draws[:, 0], 1.0)


@pytest.mark.parametrize(
    "scenes, unit, num, words",
    [
        (["a", "a", "b"], "scenes", 2, "fewer than a handful"),
        (["a", "a", "a"], "images", 3, "all frames are of one scene"),
        (["a"], "images", 1, "one image has no interval"),
        (list("abcde"), "scenes", 5, ""),
    ],
)
def test_what_is_drawn_and_what_it_is_worth_is_said(scenes: list[str], unit: str, num: int, words: str) -> None:
    found = units_of(scenes)
    assert (found.unit, found.num) == (unit, num)
    assert words in found.caution() and found.are_few == bool(words)
