from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from adapt.owner import HEADER, header_of, owner_targets, write_owner
from adapt.statistics import Moments
from mde.errors import InputError
from mde.nets.net import DepthNet
from tests.adapt.mixed_teacher import mixed_teacher


def some_moments() -> dict[str, Moments]:
    """Of the three layers that run."""
    generator = torch.Generator().manual_seed(0)
    return {
        f"core.{name}": Moments(
            mean=torch.randn(6, generator=generator).double(), var=torch.rand(6, generator=generator).double()
        )
        for name in ("stored", "maps", "tokens")
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    moments = some_moments()
    write_owner(tmp_path / "m.safetensors", moments, header_of(mixed_teacher(), moments, 40, None))
    return tmp_path / "m.safetensors"


def test_a_file_reads_back_as_it_was_written(path: Path) -> None:
    targets = owner_targets(path, mixed_teacher())
    assert list(targets) == ["core.stored", "core.maps", "core.tokens"]
    for name, moments in some_moments().items():
        assert torch.equal(targets[name].moments.mean, moments.mean.float())
        assert torch.equal(targets[name].moments.var, moments.var.float())
        assert targets[name].source == "owner" and targets[name].eps == 1e-5


def test_the_file_holds_moments_and_header_alone(path: Path) -> None:
    with safe_open(path, "pt") as file:
        assert set(file.metadata()) == {HEADER}
        header = json.loads(file.metadata()[HEADER])
    assert header == {
        "domain": "indoor",
        "idle": ["core.idle"],
        "image_size": [8, 12],
        "layers": {
            "core.stored": "BatchNorm2d",
            "core.maps": "ChannelNorm",
            "core.tokens": "LayerNorm",
            "core.idle": "GroupNorm",
        },
        "num_images": 40,
        "privacy": None,
        "teacher": "mixed",
        "teacher_sha256": "a" * 64,
        "version": 1,
    }
    assert len(load_file(path)) == 6


def with_header(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    with safe_open(path, "pt") as file:
        header = json.loads(file.metadata()[HEADER])
    change(header)
    save_file(load_file(path), path, {HEADER: json.dumps(header)})


def with_tensors(path: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h.update(version=2), "of version 2 and this program reads 1"),
        (lambda h: h.update(teacher_sha256="b" * 64), "was made with other weights"),
        (lambda h: h.update(image_size=[16, 24]), "indoor at 16x24 and the teacher is for indoor at 8x12"),
        (lambda h: h.update(domain="driving"), "driving at 8x12"),
        (lambda h: h["layers"].pop("core.maps"), "lacks layer core.maps"),
        (lambda h: h["layers"].update(more="LayerNorm"), "has layer more"),
        (lambda h: h["layers"].update({"core.maps": "GroupNorm"}), "core.maps as GroupNorm, and the teacher as Chann"),
        (lambda h: h.update(idle=[]), r"lacks core\.idle\.mean"),
        (lambda h: h.update(idle=["core.idle", "more"]), "damaged header"),
        (lambda h: h.update(layers=3), "damaged header"),
        (lambda h: h.update(image_size=[3]), "damaged header"),
        (lambda h: h.pop("version"), "damaged header"),
        (lambda h: h.update(new=1), "damaged header"),
    ],
)
def test_a_file_of_another_network_or_program_is_refused(path: Path, change: Any, message: str) -> None:
    with_header(path, change)
    with pytest.raises(InputError, match=message):
        owner_targets(path, mixed_teacher())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("core.maps.var"), r"lacks core\.maps\.var"),
        (lambda t: t.update({"core.idle.mean": torch.zeros(6)}), "'core.idle.mean', which its header"),
        (lambda t: t.update({"core.maps.var": torch.ones(7)}), r"of shape \(7,\); the teacher's layer has 6"),
        (lambda t: t.update({"core.maps.mean": torch.ones(6, dtype=torch.int32)}), "core.maps.mean of shape"),
        (lambda t: t["core.maps.mean"].__setitem__(1, float("nan")), "NaN or infinity in core.maps.mean"),
        (lambda t: t["core.tokens.var"].__setitem__(0, float("inf")), "NaN or infinity in core.tokens.var"),
        (lambda t: t["core.tokens.var"].__setitem__(0, -1e-3), "negative variance in core.tokens.var"),
    ],
)
def test_numbers_that_cannot_be_moments_are_refused(path: Path, change: Any, message: str) -> None:
    with_tensors(path, change)
    with pytest.raises(InputError, match=message):
        owner_targets(path, mixed_teacher())


def test_absent_truncated_and_foreign_files_are_refused(path: Path, tmp_path: Path) -> None:
    teacher = mixed_teacher()
    with pytest.raises(InputError, match="does not exist"):
        owner_targets(tmp_path / "none.safetensors", teacher)
    foreign = tmp_path / "foreign.safetensors"
    save_file({"a": torch.zeros(1)}, foreign)
    with pytest.raises(InputError, match="holds tensors but no moments"):
        owner_targets(foreign, teacher)
    content = path.read_bytes()
    for cut in (0, 7, 60, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(InputError, match="damaged or no file of"):
            owner_targets(path, teacher)
    with pytest.raises(InputError, match=r"damaged|cannot"):
        owner_targets(tmp_path, teacher)


def test_another_teachers_weights_are_told_by_their_digest(path: Path) -> None:
    other: DepthNet = mixed_teacher(digest="c" * 64)
    with pytest.raises(InputError, match="other weights"):
        owner_targets(path, other)


def test_a_norm_without_an_epsilon_of_its_own_gets_one(tmp_path: Path) -> None:
    teacher = mixed_teacher(core=nn.Sequential(nn.RMSNorm(6)))
    moments = {"core.0": Moments(mean=torch.zeros(6), var=torch.ones(6))}
    write_owner(tmp_path / "m.safetensors", moments, replace(header_of(teacher, moments, 40, None)))
    assert owner_targets(tmp_path / "m.safetensors", teacher)["core.0"].eps == 1e-5
