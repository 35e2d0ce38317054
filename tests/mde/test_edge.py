from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mde.bins import log_bins
from mde.domain import INDOOR
from mde.dpm import dpm_mean
from mde.errors import InputError
from mde.nets.edge import BACKBONES, EdgeStudent
from mde.nets.student import STUDENT, StudentCard, build_student, load_student, save_student

BINS = log_bins(0.3, 10.0, 64)


def card(name: str = "mobilenetv2_035") -> StudentCard:
    return StudentCard(
        name=name,
        domain="indoor",
        native_size=(48, 64),
        depth_range_m=INDOOR.depth_range_m,
        bins=BINS,
        teacher="demo",
        teacher_sha256="0" * 64,
        teacher_licence="Apache-2.0",
        step=1,
    )


def student(name: str = "mobilenetv2_035") -> EdgeStudent:
    torch.manual_seed(0)
    return build_student(card(name)).eval()


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("size", [(32, 32), (48, 64), (37, 101)])
def test_depth_has_the_size_of_the_image_and_lies_in_the_range(name: str, size: tuple[int, int]) -> None:
    output = student(name)(torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0)))
    assert output.depth_m.shape == (2, 1, *size)
    assert INDOOR.depth_range_m[0] <= output.depth_m.min() and output.depth_m.max() <= INDOOR.depth_range_m[1]
    assert output.dpm_logits is not None and output.dpm_logits.shape[1] == 64


def test_a_fresh_student_answers_the_mean_of_its_dpm() -> None:
    """The correction starts at zero, so depth is the upsampled mean of the map that explains it."""
    image = torch.full((1, 3, 48, 64), 0.5)  # flat, so that upsampling changes the inside little
    output = student()(image)
    assert output.dpm_logits is not None
    mean_m = dpm_mean(output.dpm_logits.softmax(1), BINS)
    assert mean_m.min() * 0.999 <= output.depth_m.min() and output.depth_m.max() <= mean_m.max() * 1.001


@pytest.mark.parametrize("name", BACKBONES)
def test_a_student_needs_less_than_three_gmac_at_480x640(name: str) -> None:
    net = EdgeStudent(name, log_bins(1.0, 80.0, 128), (1e-3, 80.0)).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 3, 480, 640))
    assert counter.get_total_flops() / 2 < 3e9


def test_the_plain_student_holds_no_depthwise_convolution_in_its_backbone() -> None:
    groups = {layer.groups for layer in student("plain").backbone.modules() if isinstance(layer, nn.Conv2d)}
    assert groups == {1}


def test_a_student_reads_back_with_the_same_depth(tmp_path: Path) -> None:
    net = student()
    save_student(tmp_path / STUDENT, net, card())
    image = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    for path in (tmp_path, tmp_path / STUDENT):
        back = load_student(path)
        assert torch.equal(back(image).depth_m, net(image).depth_m)
        assert back.spec.role == "student" and not back.training
    assert back(torch.rand(1, 3, 100, 90)).depth_m.shape == (1, 1, 100, 90)


def test_a_folder_without_student_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no finished student"):
        load_student(tmp_path)


def test_an_unknown_student_is_refused() -> None:
    with pytest.raises(InputError, match="student 'resnet9000' is unknown"):
        build_student(card("resnet9000"))
