"""The demo teacher: committed weights, any size, refusals; and its training in miniature."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from eval.demo_teacher import (
    DemoTeacherConfig,
    Pictures,
    augment_rand,
    depth_loss,
    fit,
    fresh_teacher,
    mean_metrics,
    one_cycle,
    train_demo_teacher,
)
from eval.sealed.world import sealed_record
from mde.domain import DRIVING, INDOOR
from mde.errors import InputError
from mde.nets.demo import NATIVE_SIZE, WEIGHTS, load_demo_teacher
from mde.record import Record


@pytest.fixture(scope="module")
def sealed() -> list[Record]:
    return [sealed_record("train", 2_000_000 + index) for index in range(12)]  # neither learned nor validated on


def pictures_of(records: list[Record]) -> Pictures:
    return Pictures(
        images=torch.from_numpy(np.stack([record.image for record in records])).permute(0, 3, 1, 2).contiguous(),
        depth_m=torch.from_numpy(np.stack([record.depth_m for record in records]))[:, None].half(),
    )


def test_committed_weights_are_those_of_the_card() -> None:
    card = json.loads(WEIGHTS.with_name("teacher.json").read_text())
    digest = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    teacher = load_demo_teacher(None, INDOOR)
    assert card["weights_sha256"] == digest == teacher.spec.weights_sha256
    assert tuple(card["native_size"]) == teacher.spec.native_size == NATIVE_SIZE
    assert card["licence"] == teacher.spec.licence == "Apache-2.0"
    assert card["num_parameters"] == sum(parameter.numel() for parameter in teacher.parameters())
    assert WEIGHTS.stat().st_size < 12_000_000


def test_teacher_is_frozen_and_in_eval_mode() -> None:
    teacher = load_demo_teacher(None, INDOOR)
    assert not any(parameter.requires_grad for parameter in teacher.parameters())
    assert not any(module.training for module in teacher.modules())
    assert sum(isinstance(module, nn.BatchNorm2d) for module in teacher.modules()) > 10


def test_teacher_is_right_on_pictures_it_has_not_seen(sealed: list[Record]) -> None:
    """Bounds are loose: twelve pictures; the card holds the figures of 512."""
    figures = mean_metrics(load_demo_teacher(None, INDOOR).core, pictures_of(sealed))  # type: ignore[arg-type]
    assert figures["abs_rel"] < 0.15
    assert figures["delta1"] > 0.8


def test_figures_on_the_card_are_those_of_a_good_teacher() -> None:
    figures = json.loads(WEIGHTS.with_name("teacher.json").read_text())["figures"]
    assert figures["validation"]["abs_rel"] < 0.13
    assert figures["validation"]["delta1"] > 0.85
    assert figures["train"]["abs_rel"] <= figures["validation"]["abs_rel"]


@pytest.mark.parametrize("size", [(72, 96), (33, 47), (1, 1), (480, 640)])
def test_answer_has_the_size_of_the_image_and_lies_in_range(size: tuple[int, int]) -> None:
    image = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    output = load_demo_teacher(None, INDOOR)(image)
    low, high = INDOOR.depth_range_m
    assert output.depth_m.shape == (2, 1, *size)
    assert output.depth_m.isfinite().all()
    assert output.depth_m.min() >= low and output.depth_m.max() <= high


@pytest.mark.parametrize("size", [(72, 96), (33, 47), (31, 2)])
def test_core_works_at_any_size(size: tuple[int, int]) -> None:
    output = load_demo_teacher(None, INDOOR).core(torch.full((1, 3, *size), 0.5))
    assert output.depth_m.shape == output.raw.shape == (1, 1, *size)


def test_raw_is_the_logarithm_of_depth_over_three_metres() -> None:
    image = torch.rand(1, 3, *NATIVE_SIZE, generator=torch.Generator().manual_seed(0))
    output = load_demo_teacher(None, INDOOR)(image)
    assert output.raw is not None
    torch.testing.assert_close((3.0 * output.raw.exp()).clamp(*INDOOR.depth_range_m), output.depth_m)


def test_another_domain_is_refused() -> None:
    with pytest.raises(InputError, match="indoor.*driving"):
        load_demo_teacher(None, DRIVING)


def test_wrong_files_are_refused_in_one_line(tmp_path: Path) -> None:
    state = load_file(WEIGHTS)
    name = "stem.0.weight"
    variance = "stem.1.running_var"
    cases = {
        "text": lambda path: path.write_text("no weights"),
        "cut": lambda path: path.write_bytes(WEIGHTS.read_bytes()[:-9]),
        "folder": lambda path: path.mkdir(),
        "fewer": lambda path: save_file({k: v for k, v in state.items() if k != name}, path),
        "more": lambda path: save_file({**state, "more": torch.zeros(1)}, path),
        "shape": lambda path: save_file({**state, name: torch.zeros(2)}, path),
        "nan": lambda path: save_file({**state, name: torch.full_like(state[name], math.nan)}, path),
        "variance": lambda path: save_file({**state, variance: torch.zeros_like(state[variance])}, path),
        "absent": lambda path: None,
    }
    for case, make in cases.items():
        path = tmp_path / case
        make(path)
        with pytest.raises(InputError, match=case) as refusal:
            load_demo_teacher(path, INDOOR)
        assert "\n" not in str(refusal.value)


def test_one_cycle_rises_once_and_falls_once_to_zero() -> None:
    rates = [one_cycle(step, 600) for step in range(600)]
    top = int(np.argmax(rates))
    assert 95 <= top <= 105
    assert rates[0] < 1e-4 and rates[-1] < 1e-4 and max(rates) == pytest.approx(1.0, abs=1e-4)
    assert (np.diff(rates[:top]) > 0).all() and (np.diff(rates[top + 1 :]) < 0).all()


def test_depth_loss_of_a_factor_is_its_logarithm() -> None:
    """A constant error has no gradient, so the gradient term must be silent."""
    log_true = torch.rand(3, 1, 8, 9, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(depth_loss(log_true + math.log(2), log_true, 5.0), torch.full((3,), math.log(2)))


def test_depth_loss_of_a_ramp_counts_its_slope() -> None:
    """e = 0.1 column: |e| has mean 0.1 * 3.5 over eight columns; differences over 1, 2, 4 are 0.1, 0.2, 0.4."""
    ramp = (0.1 * torch.arange(8.0)).expand(1, 1, 6, 8)
    expected = 0.35 + 2.0 * (0.1 + 0.2 + 0.4) / 3
    torch.testing.assert_close(depth_loss(ramp, torch.zeros_like(ramp), 2.0), torch.tensor([expected]))


def test_augmentation_mirrors_picture_and_depth_together() -> None:
    ramp = torch.linspace(0.3, 0.6, 16).expand(64, 3, 8, 16).contiguous()
    images, depth = augment_rand(np.random.default_rng(0), ramp, 5.0 * ramp[:, :1])
    brighter_right = images[..., 8:].mean(dim=(1, 2, 3)) > images[..., :8].mean(dim=(1, 2, 3))
    farther_right = depth[..., -1].mean(dim=(1, 2)) > depth[..., 0].mean(dim=(1, 2))
    assert torch.equal(brighter_right, farther_right)
    assert 16 < int(farther_right.sum()) < 48
    assert images.min() >= 0.0 and images.max() <= 1.0


def small_config(out: Path, **changes: int) -> DemoTeacherConfig:
    config = DemoTeacherConfig(
        out=out, num_images=4, num_validation=2, num_steps=4, batch_size=2, checkpoint_every=2, device="cpu"
    )
    return replace(config, **changes)  # type: ignore[arg-type]


def test_training_overfits_a_handful_of_pictures(tmp_path: Path, sealed: list[Record]) -> None:
    data = pictures_of(sealed[:4])
    core = fresh_teacher(small_config(Path("unused")))
    before = mean_metrics(core, data)["abs_rel"]
    fit(core, data, small_config(tmp_path, num_steps=50, batch_size=4, checkpoint_every=1000))
    assert mean_metrics(core, data)["abs_rel"] < 0.7 * before


def test_a_killed_training_ends_with_the_same_weights(tmp_path: Path, sealed: list[Record]) -> None:
    data = pictures_of(sealed[:4])
    whole, config = fresh_teacher(small_config(Path("unused"))), small_config(tmp_path / "whole")
    fit(whole, data, config)
    half, resumed = fresh_teacher(small_config(Path("unused"))), fresh_teacher(small_config(Path("unused"), seed=1))
    broken = small_config(tmp_path / "broken")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eval.demo_teacher.one_cycle", lambda step, total: 1 / 0 if step == 3 else one_cycle(step, total))
        with pytest.raises(ZeroDivisionError):
            fit(half, data, broken)
    fit(resumed, data, broken)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_command_writes_weights_that_load_and_a_card(tmp_path: Path) -> None:
    train_demo_teacher(small_config(tmp_path / "run"))
    teacher = load_demo_teacher(tmp_path / "run" / "weights.safetensors", INDOOR)
    card = json.loads((tmp_path / "run" / "teacher.json").read_text())
    assert card["weights_sha256"] == teacher.spec.weights_sha256
    assert str(tmp_path) not in json.dumps(card)
    assert set(card["figures"]["validation"]) >= {"abs_rel", "delta1", "rmse"}


def test_a_teacher_of_layer_norm_has_no_statistics_and_loads_like_the_other(tmp_path: Path) -> None:
    train_demo_teacher(replace(small_config(tmp_path / "run"), norm="layer"))
    teacher = load_demo_teacher(tmp_path / "run" / "weights.safetensors", INDOOR)
    norms = [module for module in teacher.modules() if isinstance(module, nn.LayerNorm)]
    assert len(norms) == 13 and not any("running" in name for name, _ in teacher.named_buffers())
    features = torch.randn(2, norms[0].normalized_shape[0], 3, 5, generator=torch.Generator().manual_seed(0))
    answer = norms[0].to(torch.float32)(features)
    torch.testing.assert_close(
        answer, nn.functional.layer_norm(features.movedim(1, 3), features.shape[1:2]).movedim(3, 1), atol=0.05, rtol=0.0
    )


def test_first_weights_leave_the_global_generator_alone() -> None:
    state = torch.random.get_rng_state()
    first, second = (fresh_teacher(small_config(Path("unused"), seed=3)) for _ in range(2))
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.equal(first.head.weight, second.head.weight)


def test_the_transformer_has_no_choice_of_norm(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--norm layer is a choice of teacher demo alone"):
        DemoTeacherConfig(out=tmp_path, teacher="demo-transformer", norm="layer")


@pytest.mark.parametrize("changes", [{"num_steps": 0}, {"batch_size": 1}, {"num_images": 1_000_001}, {"seed": -1}])
def test_impossible_options_are_refused(tmp_path: Path, changes: dict[str, int]) -> None:
    with pytest.raises(InputError):
        small_config(tmp_path, **changes)
