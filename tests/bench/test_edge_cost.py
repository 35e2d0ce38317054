"""The cost study's arithmetic: all passes count alike, the teacher is the unit, and a peak that has passed is seen."""

from __future__ import annotations

import pytest
import torch

from tests.bench.edge_cost import Measured, row, status_bytes


def measured(latency_s: list[float], cpu_s: list[float], *, num_macs: int, peak_memory_bytes: int) -> Measured:
    return Measured(
        num_parameters=1, num_macs=num_macs, latency_s=latency_s, cpu_s=cpu_s, peak_memory_bytes=peak_memory_bytes
    )


def test_a_student_is_compared_with_the_teacher_over_all_rounds() -> None:
    teacher = [
        measured([3.0, 4.0], [3.0, 3.0], num_macs=180, peak_memory_bytes=900),
        measured([5.0], [3.0], num_macs=180, peak_memory_bytes=1000),
    ]
    student = [
        measured([0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.1, 0.1, 0.1, 0.1], num_macs=2, peak_memory_bytes=100),
    ]
    found = row("student", student, teacher)
    assert found["times_fewer_macs"] == 90.0
    assert found["latency_quartiles_s"] == pytest.approx([0.2, 0.4])
    assert found["times_faster"] == pytest.approx(4.0 / 0.3)
    assert found["times_fewer_cpu_s"] == pytest.approx(30.0)
    assert found["times_less_memory"] == 10.0
    itself = row("teacher", teacher, teacher)
    assert {itself[name] for name in itself if name.startswith("times_")} == {1.0}


def test_memory_that_was_taken_is_seen_after_it_is_given_back() -> None:
    room = status_bytes("VmHWM") - status_bytes("VmRSS")
    before = status_bytes("VmHWM")
    taken = torch.ones((room + 64 * 2**20) // 4)
    del taken
    assert status_bytes("VmHWM") - before > 48 * 2**20
