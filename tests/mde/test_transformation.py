from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import nn

from mde.errors import InputError
from mde.nets.transformation import AMPLITUDE, Rung, Transformation, fresh_transformation, load_transformation
from mde.nets.transformation import save_transformation as save

RUNGS: tuple[Rung, ...] = get_args(Rung)
NUM_FITTED = {"identity": 0, "affine": 12, "network": 3_215, "network-large": 1_367_055}


def image(height: int = 33, width: int = 49) -> torch.Tensor:
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0))


def wild(rung: Rung) -> Transformation:
    transformation = fresh_transformation(rung, seed=0)
    with torch.no_grad():
        for parameter in transformation.parameters():
            parameter.normal_(0.0, 3.0, generator=torch.Generator().manual_seed(1))
    return transformation


@pytest.mark.parametrize("rung", RUNGS)
def test_a_fresh_transformation_changes_nothing_at_any_size(rung: Rung) -> None:
    transformation = fresh_transformation(rung, seed=0)
    assert transformation.num_fitted == NUM_FITTED[rung]
    torch.testing.assert_close(transformation(image()), image())
    assert transformation(image(30, 41)).shape == (2, 3, 30, 41)


@pytest.mark.parametrize("rung", RUNGS)
def test_answers_are_legal_pixels_and_the_network_is_bounded(rung: Rung) -> None:
    transformation = wild(rung)
    answer, residual = transformation.with_residual(image())
    assert answer.min() >= 0.0 and answer.max() <= 1.0
    assert (residual is None) == (rung in ("identity", "affine"))
    if residual is not None:
        assert 0.5 * AMPLITUDE < residual.abs().max() <= AMPLITUDE


def test_hidden_layers_are_drawn_by_seed_alone() -> None:
    first, second, other = (fresh_transformation("network", seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.network[0].weight, second.network[0].weight)  # type: ignore[index]
    assert not torch.equal(first.network[0].weight, other.network[0].weight)  # type: ignore[index]


@pytest.mark.parametrize("rung", RUNGS)
def test_a_transformation_reads_back_and_belongs_to_one_teacher(tmp_path: Path, rung: Rung) -> None:
    transformation = wild(rung)
    save(tmp_path / "t", transformation, teacher_sha256="a")
    found = load_transformation(tmp_path / "t", teacher_sha256="a")
    assert found.rung == rung and not any(parameter.requires_grad for parameter in found.parameters())
    assert torch.equal(found(image()), transformation(image()))
    with pytest.raises(InputError, match="another teacher's weights"):
        load_transformation(tmp_path / "t", teacher_sha256="b")


def test_a_large_network_keeps_fine_detail_by_the_affine_path() -> None:
    transformation = fresh_transformation("network-large", seed=0)
    assert isinstance(transformation.network, nn.Sequential)
    checker = (torch.arange(32)[:, None] + torch.arange(48)) % 2 * torch.ones(1, 3, 1, 1)
    torch.testing.assert_close(transformation(checker), checker)
