from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mde.domain import DomainName
from mde.errors import InputError
from mde.nets import load_teacher
from mde.nets.net import DepthNet
from mde.nets.taps import tapped
from tests.mde.seeded import seeded_file
from tests.mde.tiny_transformers import save_depth_anything, save_dpt, save_glpn, save_zoedepth


def maps_of(teacher: DepthNet, *, num_images: int = 2) -> list[Tensor]:
    height, width = teacher.spec.native_size
    image = torch.rand(num_images, 3, height, width, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), tapped(teacher) as taps:
        teacher(image)
        return taps.take(num_images=num_images, aspect=height / width)


def demo() -> DepthNet:
    return load_teacher("demo", None, domain="indoor")


def test_maps_of_the_demo_teacher_come_from_fine_to_coarse() -> None:
    assert [tuple(one.shape) for one in maps_of(demo())] == [
        (2, 24, 24, 32),
        (2, 48, 12, 16),
        (2, 96, 6, 8),
        (2, 160, 3, 4),
        (2, 192, 2, 2),
    ]


@pytest.mark.parametrize("save", [save_depth_anything, save_dpt, save_glpn, save_zoedepth])
def test_a_transformer_answers_four_maps(save: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = save(tmp_path / "net")
    maps = maps_of(load_teacher(f"hf:{folder}", None, domain="indoor"))
    assert len(maps) == 4
    assert all(len(one) == 2 and one.ndim == 4 for one in maps)
    heights = [one.shape[-2] for one in maps]
    assert heights == sorted(heights, reverse=True) and heights[0] > heights[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("teacher", "stem", "domain", "size", "heights"),
    [
        ("adabins", "adabins", "indoor", (384, 512), [192, 96, 48, 24, 12]),
        ("bts", "bts_resnet50", "indoor", (96, 128), [48, 24, 12, 6, 3]),
        ("toolbox-adabins", "toolbox_adabins_kitti", "driving", (352, 704), [176, 88, 44, 22, 11]),
        ("toolbox-bts", "toolbox_bts_r50_kitti", "driving", (96, 128), [48, 24, 12, 6, 3]),
        ("depthformer", "toolbox_depthformer_swint_nyu", "indoor", (96, 128), [48, 24, 12, 6, 3]),
    ],
)
def test_published_layouts_answer_maps(
    shared: Path, tmp_path: Path, teacher: str, stem: str, domain: DomainName, size: tuple[int, int], heights: list[int]
) -> None:
    net = load_teacher(teacher, seeded_file(shared, stem, tmp_path / "seeded.pth"), domain)
    with torch.no_grad(), tapped(net) as taps:
        net(torch.rand(1, 3, *size))
        maps = taps.take(num_images=1, aspect=size[0] / size[1])
    assert [one.shape[-2] for one in maps] == heights


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("teacher", "file", "heights"),
    [
        ("meter", "meter_kitti_xxs.pth", [48, 24, 12, 6]),
        ("rtmonodepth", "rtmonodepth_s_ms_encoder.pth", [48, 24, 12]),
    ],
)
def test_published_weights_answer_maps(real: Path, teacher: str, file: str, heights: list[int]) -> None:
    maps = maps_of(load_teacher(teacher, real / "weights" / file, domain="driving"))
    assert [one.shape[-2] for one in maps] == heights


def test_a_teacher_of_your_own_names_modules_of_its_network(tmp_path: Path) -> None:
    text = (Path(__file__).with_name("own_teacher.py")).read_text()
    own = tmp_path / "own_teacher.py"
    own.write_text(text.replace("multiple_of=2,", 'multiple_of=2, taps=("features",),'))
    (only,) = maps_of(load_teacher(f"{own}:load", None, domain="indoor"))
    assert only.shape == (2, 8, 24, 32)


def with_taps(teacher: DepthNet, *taps: str) -> DepthNet:
    teacher.spec = replace(teacher.spec, taps=taps)
    return teacher


def test_a_teacher_without_taps_is_refused() -> None:
    with pytest.raises(InputError, match=r"OwnTeacher\.taps"):
        maps_of(with_taps(demo()))


def test_a_module_that_is_missing_is_named() -> None:
    with pytest.raises(InputError, match="no module 'down.9'"):
        maps_of(with_taps(demo(), "down.9"))


def test_nothing_is_heard_after_the_block() -> None:
    teacher = demo()
    with tapped(teacher) as taps:
        pass
    teacher(torch.rand(1, 3, 48, 64))
    with pytest.raises(InputError, match="took part"):
        taps.take(num_images=1, aspect=0.75)


class Tokens(nn.Module):
    """In place of a module: tokens of a grid, `num_extra` of them before those of the grid."""

    def __init__(self, num: int) -> None:
        super().__init__()
        self.num = num

    def forward(self, image: Tensor) -> Tensor:
        places = torch.arange(self.num, dtype=torch.float32)
        return places[None, :, None].expand(len(image), -1, 5)


@pytest.mark.parametrize(("num_tokens", "first"), [(12, 0.0), (13, 1.0), (14, 2.0), (17, 5.0)])
def test_tokens_become_the_map_of_the_image_without_those_before_it(num_tokens: int, first: float) -> None:
    teacher = demo()
    teacher.core.tokens = Tokens(num_tokens)
    with tapped(with_taps(teacher, "tokens")) as taps:
        teacher.core.tokens(torch.zeros(2, 3, 48, 64))
        (grid,) = taps.take(num_images=2, aspect=48 / 64)
    assert grid.shape == (2, 5, 3, 4)
    assert grid[0, 0, 0].tolist() == [first + number for number in range(4)]


def test_tokens_that_are_no_map_are_refused() -> None:
    teacher = demo()
    teacher.core.tokens = Tokens(9)
    with tapped(with_taps(teacher, "tokens")) as taps:
        teacher.core.tokens(torch.zeros(2, 3, 48, 64))
        with pytest.raises(InputError, match="9 tokens of module 'tokens'"):
            taps.take(num_images=2, aspect=48 / 64)


def test_a_module_that_takes_images_one_by_one_is_heard_whole() -> None:
    teacher = demo()
    with torch.no_grad(), tapped(teacher) as taps:
        for _ in range(3):
            teacher(torch.rand(1, 3, 48, 64))
        maps = taps.take(num_images=3, aspect=0.75)
    assert maps[0].shape == (3, 24, 24, 32)
