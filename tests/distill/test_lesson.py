from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from distill.draw import NO_AUGMENTATION, AugmentConfig, Pictures
from distill.lesson import Lesson, check_some_aligned, taught
from mde.errors import InputError
from mde.nets.net import DepthNet
from mde.nets.output import Output
from tests.conftest import make_teacher


class Watching(nn.Module):
    """Answers the mean colour as depth, and keeps what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, image: Tensor) -> Output:
        self.seen.append(image.clone())
        return Output(depth_m=0.2 + 4.0 * image.mean(1, keepdim=True))


class Darker(nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        return 0.5 * image


def watched() -> tuple[DepthNet, Watching]:
    core = Watching()
    return DepthNet(core, make_teacher().spec).eval(), core


def pictures() -> Pictures:
    image = torch.rand(4, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    return Pictures(image=image, depth_m=None, numbers=[0, 1, 2, 3])


def teach(lesson: Lesson, *, depth_range_m: tuple[float, float] = (1e-3, 10.0)) -> tuple[Tensor, Tensor]:
    device = torch.device("cpu")
    part = taught(lesson, pictures(), depth_range_m, device, seed=0, step=3, first=0, precision="fp32")
    return part.images, part.depth_m


def test_student_and_teacher_see_the_same_transformed_and_randomised_pixels() -> None:
    teacher, core = watched()
    plain = NO_AUGMENTATION
    seen, depth_m = teach(Lesson(teacher=teacher, transformation=Darker(), augment=plain))
    torch.testing.assert_close(seen, 0.5 * pictures().image)
    randomised, depth_m = teach(Lesson(teacher=teacher, transformation=Darker(), augment=AugmentConfig(mix=0.0)))
    assert not torch.allclose(randomised, seen, atol=0.02)
    assert torch.equal(core.seen[-1], randomised)
    torch.testing.assert_close(depth_m, 0.2 + 4.0 * randomised.mean(1, keepdim=True))


def test_with_student_only_the_teacher_answers_the_picture_before_it_is_randomised() -> None:
    teacher, core = watched()
    augment = AugmentConfig(mix=0.0, student_only=True)
    seen, depth_m = teach(Lesson(teacher=teacher, transformation=Darker(), augment=augment))
    torch.testing.assert_close(core.seen[-1], 0.5 * pictures().image)
    assert torch.equal(seen, teach(Lesson(teacher=teacher, transformation=Darker(), augment=replace(augment)))[0])
    assert not torch.allclose(seen, core.seen[-1], atol=0.02)
    torch.testing.assert_close(depth_m, 0.2 + 2.0 * pictures().image.mean(1, keepdim=True))


def test_depth_is_brought_into_the_students_range() -> None:
    teacher, _ = watched()
    _, depth_m = teach(Lesson(teacher=teacher), depth_range_m=(2.0, 2.5))
    assert depth_m.min() >= 2.0 and depth_m.max() <= 2.5


def test_a_step_without_any_aligned_image_is_refused() -> None:
    check_some_aligned(1, 7)
    with pytest.raises(InputError, match="in no image of step 7"):
        check_some_aligned(0, 7)


@pytest.mark.parametrize(
    "change", [{"mix": -0.1}, {"mix": 1.5}, {"mix": float("nan")}, {"randomise": -1.0}, {"randomise": 2.5}]
)
def test_impossible_augmentations_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InputError, match="must lie between"):
        AugmentConfig(**change)


def test_student_only_without_randomisation_is_refused() -> None:
    with pytest.raises(InputError, match="add --augment.randomise 1"):
        AugmentConfig(randomise=0.0, student_only=True)


@pytest.mark.parametrize(
    ("augment", "is_new"),
    [
        (NO_AUGMENTATION, False),
        (AugmentConfig(), True),
        (AugmentConfig(randomise=0.0), True),
        (AugmentConfig(mix=0.0), True),
        (AugmentConfig(mix=0.0, student_only=True), False),
        (AugmentConfig(student_only=True), True),
    ],
)
def test_it_is_known_whether_the_teacher_sees_an_image_again(augment: AugmentConfig, is_new: bool) -> None:
    assert augment.is_new_each_time == is_new
