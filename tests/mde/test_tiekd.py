"""TIE-KD's students against the figures of the published networks, and the shape of their answers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from distill.onnx_export import onnx_program
from mde.bins import Bins, uniform_bins
from mde.nets.student import load_student, save_student
from mde.nets.tiekd import LAYOUTS, TiekdStudent
from tests.mde.test_edge import card

KITTI = uniform_bins(1e-3, 80.0, 257, sigma_m=0.5)
PUBLISHED = {
    "tiekd_mobilenetv2": (17.65, 212.0),
    "tiekd_resnet18": (16.49, 160.0),
    "tiekd_resnet50": (78.1, 303.0),
}
"""Millions of parameters, and GMAC at 480x640, of the released networks with 257 bins; counted on the release."""


def student(name: str = "tiekd_resnet18", bins: Bins = KITTI, range_m: tuple[float, float] = (1e-3, 80.0)):
    torch.manual_seed(0)
    return TiekdStudent(name, bins, range_m).eval()


def test_every_published_student_is_there() -> None:
    assert set(LAYOUTS) == set(PUBLISHED)


NAMES = [
    pytest.param(name, marks=[pytest.mark.slow] if name == "tiekd_resnet50" else [], id=name) for name in PUBLISHED
]
"""The largest takes seconds to initialise."""


@pytest.mark.parametrize("name", NAMES)
def test_size_and_cost_are_those_of_the_release_and_the_dpm_has_the_size_of_the_image(name: str) -> None:
    parameters, gmac = PUBLISHED[name]
    net = student(name)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 3, 32, 32))
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(parameters, rel=0.001)
    # Convolutions alone are counted, 480x640 has 300 times the pixels, and both sizes are multiples of 32.
    assert 300 * counter.get_total_flops() / 2e9 == pytest.approx(gmac, rel=0.005)
    for size in ((32, 32), (33, 50)):
        with torch.no_grad():
            output = net(torch.zeros(1, 3, *size))
        assert output.dpm_logits is not None and output.dpm_logits.shape == (1, 257, *size)
        assert output.depth_m.shape == (1, 1, *size)


def test_depth_is_the_mean_of_the_dpm_by_hand() -> None:
    bins = uniform_bins(1e-3, 10.0, 49, sigma_m=0.15)
    net = student(bins=bins, range_m=(1e-3, 10.0))
    with torch.no_grad():
        output = net(torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0)))
    assert output.dpm_logits is not None
    edges = [1e-3 + (10.0 - 1e-3) * k / 49 for k in range(50)]
    odds = output.dpm_logits.double().exp()
    centres = [(low + high) / 2 for low, high in zip(edges[:-1], edges[1:], strict=True)]
    expected = sum(odds[:, k] * centre for k, centre in enumerate(centres)) / odds.sum(dim=1)
    torch.testing.assert_close(output.depth_m[:, 0].double(), expected, rtol=1e-5, atol=0.0)
    assert output.depth_m.std() > 0.0


def test_the_mobilenet_keeps_an_eighth_of_the_size_and_sees_as_far_as_one_that_shrinks() -> None:
    net = student("tiekd_mobilenetv2")
    features = net.backbone(torch.zeros(1, 3, 64, 96))
    assert [tuple(feature.shape[1:]) for feature in features] == [
        (24, 16, 24),
        (32, 8, 12),
        (96, 8, 12),
        (320, 8, 12),
    ]
    dilations = [layer.dilation[0] for layer in net.backbone.modules() if isinstance(layer, nn.Conv2d)]
    # Depthwise convolutions per stage: 4 and 3 of dilation 2, 3 and 1 of dilation 4; all others of 1.
    assert [dilation for dilation in dilations if dilation > 1] == [2] * 7 + [4] * 4


def test_decoder_convolutions_have_no_normalisation_and_keep_the_size_of_activations() -> None:
    """Ten layers of torch's default initialisation would shrink a signal to nothing."""
    net = student()
    assert not [m for m in net.decoder.modules() if isinstance(m, nn.BatchNorm2d)]
    with torch.no_grad():
        image = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
        features = net.backbone(net.colours(image))
        out = net.decoder(features, image)
    assert out.shape == (1, 128, 64, 96)
    assert 0.05 < float(out.std() / features[0].std()) < 20.0


def test_training_keeps_one_map_of_probabilities_beside_the_logits() -> None:
    """Maps of 257 channels at full size are 316 MB each at 480x640."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    net = student().train()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = net(torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0)))
    assert output.dpm_logits is not None
    of_the_dpm = 4 * output.dpm_logits.numel()
    assert sum(nbytes == of_the_dpm for nbytes in kept.values()) == 1


@pytest.mark.slow
def test_a_published_student_is_saved_loaded_and_exported_for_any_size(tmp_path: Path) -> None:
    name = "tiekd_mobilenetv2"
    net = student(name, bins=card().bins, range_m=card().depth_range_m)
    save_student(tmp_path / "student", net, card(name))
    back = load_student(tmp_path)
    image = torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(back(image).depth_m, net(image).depth_m)
    program = onnx_program(back)
    for size in ((48, 64), (45, 70)):
        probe = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
        depth_m = back.core(probe).depth_m
        assert ((torch.from_numpy(program.run(probe.numpy())) - depth_m).abs() / depth_m).max() < 1e-3
