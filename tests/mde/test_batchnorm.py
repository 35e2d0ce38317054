from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.ops import FrozenBatchNorm2d

from mde.nets.batchnorm import norms_of
from tests.conftest import make_teacher

IMAGE = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(0))


class Parts(nn.Module):
    """A trained part, a part that nobody trained and of which one layer is idle, and a part without."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), nn.BatchNorm2d(4))
        self.decoder = nn.ModuleList([nn.BatchNorm2d(4), nn.BatchNorm2d(8), FrozenBatchNorm2d(4)])
        self.head = nn.Sequential(nn.Conv2d(4, 1, 1), nn.GroupNorm(1, 1))
        self.encoder[1].running_mean.fill_(0.5)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.decoder[2](self.decoder[0](self.encoder(image))))


def test_layers_are_counted_by_part() -> None:
    norms = norms_of(nn.ModuleDict({"core": Parts()})["core"].eval(), IMAGE)
    found = [(part.name, part.num_layers, part.num_channels, part.num_untouched, part.num_idle) for part in norms.parts]
    assert found == [("encoder", 1, 4, 0, 0), ("decoder", 2, 12, 2, 1), ("head", 0, 0, 0, 0)]
    assert (norms.num_frozen, norms.num_other, norms.num_convolutions, norms.num_biased) == (1, 1, 2, 1)
    assert not norms.looks_folded


def test_wrappers_with_one_child_are_no_part() -> None:
    assert [part.name for part in norms_of(make_teacher(), IMAGE).parts] == ["core.first", "core.second", "core.head"]


def folded(*, bias: bool, norm: nn.Module) -> nn.Module:
    layers = [nn.Conv2d(3, 3, 1, bias=bias) for _ in range(5)]
    return nn.Sequential(*layers, norm).eval()


def test_folded_batchnorm_is_biases_everywhere_and_no_norm() -> None:
    assert norms_of(folded(bias=True, norm=nn.ReLU()), IMAGE).looks_folded
    assert not norms_of(folded(bias=False, norm=nn.ReLU()), IMAGE).looks_folded
    for norm in (nn.BatchNorm2d(3), FrozenBatchNorm2d(3), nn.GroupNorm(1, 3)):
        assert not norms_of(folded(bias=True, norm=norm), IMAGE).looks_folded
