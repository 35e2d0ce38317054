"""The demo transformer: committed weights, any size, maps with stable names, refusals; its training in miniature."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adapt.source import statistics_targets
from eval.demo_teacher import DemoTeacherConfig, mean_metrics, train_demo_teacher
from eval.sealed.world import sealed_record
from mde.domain import DRIVING, INDOOR
from mde.errors import InputError
from mde.nets import load_teacher
from mde.nets.demo import NATIVE_SIZE
from mde.nets.demo import WEIGHTS as OTHER_WEIGHTS
from mde.nets.demo_vit import WEIGHTS, load_demo_transformer
from tests.mde.test_demo_teacher import pictures_of, small_config


def test_committed_weights_are_those_of_the_card() -> None:
    card = json.loads(WEIGHTS.with_name("teacher.json").read_text())
    teacher = load_demo_transformer(None, INDOOR)
    assert card["weights_sha256"] == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() == teacher.spec.weights_sha256
    assert card["name"] == teacher.spec.name == "demo-transformer"
    assert tuple(card["native_size"]) == teacher.spec.native_size == NATIVE_SIZE
    assert card["num_parameters"] == sum(parameter.numel() for parameter in teacher.parameters())
    assert WEIGHTS.stat().st_size < 3_000_000
    assert not any(parameter.requires_grad for parameter in teacher.parameters()) and not teacher.core.training


def test_teacher_is_right_on_pictures_it_has_not_seen() -> None:
    """Twelve pictures: the bounds are loose; the card holds the figures of 512."""
    data = pictures_of([sealed_record("train", 2_000_000 + index) for index in range(12)])
    figures = mean_metrics(load_demo_transformer(None, INDOOR).core, data)
    assert figures["abs_rel"] < 0.21 and figures["delta1"] > 0.7
    card = json.loads(WEIGHTS.with_name("teacher.json").read_text())["figures"]
    assert card["validation"]["abs_rel"] < 0.17 and card["train"]["abs_rel"] <= card["validation"]["abs_rel"]


def test_maps_come_from_named_modules_at_strides_4_to_32() -> None:
    core = load_demo_transformer(None, INDOOR).core
    seen: dict[str, Tensor] = {}
    for number in range(4):
        core.get_submodule(f"reassemble.{number}").register_forward_hook(
            lambda module, inputs, output, number=number: seen.update({str(number): output})
        )
    core(torch.rand(2, 3, 64, 96))
    shapes = [tuple(seen[str(number)].shape) for number in range(4)]
    assert shapes == [(2, 32, 16, 24), (2, 48, 8, 12), (2, 64, 4, 6), (2, 96, 2, 3)]


@pytest.mark.parametrize("size", [(48, 64), (72, 96), (33, 47), (1, 1)])
def test_depth_has_the_size_of_the_image_and_lies_in_range(size: tuple[int, int]) -> None:
    teacher = load_demo_transformer(None, INDOOR)
    low, high = INDOOR.depth_range_m
    for output in (teacher(torch.rand(2, 3, *size)), teacher.core(torch.rand(2, 3, *size))):
        assert output.depth_m.shape == (2, 1, *size)
        assert output.depth_m.min() >= low and output.depth_m.max() <= high


def test_it_has_no_statistics_and_says_what_to_do_without() -> None:
    teacher = load_teacher("demo-transformer", None, "indoor")
    assert sum(isinstance(module, nn.LayerNorm) for module in teacher.modules()) == 9
    assert not any("running" in name for name, _ in teacher.named_buffers())
    with pytest.raises(InputError, match="'demo-transformer' has no BatchNorm.*--transform identity"):
        statistics_targets("batchnorm", teacher)


def test_another_domain_and_the_other_teacher_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="indoor.*driving"):
        load_demo_transformer(None, DRIVING)
    with pytest.raises(InputError, match="another network"):
        load_demo_transformer(OTHER_WEIGHTS, INDOOR)
    with pytest.raises(InputError, match="absent does not exist; .*--teacher demo-transformer"):
        load_demo_transformer(tmp_path / "absent", INDOOR)


def test_command_writes_weights_that_load_and_a_card(tmp_path: Path) -> None:
    config: DemoTeacherConfig = replace(small_config(tmp_path / "run"), teacher="demo-transformer")
    train_demo_teacher(config)
    teacher = load_demo_transformer(tmp_path / "run" / "weights.safetensors", INDOOR)
    card = json.loads((tmp_path / "run" / "teacher.json").read_text())
    assert card["name"] == "demo-transformer" and card["weights_sha256"] == teacher.spec.weights_sha256
