"""Source of statistics: which layers of a teacher have a target, and who states it."""

from __future__ import annotations

from pathlib import Path

from adapt.norm_layer import norm_layers
from adapt.owner import owner_targets
from adapt.patch_similarity import check_attention
from adapt.target import Target, batchnorm_targets
from mde.errors import InputError
from mde.nets.net import DepthNet

OWNER = "owner:"
"""Prefix of a statistics file."""
BATCHNORM, PATCH_SIMILARITY, NONE = "batchnorm", "patch-similarity", "none"


def owner_file(statistics: str) -> Path | None:
    """The file that `--statistics owner:FILE` names; None for other sources."""
    return Path(statistics.removeprefix(OWNER)) if statistics.startswith(OWNER) else None


def statistics_targets(statistics: str, teacher: DepthNet) -> dict[str, Target]:
    """Targets by layer, in the teacher's order; empty for patch similarity and for none.

    With "owner:FILE" the BatchNorm layers of a mixed network keep their own statistics, which come from all images
    that the teacher was trained on, and the others get the owner's.

    Raises:
        InputError: for an unknown source, a file that does not fit, "batchnorm" for a teacher without BatchNorm (or
            with it folded into convolutions), and "patch-similarity" for one without attention.
    """
    if statistics == NONE:
        return {}
    if statistics == PATCH_SIMILARITY:
        check_attention(teacher)
        return {}
    stored = batchnorm_targets(teacher)
    if statistics == BATCHNORM:
        if not stored:
            raise InputError(
                f"teacher {teacher.spec.name!r} has no BatchNorm statistics (none, or folded into its convolutions); "
                f"give --statistics {OWNER}FILE or {PATCH_SIMILARITY}, or --transform identity"
            )
        return stored
    path = owner_file(statistics)
    if path is None:
        sources = ", ".join((BATCHNORM, f"{OWNER}FILE", PATCH_SIMILARITY))
        raise InputError(f"--statistics {statistics!r} is unknown; expected {sources} or {NONE}")
    stated = owner_targets(path, teacher)
    either = {**stated, **stored}
    return {name: either[name] for name in norm_layers(teacher) if name in either}
