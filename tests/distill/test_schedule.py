from __future__ import annotations

import pytest

from distill.schedule import one_cycle, warmup_cosine


def test_the_cosine_rises_to_one_and_falls_to_zero() -> None:
    factors = [warmup_cosine(step, 100) for step in range(100)]
    assert max(factors) == 1.0 and factors.index(1.0) == 9
    assert factors[:10] == sorted(factors[:10]) and factors[9:] == sorted(factors[9:], reverse=True)
    assert factors[-1] < 1e-3


def test_one_cycle_begins_at_a_25th_peaks_after_three_tenths_and_ends_at_a_2500th() -> None:
    factors = [one_cycle(step, 1000) for step in range(1000)]
    assert factors[0] == pytest.approx(1 / 25) and factors[-1] == pytest.approx(1 / 2500)
    assert factors.index(max(factors)) == 300 and max(factors) == pytest.approx(1.0)
    assert factors[:301] == sorted(factors[:301]) and factors[300:] == sorted(factors[300:], reverse=True)


@pytest.mark.parametrize("num_steps", [1, 2, 3])
def test_runs_of_a_few_steps_have_a_schedule_too(num_steps: int) -> None:
    for schedule in (warmup_cosine, one_cycle):
        assert all(0.0 < schedule(step, num_steps) <= 1.0 for step in range(num_steps))
