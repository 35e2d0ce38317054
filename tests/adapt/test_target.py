from __future__ import annotations

from dataclasses import replace

import pytest
import timm.layers
import torch
from torch import Tensor, nn
from torchvision.ops import FrozenBatchNorm2d

from adapt.target import batchnorm_targets, running_targets
from mde.errors import InputError
from mde.nets import load_teacher
from mde.nets.net import DepthNet
from mde.nets.output import Output

IMAGES = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(1))


def test_every_class_that_stores_statistics_counts_and_others_do_not() -> None:
    net = nn.Sequential(
        nn.SyncBatchNorm(3),
        nn.BatchNorm2d(3, track_running_stats=False),
        nn.BatchNorm2d(3, eps=1e-3),
        timm.layers.BatchNormAct2d(3),
        timm.layers.FrozenBatchNormAct2d(3),
        FrozenBatchNorm2d(3),
        nn.InstanceNorm2d(3, track_running_stats=True),
        nn.GroupNorm(1, 3),
    )
    targets = batchnorm_targets(net)
    assert list(targets) == ["0", "2", "3", "4", "5"]
    assert targets["2"].eps == 1e-3 and {target.source for target in targets.values()} == {"batchnorm"}


class Core(nn.Module):
    """A norm on the way down, one at the bottom, one on the way up, one of pooled context, and one that never runs."""

    def __init__(self) -> None:
        super().__init__()
        names = ("idle", "up", "bottom", "down", "pooled")  # not the order in which they run
        self.norms = nn.ModuleDict({name: nn.BatchNorm2d(3) for name in names})

    def forward(self, image: Tensor) -> Output:
        norms = self.norms
        coarse = norms["bottom"](nn.functional.avg_pool2d(norms["down"](image), 8))
        norms["pooled"](coarse.mean((2, 3), keepdim=True))
        depth = norms["up"](nn.functional.interpolate(coarse, scale_factor=8.0)).mean(1, keepdim=True).sigmoid()
        return Output(depth_m=depth, raw=depth)


@pytest.fixture
def net(teacher: DepthNet) -> DepthNet:
    return DepthNet(Core(), replace(teacher.spec, native_size=(48, 64))).eval().requires_grad_(False)


def test_layers_that_never_run_are_left_out_and_the_others_stand_in_running_order(net: DepthNet) -> None:
    targets = batchnorm_targets(net)
    assert len(targets) == 5
    running = running_targets(net, targets, IMAGES, "all")
    assert [name.rpartition(".")[2] for name in running] == ["down", "bottom", "pooled", "up"]


def test_the_encoder_ends_at_the_smallest_maps(net: DepthNet) -> None:
    running = running_targets(net, batchnorm_targets(net), IMAGES, "encoder")
    assert [name.rpartition(".")[2] for name in running] == ["down", "bottom"]


def test_of_the_demo_teacher_the_encoder_is_stem_and_descent() -> None:
    demo = load_teacher("demo", None, "indoor")
    running = running_targets(demo, batchnorm_targets(demo), IMAGES, "encoder")
    assert {name.split(".")[1] for name in running} == {"stem", "down"} and len(running) == 9


def test_a_teacher_of_which_no_norm_runs_is_refused(net: DepthNet) -> None:
    idle = {name: target for name, target in batchnorm_targets(net).items() if name.endswith("idle")}
    with pytest.raises(InputError, match="none of the 1 layers with statistics runs in teacher 'tiny'"):
        running_targets(net, idle, IMAGES, "all")
