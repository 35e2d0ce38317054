"""Taps: the maps inside a teacher that features are distilled from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from mde.errors import InputError
from mde.nets.net import DepthNet


class Taps:
    """What the modules `teacher.spec.taps` have answered since it was last taken.

    A module may answer one map, several, or the tokens of a transformer.
    """

    def __init__(self) -> None:
        self._answers: dict[str, list[Any]] = {}

    def note(self, name: str, answer: Any) -> None:
        """Keep what the module of that name answered; it may be asked more than once for the images of a batch."""
        self._answers.setdefault(name, []).append(answer)

    def take(self, *, num_images: int, aspect: float) -> list[Tensor]:
        """Maps (B,C,h,w), from fine to coarse, of `num_images` images whose height is `aspect` times their width.

        Raises InputError for what is neither a map nor the tokens of a map of that aspect, and where nothing ran.
        """
        answers, self._answers = self._answers, {}
        maps = []
        for name, parts in answers.items():
            flat = [_unique(_flat(part)) for part in parts]
            for pieces in zip(*flat, strict=True):
                maps.append(_as_map(torch.cat(pieces), num_images, aspect, name=name))
        if not maps:
            raise InputError("none of the modules that features are taken from took part in the teacher's answer")
        return sorted(maps, key=lambda one: -one.shape[-2] * one.shape[-1])


@contextmanager
def tapped(teacher: DepthNet) -> Iterator[Taps]:
    """Within the block the modules that `teacher.spec.taps` names are listened to.

    Raises InputError for a teacher that names none, or one that it has not.
    """
    names = teacher.spec.taps
    if not names:
        raise InputError(
            f"teacher {teacher.spec.name} does not say where its features are; one of your own names modules in "
            "OwnTeacher.taps"
        )
    modules = dict(teacher.core.named_modules())
    for name in names:
        if name not in modules:
            raise InputError(f"teacher {teacher.spec.name} has no module {name!r} to take features from")
    taps = Taps()

    def listener(name: str) -> Any:
        def listen(module: nn.Module, arguments: Any, answer: Any) -> None:
            taps.note(name, answer)

        return listen

    hooks = [modules[name].register_forward_hook(listener(name)) for name in names]
    try:
        yield taps
    finally:
        for hook in hooks:
            hook.remove()


def _flat(answer: Any) -> list[Tensor]:
    """The tensors of maps and tokens in an answer, whatever it is packed into."""
    if isinstance(answer, Tensor):
        return [answer] if answer.ndim in (3, 4) else []
    if isinstance(answer, Mapping):
        answer = list(answer.values())
    return [tensor for part in answer for tensor in _flat(part)] if isinstance(answer, (list, tuple)) else []


def _unique(tensors: list[Tensor]) -> list[Tensor]:
    """Each once, where an answer names one twice."""
    return list({id(tensor): tensor for tensor in tensors}.values())


def _as_map(features: Tensor, num_images: int, aspect: float, *, name: str) -> Tensor:
    """A map as it is; tokens (B,N,C) as the map (B,C,h,w) nearest to that aspect, without the class token before it."""
    if len(features) != num_images:
        raise InputError(f"module {name!r} answered for {len(features)} images instead of {num_images}")
    if features.ndim == 4:
        return features
    num = features.shape[1]
    for num_extra in (0, 1, 2, 5):  # none, a class token, a distillation token too, or four registers
        height = max(1, round((aspect * (num - num_extra)) ** 0.5))
        if height * round(height / aspect) == num - num_extra:
            grid = features[:, num_extra:].transpose(1, 2)
            return grid.reshape(num_images, -1, height, (num - num_extra) // height)
    raise InputError(f"the {num} tokens of module {name!r} are no map of an image {aspect:.3g} times as high as wide")
