"""Looks and proxy: deterministic, legal, and a judge that prefers who follows the teacher."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from distill.looks import LOOKS, looked
from distill.proxy import proxy_of
from mde.nets.net import DepthNet
from mde.nets.output import Output
from mde.shards import ShardReader
from mde.view import view_of
from tests.conftest import make_teacher

IMAGES = torch.rand(3, 3, 24, 32, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_changes_the_image_the_same_way_every_time(name: str) -> None:
    seen = looked(name, IMAGES, seed=1)
    assert seen.shape == IMAGES.shape and seen.min() >= 0.0 and seen.max() <= 1.0
    assert (seen - IMAGES).abs().mean() > 0.05
    assert torch.equal(seen, looked(name, IMAGES, seed=1))
    assert not torch.equal(seen, looked(name, IMAGES, seed=2))


def test_looks_differ_in_light_contrast_and_colour() -> None:
    mean = {name: looked(name, IMAGES, seed=1).mean().item() for name in LOOKS}
    assert mean["evening"] < 0.4 < mean["harsh"]
    deviation = {name: looked(name, IMAGES, seed=1).std().item() for name in LOOKS}
    assert deviation["overcast"] < 0.5 * deviation["harsh"]
    red, _, blue = looked("evening", IMAGES, seed=1).mean((0, 2, 3))
    assert red > 1.2 * blue


class Longer(nn.Module):
    """A student that answers its teacher's depth times a constant, and more where a picture is dark."""

    def __init__(self, core: nn.Module, factor: float, slope: float) -> None:
        super().__init__()
        self.core, self.factor, self.slope = core, factor, slope

    def forward(self, image: torch.Tensor) -> Output:
        output = self.core(image)
        bend = torch.exp(self.slope * (0.5 - image.mean((1, 2, 3), keepdim=True)))
        return Output(depth_m=output.depth_m * self.factor * bend, raw=output.raw)


def student(factor: float, slope: float = 0.0) -> DepthNet:
    teacher = make_teacher()
    return DepthNet(Longer(teacher.core, factor, slope), replace(teacher.spec, role="student")).eval()


def test_the_proxy_is_the_log_error_to_the_teacher_and_chooses_who_follows_it(shards: Path) -> None:
    reader, teacher = ShardReader(shards), make_teacher()
    faithful, off, fragile = (proxy_of(student(*given), teacher, reader) for given in ((1.0,), (1.1,), (1.0, 1.0)))
    assert faithful.worst == faithful.plain == 0.0
    expected = torch.tensor(1.1).log().item()
    assert off.worst == pytest.approx(expected, rel=1e-4) and off.plain == pytest.approx(expected, rel=1e-4)
    assert fragile.worst > 3 * fragile.plain  # as good as any on renders, lost in other light
    assert fragile.worst == max(fragile.looks.values()) and set(fragile.looks) == set(LOOKS)


def test_the_last_batch_counts_by_its_size(shards: Path) -> None:
    reader, teacher = ShardReader(shards), make_teacher()
    whole, split = (proxy_of(student(1.0, 1.0), teacher, reader, batch_size=size) for size in (12, 5))
    assert split.plain == pytest.approx(whole.plain, rel=1e-5)
    assert split.flip == pytest.approx(whole.flip, rel=1e-4) and whole.flip > 0.0


class Negative(nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return 1.0 - image


def test_students_are_judged_on_transformed_renders_where_they_learned_from_those(shards: Path) -> None:
    """`slope` errs by (0.5 - mean) of what it is shown, so that dark and negative pictures err the other way."""
    reader, teacher, net = ShardReader(shards), make_teacher(), student(1.0, 1.0)
    found = proxy_of(net, teacher, reader, transformation=Negative())
    images = torch.cat([teacher.spec.framing.image(view_of(reader[k]).image[None]) for k in range(len(reader))])
    expected = (0.5 - (1.0 - images).mean((1, 2, 3))).abs().mean().item()
    assert found.plain == pytest.approx(expected, rel=1e-3)
    assert found.looks != proxy_of(net, teacher, reader).looks
