from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from mde.bins import log_bins
from mde.domain import INDOOR
from mde.dpm import dpm_mean
from mde.errors import InputError
from mde.nets.edge import BACKBONES, DECODER_WIDTHS, EdgeStudent
from mde.nets.student import STUDENT, StudentCard, build_student, load_student, save_student
from mde.nets.student_net import Student

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


def student(name: str = "mobilenetv2_035") -> Student:
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


GMAC = {"mobilenetv2": 2.12, "mobilenetv4_small": 1.64, "efficientnet_lite0": 2.65, "resnet18": 11.8}
"""At 480x640 with 128 bins, as counted independently of this code before it was written."""


def gmac_at_480x640(name: str) -> float:
    """25 times that at 96x128: convolutions alone are counted, and both sizes are multiples of 32."""
    net = EdgeStudent(name, log_bins(1.0, 80.0, 128), (1e-3, 80.0)).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 3, 96, 128))
    return 25 * counter.get_total_flops() / 2e9


@pytest.mark.parametrize("name", set(BACKBONES) - {"resnet18"})
def test_a_student_needs_less_than_three_gmac_at_480x640(name: str) -> None:
    assert gmac_at_480x640(name) < 3.0


@pytest.mark.parametrize("name, gmac", GMAC.items())
def test_a_student_costs_what_was_planned(name: str, gmac: float) -> None:
    assert gmac_at_480x640(name) == pytest.approx(gmac, rel=0.015)


@pytest.mark.parametrize("name", BACKBONES)
def test_features_halve_five_times_and_the_dpm_lies_at_a_quarter(name: str) -> None:
    net = student(name)
    features = net.backbone(torch.zeros(1, 3, 96, 160))
    assert [tuple(feature.shape[-2:]) for feature in features] == [(96 // s, 160 // s) for s in (2, 4, 8, 16, 32)]
    output = net(torch.zeros(1, 3, 96, 160))
    assert output.dpm_logits is not None and output.dpm_logits.shape[-2:] == (24, 40)
    assert [layer.out_channels for layer in net.decoder.skips] == list(DECODER_WIDTHS)


LAYERS = {"Conv2d", "BatchNorm2d", "BatchNormAct2d", "ReLU", "ReLU6", "MaxPool2d", "Identity"}
"""Leaves of a student's tree of modules; BatchNormAct2d is timm's BatchNorm with a ReLU behind it."""
OPERATIONS = {
    *("convolution", "native_batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm", "relu", "relu_"),
    *("hardtanh", "hardtanh_", "max_pool2d_with_indices", "upsample_nearest2d", "upsample_bilinear2d"),
    *("add", "add_", "sub", "mul", "div", "sum", "exp", "clamp", "_softmax"),
    *("detach", "view", "slice", "select", "unsqueeze", "linspace", "empty", "_to_copy"),  # no arithmetic on images
}
"""What may run: hardtanh is ReLU6. Above all no sigmoid, hard swish, pooling to a vector, or matrix product."""


class Operations(TorchDispatchMode):
    """Names of all operations that run, whether modules or functions call them."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", BACKBONES)
def test_students_are_made_of_what_phone_accelerators_run(name: str) -> None:
    net = student(name)
    leaves = [module for module in net.modules() if not list(module.children())]
    assert {type(leaf).__name__ for leaf in leaves} <= LAYERS
    image = torch.zeros(1, 3, 64, 64)
    with torch.no_grad(), Operations() as operations:
        net(image)
    assert "convolution" in operations.names
    assert operations.names <= OPERATIONS, operations.names - OPERATIONS


def test_the_list_of_operations_tells_squeeze_and_excitation_and_attention() -> None:
    for layer in (nn.Hardswish(), nn.Sigmoid(), nn.AdaptiveAvgPool2d(1), nn.MultiheadAttention(8, 2), nn.GELU()):
        image = torch.zeros(4, 8, 8) if isinstance(layer, nn.MultiheadAttention) else torch.zeros(1, 8, 8, 8)
        with torch.no_grad(), Operations() as operations:
            layer(*[image] * (3 if isinstance(layer, nn.MultiheadAttention) else 1))
        assert not operations.names <= OPERATIONS


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
