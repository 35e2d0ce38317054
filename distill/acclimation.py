"""Acclimation: a teacher's features, translated until the student's frozen decoder makes the teacher's depth of them.

Reference: Zheng, Huang, Li, Wang, "Promoting CNNs with Cross-Architecture Knowledge Distillation for Efficient
Monocular Depth Estimation" (DisDepth, arXiv 2404.16386, 2024): feature acclimation module, ghost decoder, attentive
distillation. Written from its ideas; formulas and widths are ours. Differs: no ground truth, the teacher's depth of
renders is all that is learned from; and where a gate is shut the ghost sees the student's own features, so that
translated ones have the student's scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

TINY = 1e-6
"""Keeps the mean over open gates finite where all are shut."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """One of the student's maps, and the teacher's that is translated to it."""

    teacher: int | None
    """Place among the teacher's maps, from fine to coarse; None where none has about the student's size."""
    teacher_channels: int
    student_channels: int


def paired_levels(teacher: Sequence[Tensor], student: Sequence[Tensor]) -> tuple[Level, ...]:
    """For each of the student's maps the teacher's of nearest size, none when that is more than twice or half as high.

    Of several maps of one size the deepest is taken, which comes last.
    """
    return tuple(_level(teacher, own) for own in student)


def _level(teacher: Sequence[Tensor], own: Tensor) -> Level:
    def distance(number: int) -> tuple[float, int]:
        return abs(math.log2(teacher[number].shape[-2] / own.shape[-2])), -number

    nearest = min(range(len(teacher)), key=distance)
    if distance(nearest)[0] > 1.0:
        return Level(teacher=None, teacher_channels=0, student_channels=own.shape[1])
    return Level(teacher=nearest, teacher_channels=teacher[nearest].shape[1], student_channels=own.shape[1])


class Acclimation(nn.Module):
    """Translates a teacher's maps to a student's, level by level: F' = conv3x3(relu(norm(conv1x1(F)))), at its grid.

    Two convolutions and no more: a larger network learns codes that no student can imitate. `is_attentive` adds a gate
    per level, A = sigmoid(conv1x1(F')), (B,1,h,w), half open in the beginning; without it all gates are open.
    """

    def __init__(self, levels: Sequence[Level], *, is_attentive: bool) -> None:
        super().__init__()
        self.levels = tuple(levels)
        self.is_attentive = is_attentive
        paired = {str(number): level for number, level in enumerate(levels) if level.teacher is not None}
        self.translators = nn.ModuleDict(
            {key: _translator(level.teacher_channels, level.student_channels) for key, level in paired.items()}
        )
        self.gates = nn.ModuleDict(
            {key: _gate(level.student_channels) for key, level in paired.items()} if is_attentive else {}
        )

    def forward(self, teacher: Sequence[Tensor], student: Sequence[Tensor]) -> list[Translated | None]:
        """The teacher's maps at the grids of the student's, in float32; None at levels that it has none for."""
        pairs = enumerate(zip(self.levels, student, strict=True))
        return [self._translated(str(number), level, teacher, own) for number, (level, own) in pairs]

    def _translated(self, key: str, level: Level, teacher: Sequence[Tensor], own: Tensor) -> Translated | None:
        if level.teacher is None:
            return None
        features = self.translators[key](teacher[level.teacher].float())
        features = F.interpolate(features, size=own.shape[-2:], mode="bilinear", align_corners=False)
        gate = self.gates[key](features).sigmoid() if self.is_attentive else torch.ones_like(features[:, :1])
        return Translated(features=features, gate=gate)


@dataclass(frozen=True, kw_only=True)
class Translated:
    """A teacher's map in the student's terms."""

    features: Float[Tensor, "batch channels height width"]
    gate: Float[Tensor, "batch 1 height width"]
    """In [0,1]: how much the place matters for depth."""

    def beside(self, own: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels height width"]:
        """What the ghost decoder sees: translated features where the gate is open, the student's `own` where not."""
        return self.gate * self.features + (1.0 - self.gate) * own


def openness(translated: Sequence[Translated | None]) -> Float[Tensor, ""]:
    """Mean of the gates over levels, images and places."""
    return torch.stack([one.gate.mean() for one in translated if one is not None]).mean()


def imitation_loss(translated: Sequence[Translated | None], student: Sequence[Tensor]) -> Float[Tensor, " batch"]:
    """Per sample, mean over levels of sum A ||F_s - F'||^2 / (C sum A): the squared distance per channel at open gates.

    Translated features and gates are targets: no gradient reaches them.
    """
    pairs = zip(translated, student, strict=True)
    return torch.stack([_level_loss(target, own.float()) for target, own in pairs if target is not None]).mean(dim=0)


def _level_loss(target: Translated, own: Tensor) -> Tensor:
    gate, features = target.gate.detach(), target.features.detach()
    distance = (own - features).square().mean(dim=1, keepdim=True)
    return (gate * distance).flatten(1).sum(dim=1) / (gate.flatten(1).sum(dim=1) + TINY)


def _translator(num_in: int, num_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(num_in, num_out, 1, bias=False),
        nn.BatchNorm2d(num_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(num_out, num_out, 3, padding=1),
    )


def _gate(num_channels: int) -> nn.Conv2d:
    gate = nn.Conv2d(num_channels, 1, 1)
    nn.init.zeros_(gate.weight)
    assert gate.bias is not None
    nn.init.zeros_(gate.bias)
    return gate
