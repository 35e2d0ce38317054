"""Lesson: what a student is taught of a batch, by everything that is frozen while it learns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from distill.alignment import align
from distill.draw import NO_AUGMENTATION, AugmentConfig, Pictures
from distill.imitation import Imitation
from distill.objective import ObjectiveConfig, objective_loss
from distill.randomisation import randomise
from mde.bins import Bins
from mde.errors import InputError
from mde.nets.net import DepthNet
from mde.nets.output import Output
from mde.nets.taps import Taps

Precision = Literal["fp32", "bf16"]


class DepthCache(Protocol):
    """A teacher's depth of images that it may have answered before (`distill.teacher_cache`)."""

    def depth_m(self, teacher: DepthNet, images: Tensor) -> Tensor:
        """Depth of `images` (B,3,H,W), (B,1,H,W)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Teacher, and what stands between renders and both networks."""

    teacher: DepthNet
    transformation: nn.Module | None = None
    """From rendered images to images that the teacher is at home with; None for the identity."""
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    augment: AugmentConfig = NO_AUGMENTATION
    cache: DepthCache | None = None
    align_teacher: bool = False
    """Fit the teacher's depth to the render's, image by image (`distill.alignment`), and leave out what cannot be."""
    taps: Taps | None = None
    """Where the teacher's maps are heard, when they are wanted."""
    imitation: Imitation | None = None
    """What the student imitates of these maps; None for its depth alone."""


class Taught(NamedTuple):
    """What a student is shown, and what it should answer."""

    images: Tensor
    """(B,3,H,W), RGB in [0,1]."""
    depth_m: Tensor
    """The teacher's, (B,1,H,W)."""
    maps: list[Tensor]
    """The teacher's features, (B,C,h,w) each, from fine to coarse; none where they are not wanted."""


@torch.no_grad()
def taught(
    lesson: Lesson,
    pictures: Pictures,
    depth_range_m: tuple[float, float],
    device: torch.device,
    *,
    seed: int,
    step: int,
    first: int,
    precision: Precision,
) -> Taught:
    """The images that the student sees, on `device`, and what the teacher makes of them.

    Images are transformed, then randomised, and the teacher sees the same ones unless `augment.student_only`. Depth is
    in metres, clamped to `depth_range_m`. With `align_teacher` images whose depth cannot be aligned are missing; there
    may be none left. `first` is the place of the first image in its step's batch.
    """
    teacher = lesson.teacher
    images = pictures.image.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last)
    if lesson.transformation is not None:
        images = lesson.transformation(images)
    seen = images
    if lesson.augment.randomise > 0.0:
        seen = randomise(images, seed=seed, step=step, first=first, strength=lesson.augment.randomise)
    asked = images if lesson.augment.student_only else seen
    with in_precision(precision, device):
        depth = teacher(asked).depth_m if lesson.cache is None else lesson.cache.depth_m(teacher, asked)
    depth = depth.float()
    maps = (
        [] if lesson.taps is None else lesson.taps.take(num_images=len(asked), aspect=asked.shape[-2] / asked.shape[-1])
    )
    if lesson.align_teacher:
        assert pictures.depth_m is not None
        depth, is_sound = align(depth, pictures.depth_m.to(device), teacher.spec.kind, depth_range_m)
        seen, depth, maps = seen[is_sound], depth[is_sound], [one[is_sound] for one in maps]
    return Taught(seen, depth.clamp(*depth_range_m), maps)


def lesson_loss(lesson: Lesson, part: Taught, output: Output, bins: Bins | None) -> tuple[Tensor, dict[str, Tensor]]:
    """The objective per sample, (B,), and its terms by name; `features` among them where they are imitated."""
    losses, terms = objective_loss(output, part.depth_m, bins, lesson.objective)
    if lesson.imitation is None:
        return losses, terms
    distance = lesson.imitation.loss(part.maps, output.features)
    return losses + lesson.imitation.weight * distance, {**terms, "features": distance}


def in_precision(precision: Precision, device: torch.device) -> torch.autocast:
    """The block computes in bfloat16 where autocast thinks that safe, or, with fp32, as it is written."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def check_some_aligned(num: int, step: int) -> None:
    """Raise InputError when no image of a step could be aligned."""
    if num == 0:
        raise InputError(
            f"the teacher's depth follows the renders' in no image of step {step}; look at its depth of a few renders "
            "(is it depth where inverse depth is declared, or normalised twice?)"
        )
