"""Source of statistics: which layers of a teacher have a target, and who states it."""

from __future__ import annotations

from pathlib import Path

from adapt.norm_layer import norm_layers
from adapt.owner import owner_targets
from adapt.target import Target, batchnorm_targets
from mde.errors import InputError
from mde.nets.net import DepthNet

OWNER = "owner:"
"""Prefix of a statistics file."""
BATCHNORM, PATCH_SIMILARITY, NONE = "batchnorm", "patch-similarity", "none"
WITHOUT_TARGETS = (PATCH_SIMILARITY, NONE)


def statistics_targets(statistics: str, teacher: DepthNet) -> dict[str, Target]:
    """Targets by layer, in the teacher's order; empty for what needs none (`WITHOUT_TARGETS`).

    With "owner:FILE" the BatchNorm layers of a mixed network keep their own statistics, which come from all images
    that the teacher was trained on, and the others get the owner's.

    Raises:
        InputError: for an unknown source, a file that does not fit, and "batchnorm" for a teacher without BatchNorm.
    """
    if statistics in WITHOUT_TARGETS:
        return {}
    stored = batchnorm_targets(teacher)
    if statistics == BATCHNORM:
        if not stored:
            raise InputError(
                f"teacher {teacher.spec.name!r} stores no BatchNorm statistics; give --statistics {OWNER}FILE, "
                f"{PATCH_SIMILARITY} or {NONE}"
            )
        return stored
    if not statistics.startswith(OWNER):
        sources = ", ".join((BATCHNORM, f"{OWNER}FILE", PATCH_SIMILARITY))
        raise InputError(f"--statistics {statistics!r} is unknown; expected {sources} or {NONE}")
    stated = owner_targets(Path(statistics.removeprefix(OWNER)), teacher)
    either = {**stated, **stored}
    return {name: either[name] for name in norm_layers(teacher) if name in either}
