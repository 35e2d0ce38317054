"""Local-global convolutions: fresh ones change nothing, they learn, they see the whole image, and files still fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from timm.layers.conv2d_same import Conv2dSame
from torch import Tensor, nn

from distill.int8 import Calibration, int8_program
from distill.onnx_export import onnx_program
from distill.program import relative_errors
from distill.torchscript_export import torchscript_program
from mde.bins import log_bins
from mde.errors import InputError
from mde.macs import count_macs
from mde.nets.backbone_weights import load_backbone
from mde.nets.local_global import LocalGlobalConv, names_without_branches
from mde.nets.student import STUDENT, STUDENTS, check_student, load_student, save_student
from mde.nets.student_net import Student
from tests.distill.lively import save_lively
from tests.distill.test_int8 import smooth_images
from tests.mde.test_backbone_weights import SMALL, published, written
from tests.mde.test_edge import BINS, card

SMALL_LG = f"{SMALL}+lg"


def fresh(name: str) -> Student:
    """Untrained, but for BatchNorms that pass everything: timm's ResNets begin with residual paths that answer zero."""
    torch.manual_seed(0)
    net = STUDENTS[name](BINS, (1e-3, 10.0)).eval()
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
    return net


def image(height: int = 64, width: int = 96, *, num: int = 1) -> Tensor:
    return torch.rand(num, 3, height, width, generator=torch.Generator().manual_seed(0))


def woken(net: nn.Module) -> nn.Module:
    """The network with gates that do something, as after training."""
    generator = torch.Generator().manual_seed(1)
    for branch in branches(net):
        branch.gate.weight.data = 0.5 * torch.randn(branch.gate.weight.shape, generator=generator)
    return net


def branches(net: nn.Module) -> list[LocalGlobalConv]:
    return [module for module in net.modules() if isinstance(module, LocalGlobalConv)]


PLAIN = [name for name in STUDENTS if not name.endswith("+lg")]
NAMES = [pytest.param(name, marks=[pytest.mark.slow] if name == "tiekd_resnet50" else [], id=name) for name in PLAIN]
"""The largest takes seconds to initialise."""


@torch.no_grad()
@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_student_answers_to_the_bit_what_it_answers_without_branches(name: str) -> None:
    with_branches, without = fresh(f"{name}+lg"), fresh(name)
    assert isinstance(without.backbone, nn.Module) and isinstance(with_branches.backbone, nn.Module)
    local = [m for m in without.backbone.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    assert len(branches(with_branches)) == len(branches(with_branches.backbone)) == len(local) >= 5
    assert torch.equal(with_branches(image(32, 64)).depth_m, without(image(32, 64)).depth_m)
    assert not torch.equal(woken(with_branches)(image(32, 64)).depth_m, without(image(32, 64)).depth_m)


def test_every_student_has_a_twin_with_branches() -> None:
    assert set(STUDENTS) == {*PLAIN, *(f"{name}+lg" for name in PLAIN)}


@torch.no_grad()
@pytest.mark.parametrize("groups, stride, size", [(1, 1, (7, 9)), (1, 2, (7, 9)), (64, 2, (6, 5)), (64, 1, (6, 5))])
def test_the_answer_is_the_formula_with_the_mean_at_every_place(
    groups: int, stride: int, size: tuple[int, int]
) -> None:
    """As described: one matrix over both halves, the mean repeated over the map."""
    torch.manual_seed(0)
    conv = nn.Conv2d(64, 64, 3, stride, padding=1, groups=groups, bias=False)
    layer = LocalGlobalConv(conv)
    woken(layer)
    assert layer.gate.in_channels == (16 if groups == 1 else 8)
    x = torch.randn(2, 64, *size)
    z = torch.einsum("rc,bchw->brhw", layer.reduce.weight[:, :, 0, 0], x[..., ::stride, ::stride])
    z = (z + layer.reduce.bias.view(-1, 1, 1)).clamp_min(0.0)
    both = torch.cat((z, z.flatten(2).mean(2)[..., None, None].expand_as(z)), dim=1)
    matrix = torch.cat((layer.local_part.weight, layer.global_part.weight), dim=1)[:, :, 0, 0]
    hidden = (torch.einsum("rc,bchw->brhw", matrix, both) + layer.local_part.bias.view(-1, 1, 1)).clamp_min(0.0)
    a = torch.einsum("rc,bchw->brhw", layer.gate.weight[:, :, 0, 0], hidden)
    torch.testing.assert_close(layer(x), conv(x) * (1.0 + a.tanh()), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_branch_sees_the_other_end_of_the_map_and_a_convolution_does_not() -> None:
    torch.manual_seed(0)
    layer = LocalGlobalConv(nn.Conv2d(8, 8, 3, padding=1))
    woken(layer)
    before = torch.randn(1, 8, 16, 16)
    after = before.clone()
    after[..., -1, -1] += 30.0
    assert torch.equal(layer.conv(after)[..., 0, 0], layer.conv(before)[..., 0, 0])
    assert not torch.allclose(layer(after)[..., 0, 0], layer(before)[..., 0, 0], rtol=1e-3)


@torch.no_grad()
def test_a_convolution_of_another_class_keeps_its_padding() -> None:
    layer = LocalGlobalConv(Conv2dSame(3, 8, 3, stride=2))
    for size in ((12, 16), (13, 17)):
        x = torch.randn(1, 3, *size)
        assert torch.equal(layer(x), layer.conv(x))


def test_gates_get_gradients_at_once_and_all_else_after_one_step() -> None:
    """In the memory layout of training, in which a strided 1x1 over the image corrupted memory."""
    net = fresh("plain+lg").train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    weights = torch.rand(2, 1, 64, 96, generator=torch.Generator().manual_seed(2))

    def reached() -> dict[str, bool]:
        optimizer.zero_grad()
        (net(image(num=2).contiguous(memory_format=torch.channels_last)).depth_m.log() * weights).mean().backward()
        return {
            f"{part}.{kind}": all(getattr(getattr(b, part), kind).grad.any() for b in branches(net))
            for part in ("reduce", "local_part", "global_part", "gate")
            for kind in ("weight", "bias")
            if getattr(getattr(branches(net)[0], part), kind) is not None
        }

    assert {name for name, found in reached().items() if found} == {"gate.weight", "gate.bias"}
    optimizer.step()
    found = reached()
    assert len(found) == 7 and all(found.values())


def test_resnet18_grows_by_what_was_planned() -> None:
    """+0.83 M parameters; +0.76 GMAC at 480x640 with the mean repeated at every place, a product that is saved here."""
    torch.manual_seed(0)
    nets = [STUDENTS[name](log_bins(0.5, 10.0, 128), (1e-3, 10.0)).eval() for name in ("resnet18+lg", "resnet18")]
    parameters, macs = (
        [measure(net) for net in nets]
        for measure in (
            lambda net: sum(parameter.numel() for parameter in net.parameters()),
            lambda net: 25 * count_macs(net, torch.zeros(1, 3, 96, 128)),  # a twenty-fifth of 480x640
        )
    )
    saved = sum(
        b.global_part.weight.numel() * 480 * 640 / 16 / (b.conv.out_channels / 64) ** 2 for b in branches(nets[0])
    )
    assert (parameters[0] - parameters[1]) / 1e6 == pytest.approx(0.83, abs=0.005)
    assert (macs[0] - macs[1] + saved) / 1e9 == pytest.approx(0.76, abs=0.005)


@torch.no_grad()
def test_in_bfloat16_and_channels_last_depth_stays_finite_and_near() -> None:
    net = woken(fresh(SMALL_LG))
    exact = net(image()).depth_m
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        depth_m = net(image().contiguous(memory_format=torch.channels_last)).depth_m.float()
    assert depth_m.isfinite().all()
    assert ((depth_m - exact).abs() / exact).mean() < 0.05


@pytest.mark.parametrize("name, source", [(SMALL, SMALL), ("resnet18", "resnet18")])
def test_pretrained_weights_load_behind_the_branches(tmp_path: Path, name: str, source: str) -> None:
    path = written(tmp_path / "weights.safetensors", published(source))
    with_branches, without = fresh(f"{name}+lg"), fresh(name)
    assert load_backbone(with_branches, path) == load_backbone(without, path)
    assert isinstance(with_branches.backbone, nn.Module) and isinstance(without.backbone, nn.Module)
    own, names = with_branches.backbone.state_dict(), names_without_branches(with_branches.backbone)
    wanted = without.backbone.state_dict()
    assert set(names) == set(wanted) and all(torch.equal(own[names[key]], wanted[key]) for key in wanted)
    with torch.no_grad():
        assert torch.equal(with_branches(image()).depth_m, without(image()).depth_m)


def test_a_file_of_another_network_leaves_a_student_with_branches_as_it_was(tmp_path: Path) -> None:
    net = fresh("plain+lg")
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with pytest.raises(InputError, match="another network"):
        load_backbone(net, written(tmp_path / "weights.safetensors", published(SMALL)))
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


@pytest.mark.parametrize("name", ["plain+gl", "plain+lg+lg", "+lg", "lg", "plain+", "plain +lg"])
def test_another_suffix_is_refused_with_the_right_one(name: str) -> None:
    with pytest.raises(InputError, match=r"is unknown; expected one of mobilenetv2, .*each also with \+lg") as caught:
        check_student(name)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_saved_student_comes_back_with_its_branches_and_is_exported_for_any_size(tmp_path: Path) -> None:
    net = woken(fresh("plain+lg"))
    save_student(tmp_path / STUDENT, net, card("plain+lg"))
    back = load_student(tmp_path)
    assert back.spec.name == "plain+lg" and len(branches(back)) == len(branches(net))
    with torch.no_grad():
        assert torch.equal(back(image(48, 64)).depth_m, net(image(48, 64)).depth_m)
    for program in (onnx_program(back), torchscript_program(back)):
        for size in ((48, 64), (70, 45)):
            with torch.no_grad():
                depth_m = back.core(image(*size)).depth_m
            error = (torch.from_numpy(program.run(image(*size).numpy())) - depth_m).abs() / depth_m
            assert error.max() < 1e-3


@pytest.mark.slow
def test_a_student_with_branches_is_nearly_itself_in_integers(tmp_path: Path) -> None:
    """Worst seen 0.053, with random gates; without branches 0.018."""
    net = save_lively(tmp_path, SMALL_LG)
    woken(net)
    program = int8_program(net, Calibration(images=smooth_images(16, seed=0), data_sha256="d" * 64))
    assert 1e-4 < relative_errors(program, net, smooth_images(8, seed=1)).mean() < 0.06
