"""Drawing: the pictures of every step, from shards to what is handed to the networks' device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from distill.mixing import mix_objects
from mde.batch import batch_numbers, flip_some, loaded_ahead, mirrored, read_images, scene_batch
from mde.errors import InputError
from mde.framing import Framing
from mde.shards import ShardReader


@dataclass(frozen=True, kw_only=True, slots=True)
class AugmentConfig:
    """How pictures vary beyond being mirrored. Student and teacher see the same pixels, unless `student_only`."""

    mix: float = 0.5
    """Probability that a picture gets objects of another one (object-wise mixing); the teacher answers the mixture. 0
    leaves pictures whole."""
    randomise: float = 1.0
    """Strength of photometric randomisation, after the transformation: exposure, white balance, tone curve, contrast,
    saturation, blur and noise of each picture. 0 is none, 1 the range in distill/randomisation.py."""

    student_only: bool = False
    """Randomise for the student alone. The teacher then answers each picture as it was before, which --teacher-cache
    can remember."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.mix <= 1.0:
            raise InputError(f"--augment.mix {self.mix} must lie between 0 and 1")
        if not 0.0 <= self.randomise <= 2.0:
            raise InputError(f"--augment.randomise {self.randomise} must lie between 0 and 2")
        if self.student_only and self.randomise == 0.0:
            raise InputError("--augment.student-only says who sees randomised pictures; add --augment.randomise 1")

    @property
    def is_new_each_time(self) -> bool:
        """Whether the teacher never sees the same image twice."""
        return self.mix > 0.0 or (self.randomise > 0.0 and not self.student_only)


NO_AUGMENTATION = AugmentConfig(mix=0.0, randomise=0.0)
"""Pictures as they are, but mirrored."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What one process draws for one step."""

    image: Tensor
    """(B,3,H,W), RGB in [0,1]."""
    depth_m: Tensor | None
    """(B,1,H,W) depth of the renders, 0 = none; None where nobody asked."""
    numbers: list[int]
    """Their records."""

    def part(self, start: int, num: int) -> Pictures:
        """At most `num` of them from the one at `start` on."""
        chosen = slice(start, start + num)
        depth_m = None if self.depth_m is None else self.depth_m[chosen]
        return Pictures(image=self.image[chosen], depth_m=depth_m, numbers=self.numbers[chosen])


def drawn(
    reader: ShardReader,
    framing: Framing,
    batch_size: int,
    augment: AugmentConfig,
    *,
    seed: int,
    steps: range,
    places: range,
    with_depth: bool,
    num_threads: int,
) -> Iterator[tuple[int, Pictures]]:
    """(step, pictures) for every step, in order: those at `places` of its batch of `batch_size`.

    They are a function of (seed, step, place), the same with and without depth. Read ahead in threads; depth and ids
    are decoded only where they are needed.
    """

    def load(step: int) -> Pictures:
        numbers = batch_numbers(len(reader), batch_size, seed=seed, step=step)[places.start : places.stop]
        flips = mirrored(batch_size, seed=seed, step=step)[places.start : places.stop]
        if not with_depth and augment.mix == 0.0:
            image = flip_some(read_images(reader, numbers, framing), flips)
            return Pictures(image=image, depth_m=None, numbers=numbers)
        batch = scene_batch(reader, framing, numbers, flips)
        if augment.mix > 0.0:
            batch = mix_objects(batch, seed=seed, step=step, first=places.start, probability=augment.mix)
        return Pictures(image=batch.image, depth_m=batch.depth_m if with_depth else None, numbers=numbers)

    return loaded_ahead(load, steps, num_threads)
