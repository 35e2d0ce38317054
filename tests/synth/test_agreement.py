"""Image edges lie on depth edges, or the image is of something else."""

from __future__ import annotations

import numpy as np
import pytest

from synth.agreement import depth_edges, edge_agreement, has_edges, teacher_error
from tests.conftest import make_teacher
from tests.synth.boxes import box_record


def slow_agreement(strength: np.ndarray, edges: np.ndarray, far: np.ndarray) -> float:
    """The probability itself, pair by pair, ties counted half."""
    wins = [(a > b) + 0.5 * (a == b) for a in strength[edges] for b in strength[far]]
    return float(np.mean(wins))


def test_a_slanted_plane_has_no_edges_and_an_outline_has_them_on_both_sides():
    rows = np.arange(40)[:, None] + 0.5
    plane_m = np.broadcast_to(1.0 / (0.005 * rows + 0.01), (40, 50)).copy()
    assert plane_m.max() / plane_m.min() > 10 and not depth_edges(plane_m).any()
    plane_m[20:30, 10:25] *= 0.5
    edges = depth_edges(plane_m)
    assert edges[25, 9] and edges[25, 10] and not edges[25, 12:23].any() and not edges[:15].any()


def test_the_border_of_the_background_is_an_edge():
    depth_m = np.full((20, 30), 3.0)
    depth_m[:8] = 0.0
    assert depth_edges(depth_m)[7:9].all() and not depth_edges(depth_m)[11:].any()


def test_one_far_pixel_is_too_few_edges_to_judge_by():
    depth_m = np.full((60, 80), 3.0)
    assert not has_edges(depth_m)
    depth_m[30, 40] = 6.0
    assert depth_edges(depth_m).any() and not has_edges(depth_m)
    depth_m[10:50, 20:60] = 2.0
    assert has_edges(depth_m)
    with pytest.raises(ValueError, match="without edges"):
        edge_agreement(np.zeros((60, 80, 3), np.uint8), np.full((60, 80), 3.0))


def test_agreement_is_the_probability_that_an_edge_changes_more_than_a_place_far_from_all():
    rng = np.random.default_rng(3)
    depth_m = np.full((24, 32), 4.0)
    depth_m[8:16, 12:20] = 2.0
    image = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
    image[8:16, 12:20] //= 4
    padded = np.pad(image.astype(float), ((1, 1), (1, 1), (0, 0)), mode="edge")
    smooth = sum(
        weight_row * weight_column / 16 * padded[row : row + 24, column : column + 32]
        for row, weight_row in enumerate((1, 2, 1))
        for column, weight_column in enumerate((1, 2, 1))
    )
    steep = np.zeros((24, 32))
    for row in range(24):
        for column in range(32):
            down = smooth[min(row + 1, 23), column] - smooth[max(row - 1, 0), column]
            right = smooth[row, min(column + 1, 31)] - smooth[row, max(column - 1, 0)]
            steep[row, column] = np.hypot(down, right).max()
    edges = depth_edges(depth_m)
    strength, far = np.zeros((24, 32)), np.zeros((24, 32), dtype=bool)
    for row in range(24):
        for column in range(32):
            strength[row, column] = steep[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].max()
            far[row, column] = not edges[max(row - 3, 0) : row + 4, max(column - 3, 0) : column + 4].any()
    assert edge_agreement(image, depth_m) == pytest.approx(slow_agreement(strength, edges, far), abs=1e-3)


def test_a_render_agrees_with_its_depth_whatever_its_colours_and_contrast():
    for index in range(6):
        record = box_record(index)
        plain = edge_agreement(record.image, record.depth_m)
        assert plain > 0.8
        changed = 255 - record.image[..., ::-1] // 3
        assert edge_agreement(changed, record.depth_m) == pytest.approx(plain, abs=0.08)


def test_noise_agrees_with_no_depth():
    noise = np.random.default_rng(0).integers(0, 256, (8, 36, 48, 3), dtype=np.uint8)
    scores = [edge_agreement(image, box_record(index).depth_m) for index, image in enumerate(noise)]
    assert abs(np.mean(scores) - 0.5) < 0.06


def test_the_teachers_error_ignores_scale_and_sees_shape():
    teacher = make_teacher(native_size=(36, 48))
    image = box_record(0).image
    answer_m = _answer_m(teacher, image)
    assert teacher_error(teacher, image, answer_m) == pytest.approx(0.0, abs=1e-5)
    assert teacher_error(teacher, image, 1.3 * answer_m) == pytest.approx(0.0, abs=1e-5)
    bent_m = answer_m * np.linspace(0.5, 1.5, 48, dtype=np.float32)
    assert 0.15 < teacher_error(teacher, image, bent_m) < 0.5


def test_depth_outside_the_teachers_range_is_not_asked_for():
    teacher = make_teacher(native_size=(36, 48))
    image = box_record(0).image
    answer_m = _answer_m(teacher, image)
    answer_m[:10] = 0.0
    answer_m[10:20] = 55.0  # the tiny teacher ends at 10 m
    assert teacher_error(teacher, image, answer_m) == pytest.approx(0.0, abs=1e-5)
    with pytest.raises(ValueError, match="all that the teacher knows"):
        teacher_error(teacher, image, np.full((36, 48), 55.0))


def _answer_m(teacher, image: np.ndarray) -> np.ndarray:
    import torch

    return teacher(torch.from_numpy(image).permute(2, 0, 1)[None] / 255.0).depth_m[0, 0].numpy().copy()
