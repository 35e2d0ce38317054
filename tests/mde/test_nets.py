from __future__ import annotations

import inspect
from pathlib import Path

import pytest
import torch

from mde.errors import InputError
from mde.nets import load_student, load_teacher
from mde.nets.net import DepthNet, resize_prediction
from mde.view import resize_image
from tests.conftest import make_teacher


def test_teachers_are_loaded_by_name_from_text_or_path() -> None:
    weights = Path(__file__).resolve().parents[2] / "mde" / "nets" / "demo_teacher" / "weights.safetensors"
    image = torch.rand(1, 3, 72, 96, generator=torch.Generator().manual_seed(0))
    depths = [load_teacher("demo", given, "indoor")(image).depth_m for given in (None, weights, str(weights))]
    assert torch.equal(depths[0], depths[1]) and torch.equal(depths[0], depths[2])


@pytest.mark.parametrize(
    ("name", "domain", "message"),
    [
        (
            "depth-everything",
            "indoor",
            "teacher 'depth-everything' is unknown; expected one of adabins, bts, toolbox-adabins,",
        ),
        ("demo", "moon", "domain 'moon' is unknown; expected one of indoor, driving"),
        ("meter", "indoor", "teacher 'meter' needs --weights FILE"),
    ],
)
def test_unknown_teachers_and_domains_are_refused_in_one_line(name: str, domain: str, message: str) -> None:
    unchecked = inspect.unwrap(load_teacher)  # without the type checks of the tests: users have none
    with pytest.raises(InputError, match=message) as caught:
        unchecked(name, None, domain)
    assert "\n" not in str(caught.value)


def test_students_are_loaded_from_text_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no finished student"):
        load_student(str(tmp_path))


@pytest.mark.parametrize("size", [(32, 48), (50, 31), (120, 200)])
def test_any_network_answers_at_the_size_of_its_image(size: tuple[int, int]) -> None:
    output = make_teacher(native_size=(32, 48))(torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0)))
    assert output.depth_m.shape == (2, 1, *size)
    assert output.raw is not None and output.raw.shape[-2:] == (32, 48)


def test_a_network_sees_the_image_at_its_native_size() -> None:
    teacher = make_teacher(native_size=(32, 48))
    image = torch.rand(1, 3, 64, 120, generator=torch.Generator().manual_seed(0))
    assert torch.equal(teacher(image).raw, teacher.core(resize_image(image, 32, 48)).raw)
    constant = torch.full((1, 1, 32, 48), 3.0)
    torch.testing.assert_close(resize_prediction(constant, 77, 51), torch.full((1, 1, 77, 51), 3.0))


def test_a_network_of_many_sizes_sees_the_image_as_it_is_and_refuses_others() -> None:
    teacher = make_teacher(native_size=(32, 48))
    free = DepthNet(teacher.core, teacher.spec, size_rule=lambda height, _: "rows are even" if height % 2 else None)
    image = torch.rand(1, 3, 40, 56, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(free(image).depth_m, teacher.core(image).depth_m, rtol=0, atol=0)
    with pytest.raises(InputError, match="cannot take images of 41x56; rows are even"):
        free(torch.zeros(1, 3, 41, 56))
