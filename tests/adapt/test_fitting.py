from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adapt.fitting import FitConfig, fit_affine
from adapt.run import TRANSFORMATION, AdaptConfig, adapt, adapt_teacher
from mde.errors import InputError
from mde.files import read_json
from mde.nets.net import DepthNet
from mde.nets.state import state_of
from mde.nets.transformation import AffineTransformation, load_transformation, save_transformation
from mde.shards import ShardReader
from tests.conftest import make_shards

CONFIG = FitConfig(num_steps=60, batch_size=4, learning_rate=3e-2, num_measured=8)


def mean(distances: dict[str, float]) -> float:
    return sum(distances.values()) / len(distances)


def test_the_fit_brings_images_closer_to_the_teacher(teacher: DepthNet, shards: Path) -> None:
    fit = fit_affine(teacher, ShardReader(shards), CONFIG, seed=0)
    assert mean(fit.after) < 0.5 * mean(fit.before)
    assert sum(p.numel() for p in fit.transformation.parameters()) == 12
    # The teacher's home is darker than uniform noise, and bluish.
    colours = fit.transformation(torch.full((1, 3, 2, 2), 0.5)).mean(dim=(0, 2, 3))
    assert (colours < 0.5).all() and colours[2] > colours[0]


def test_the_same_seed_gives_the_same_fit(teacher: DepthNet, shards: Path) -> None:
    few = FitConfig(num_steps=3, batch_size=4, num_measured=8)
    first, second = (fit_affine(teacher, ShardReader(shards), few, seed=5) for _ in range(2))
    other = fit_affine(teacher, ShardReader(shards), few, seed=6)
    assert torch.equal(first.transformation.matrix, second.transformation.matrix)
    assert not torch.equal(first.transformation.matrix, other.transformation.matrix)


def test_a_fit_never_touches_the_teacher(teacher: DepthNet, shards: Path) -> None:
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    fit_affine(teacher, ShardReader(shards), FitConfig(num_steps=3, batch_size=4, num_measured=8), seed=0)
    assert all(torch.equal(before[name], tensor) for name, tensor in teacher.state_dict().items())


def test_a_fresh_transformation_changes_nothing_and_answers_legal_pixels() -> None:
    image = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    transformation = AffineTransformation()
    torch.testing.assert_close(transformation(image), image)
    with torch.no_grad():
        transformation.offset += 9.0
    assert transformation(image).max() <= 1.0


def test_a_transformation_reads_back_and_belongs_to_one_teacher(tmp_path: Path) -> None:
    transformation = AffineTransformation()
    with torch.no_grad():
        transformation.matrix.mul_(0.5)
    save_transformation(tmp_path / "t", transformation, teacher_sha256="a")
    assert torch.equal(load_transformation(tmp_path / "t", teacher_sha256="a").matrix, transformation.matrix)
    with pytest.raises(InputError, match="another teacher's weights"):
        load_transformation(tmp_path / "t", teacher_sha256="b")


def test_the_stage_writes_transformation_report_and_pictures(teacher: DepthNet, shards: Path, tmp_path: Path) -> None:
    fit = adapt_teacher(teacher, ShardReader(shards), CONFIG, tmp_path / "out", seed=0)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {TRANSFORMATION, "report.json", "distances.png", "curve.png", "samples.png"}
    report = read_json(tmp_path / "out" / "report.json")
    assert report["num_parameters"] == 12
    assert report["distance_before"] == pytest.approx(mean(fit.before))
    assert set(report["layers_after"]) == {"core.first.1", "core.second.1"}


def test_a_teacher_that_changes_while_it_is_asked_fails_the_stage(
    teacher: DepthNet, shards: Path, tmp_path: Path
) -> None:
    few = FitConfig(num_steps=3, batch_size=4, num_measured=8)
    adapt_teacher(teacher, ShardReader(shards), few, tmp_path / "good", seed=0)
    states = read_json(tmp_path / "good" / "report.json")["teacher_state"]
    assert states["before"] == states["after"] == state_of(teacher).sha256
    teacher.train()  # BatchNorm goes on learning
    with pytest.raises(InputError, match="teacher 'tiny' changed while it taught"):
        adapt_teacher(teacher, ShardReader(shards), few, tmp_path / "bad", seed=0)
    assert not list((tmp_path / "bad").iterdir())


def test_real_records_are_refused(tmp_path: Path) -> None:
    data = make_shards(tmp_path / "real", origin="real")
    with pytest.raises(InputError, match="origin 'real'"):
        adapt(AdaptConfig(teacher="demo", data=data, out=tmp_path / "out"))


@pytest.mark.parametrize("field", ["num_steps", "batch_size", "num_measured"])
def test_counts_below_one_are_refused(field: str) -> None:
    with pytest.raises(InputError, match="must be at least 1"):
        FitConfig(**{field: 0})  # type: ignore[arg-type]
