from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adapt.fitting import Fit, FitConfig, fit_transformation, measure_distances, record_distances
from adapt.run import RECORDS, TRANSFORMATION, AdaptConfig, adapt, adapt_teacher
from adapt.target import batchnorm_targets
from mde.errors import InputError
from mde.files import read_json
from mde.nets import load_teacher
from mde.nets.net import DepthNet
from mde.nets.state import state_of
from mde.nets.transformation import Rung
from mde.shards import ShardReader
from tests.conftest import make_shards
from tests.mde.tiny_transformers import save_dpt

IDLE = """
from torch import nn
from mde.nets.own import OwnTeacher

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.idle, self.norm, self.head = nn.BatchNorm2d(3), nn.BatchNorm2d(3), nn.Conv2d(3, 1, 1)

    def forward(self, image):
        return self.head(self.norm(image)).exp()

def load(weights, domain):
    return OwnTeacher(network=Network().eval().requires_grad_(False), kind="metric", metres_per_unit=1.0, mean=None,
        std=None, native_size=(36, 48), multiple_of=None, licence="Apache-2.0")
"""
"""A teacher of which one norm never runs."""
CONFIG = FitConfig(num_steps=60, batch_size=4, learning_rate=3e-2, num_measured=8)


def fit(teacher: DepthNet, shards: Path, config: FitConfig, *, rung: Rung = "affine", seed: int = 0) -> Fit:
    targets = batchnorm_targets(teacher)
    return fit_transformation(teacher, targets, ShardReader(shards), config, rung=rung, seed=seed)


def run_stage(teacher: DepthNet, shards: Path, out: Path) -> Fit:
    targets = batchnorm_targets(teacher)
    few = FitConfig(num_steps=3, batch_size=4, num_measured=8)
    return adapt_teacher(teacher, targets, ShardReader(shards), few, out, rung="affine", seed=0)


def test_the_fit_brings_images_closer_to_the_teacher(teacher: DepthNet, shards: Path) -> None:
    fitted = fit(teacher, shards, CONFIG)
    assert fitted.mean_after < 0.5 * fitted.mean_before
    # The teacher's home is darker than uniform noise, and bluish.
    colours = fitted.transformation(torch.full((1, 3, 2, 2), 0.5)).mean(dim=(0, 2, 3))
    assert (colours < 0.5).all() and colours[2] > colours[0]


def test_the_same_seed_gives_the_same_fit(teacher: DepthNet, shards: Path) -> None:
    few = FitConfig(num_steps=3, batch_size=4, num_measured=8)
    first, second = (fit(teacher, shards, few, seed=5) for _ in range(2))
    other = fit(teacher, shards, few, seed=6)
    assert torch.equal(first.transformation.affine.matrix, second.transformation.affine.matrix)
    assert not torch.equal(first.transformation.affine.matrix, other.transformation.affine.matrix)


def test_a_fit_never_touches_the_teacher(teacher: DepthNet, shards: Path) -> None:
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    fit(teacher, shards, FitConfig(num_steps=3, batch_size=4, num_measured=8))
    assert all(torch.equal(before[name], tensor) for name, tensor in teacher.state_dict().items())


def test_the_stage_writes_transformation_report_and_pictures(teacher: DepthNet, shards: Path, tmp_path: Path) -> None:
    fitted = run_stage(teacher, shards, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {TRANSFORMATION, "report.json", "report.html", "distances.png", "curve.png", "samples.png"}
    report = read_json(tmp_path / "out" / "report.json")
    assert report["num_parameters"] == 12
    assert report["distance_before"] == pytest.approx(fitted.mean_before)
    assert set(report["layers_after"]) == {"core.first.1", "core.second.1"}


def test_a_teacher_that_changes_while_it_is_asked_fails_the_stage(
    teacher: DepthNet, shards: Path, tmp_path: Path
) -> None:
    run_stage(teacher, shards, tmp_path / "good")
    states = read_json(tmp_path / "good" / "report.json")["teacher_state"]
    assert states["before"] == states["after"] == state_of(teacher).sha256
    teacher.train()  # BatchNorm goes on learning
    with pytest.raises(InputError, match="teacher 'tiny' changed while it taught"):
        run_stage(teacher, shards, tmp_path / "bad")
    assert not list((tmp_path / "bad").iterdir())


def test_real_records_are_refused(tmp_path: Path) -> None:
    data = make_shards(tmp_path / "real", origin="real")
    with pytest.raises(InputError, match="origin 'real'"):
        adapt(AdaptConfig(teacher="demo", data=data, out=tmp_path / "out"))


@pytest.mark.parametrize("field", ["num_steps", "num_measured"])
def test_counts_below_one_are_refused(field: str) -> None:
    with pytest.raises(InputError, match="must be at least 1"):
        FitConfig(**{field: 0})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 1}, "one image has no statistics to match"),
        ({"micro_batch": -1}, "--micro-batch -1 must not be negative"),
        ({"past_share": 1.0}, "--past-share 1.0 must be at least 0 and below 1"),
        ({"learning_rate": float("nan")}, "must be positive"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        FitConfig(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("rung", ["network", "network-large"])
def test_networks_come_closer_too(teacher: DepthNet, shards: Path, rung: Rung) -> None:
    fitted = fit(teacher, shards, FitConfig(num_steps=12, batch_size=4, num_measured=8), rung=rung)
    assert fitted.mean_after < 0.8 * fitted.mean_before


def test_the_identity_is_measured_and_not_fitted(teacher: DepthNet, shards: Path) -> None:
    fitted = fit(teacher, shards, CONFIG, rung="identity")
    assert fitted.before == fitted.after and fitted.curve == [] and fitted.transformation.num_fitted == 0


def test_micro_batches_and_checkpointing_fit_the_same(teacher: DepthNet, shards: Path) -> None:
    whole = fit(teacher, shards, FitConfig(num_steps=5, batch_size=6, num_measured=8), rung="network")
    config = FitConfig(num_steps=5, batch_size=6, num_measured=8, micro_batch=4, checkpointing=True)
    split = fit(teacher, shards, config, rung="network")
    assert split.mean_after == pytest.approx(whole.mean_after, rel=1e-3) and whole.mean_after < whole.mean_before


def test_a_record_is_as_far_from_home_as_a_set_of_it_alone(teacher: DepthNet, shards: Path) -> None:
    reader, targets, identity = ShardReader(shards), batchnorm_targets(teacher), torch.nn.Identity()
    found = record_distances(teacher, targets, reader, identity)
    assert len(found) == 12 and len(set(found)) == 12
    alone = measure_distances(teacher, targets, reader, [7], identity)
    assert found[7] == pytest.approx(sum(alone.values()) / len(alone))


def test_the_command_writes_the_distance_of_every_record_and_reads_again(tmp_path: Path, shards: Path) -> None:
    out = tmp_path / "out"
    config = AdaptConfig(
        teacher="demo",
        data=shards,
        out=out,
        measure_records=True,
        fit=FitConfig(num_steps=2, batch_size=4, num_measured=4),
    )
    adapt(config)
    first = read_json(out / RECORDS)
    assert len(first["distances"]) == 12
    adapt(config)
    assert read_json(out / RECORDS) == first
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 3 and "http" not in page


def test_a_teacher_without_statistics_leaves_no_folder(tmp_path: Path, shards: Path) -> None:
    with pytest.raises(InputError, match="--statistics 'no' is unknown"):
        adapt(AdaptConfig(teacher="demo", data=shards, out=tmp_path / "out", statistics="no"))
    assert not (tmp_path / "out").exists()


def test_a_transformer_without_statistics_is_fitted_by_its_patches(tmp_path: Path, shards: Path) -> None:
    transformer = load_teacher(f"hf:{save_dpt(tmp_path / 'dpt')}", None, "indoor")
    reader, config = ShardReader(shards), FitConfig(num_steps=8, batch_size=4, micro_batch=3, num_measured=4)
    fitted = fit_transformation(transformer, {}, reader, config, rung="affine", seed=0)
    assert list(fitted.before) == ["patches"] and 0.0 < fitted.mean_after < fitted.mean_before
    assert len(record_distances(transformer, {}, reader, torch.nn.Identity())) == 12


def test_nothing_to_measure_is_refused(tmp_path: Path, shards: Path) -> None:
    with pytest.raises(InputError, match="--statistics none leaves nothing to measure"):
        adapt(AdaptConfig(teacher="demo", data=shards, out=tmp_path / "out", statistics="none"))
    assert not (tmp_path / "out").exists()


def test_every_record_is_measured_by_the_layers_that_run(tmp_path: Path, shards: Path) -> None:
    """A layer that never runs has a target and no moments; it must not be asked for."""
    own = tmp_path / "own.py"
    own.write_text(IDLE)
    config = FitConfig(num_steps=2, batch_size=4, num_measured=4)
    adapt(AdaptConfig(teacher=f"{own}:load", data=shards, out=tmp_path / "out", measure_records=True, fit=config))
    idle = read_json(tmp_path / "out" / "report.json")["layers_idle"]
    assert len(idle) == 1 and idle[0].endswith("idle")
    assert len(read_json(tmp_path / "out" / RECORDS)["distances"]) == 12
