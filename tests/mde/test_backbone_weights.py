"""Beginning from published weights of a backbone: what is taken, and one line for every file that is not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.backbone_weights import load_backbone
from mde.nets.student import STUDENTS
from mde.nets.student_net import Student
from tests.mde.test_edge import BINS

TIMM = {
    "mobilenetv2": "mobilenetv2_100",
    "mobilenetv4_small": "mobilenetv4_conv_small",
    "efficientnet_lite0": "efficientnet_lite0",
    "resnet18": "resnet18",
    "tiekd_mobilenetv2": "mobilenetv2_100",
    "tiekd_resnet18": "resnet18",
}
"""Students, and the network of timm whose published weights fit."""
SMALL = "mobilenetv2_035"


@cache
def published(name: str) -> dict[str, Tensor]:
    """The whole classifier's state as it is published, with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return timm.create_model(name, pretrained=False).state_dict()


def fresh(name: str = SMALL) -> Student:
    torch.manual_seed(0)
    return STUDENTS[name](BINS, (1e-3, 10.0))


def written(path: Path, state: dict[str, Tensor]) -> Path:
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


@pytest.mark.parametrize("name, source", TIMM.items())
def test_the_backbone_becomes_that_of_the_file_and_nothing_else_changes(tmp_path: Path, name: str, source: str) -> None:
    student = fresh(name)
    before = {key: value.clone() for key, value in student.state_dict().items()}
    path = written(tmp_path / "weights.safetensors", published(source))
    assert load_backbone(student, path) == sha256_file(path)
    for key, value in student.state_dict().items():
        in_backbone = key.startswith("backbone.")
        assert torch.equal(value, published(source)[key.removeprefix("backbone.")] if in_backbone else before[key])


def test_a_torch_file_without_the_counters_of_old_batchnorm_is_taken(tmp_path: Path) -> None:
    state = {key: value for key, value in published(SMALL).items() if not key.endswith("num_batches_tracked")}
    student = fresh()
    load_backbone(student, written(tmp_path / "weights.pth", state))
    assert isinstance(student.backbone, nn.Module)
    assert torch.equal(student.backbone.state_dict()["conv_stem.weight"], state["conv_stem.weight"])


def test_a_channel_that_died_in_pretraining_is_taken(tmp_path: Path) -> None:
    variance = published(SMALL)["bn1.running_var"].clone()
    variance[0] = 0.0
    path = written(tmp_path / "weights.pth", {**published(SMALL), "bn1.running_var": variance})
    load_backbone(fresh(), path)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"blocks.0.0.extra": torch.zeros(1)}, "another network: .* unknown blocks.0.0.extra"),
        ({"conv_stem.weight": None}, "another network: .* no conv_stem.weight"),
        ({"conv_stem.weight": torch.zeros(16, 3, 5, 5)}, r"conv_stem.weight is real \(16, 3, 5, 5\), not real"),
        ({"bn1.weight": torch.full((16,), float("nan"))}, "NaN or infinity in bn1.weight"),
        ({"bn1.running_var": torch.full((16,), -1.0)}, "negative variance in bn1.running_var"),
        ({"head.weight": torch.zeros(1)}, "unknown head.weight"),
    ],
)
def test_a_wrong_file_is_one_line_and_changes_nothing(
    tmp_path: Path, changes: dict[str, Tensor | None], message: str
) -> None:
    state = {key: value for key, value in {**published(SMALL), **changes}.items() if value is not None}
    student = fresh()
    before = {key: value.clone() for key, value in student.state_dict().items()}
    with pytest.raises(InputError, match=message) as caught:
        load_backbone(student, written(tmp_path / "weights.safetensors", state))
    assert "\n" not in str(caught.value)
    assert all(torch.equal(value, before[key]) for key, value in student.state_dict().items())


def test_weights_of_another_backbone_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.safetensors", published("resnet18"))
    with pytest.raises(InputError, match="weights of another network"):
        load_backbone(fresh(), path)


def test_a_student_without_backbone_is_refused(tmp_path: Path) -> None:
    class Bare(Student):
        pass

    with pytest.raises(InputError, match="the student has no backbone of published weights"):
        load_backbone(Bare(BINS, (1e-3, 10.0)), tmp_path / "weights.pth")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="weights.pth does not exist"):
        load_backbone(fresh(), tmp_path / "weights.pth")
