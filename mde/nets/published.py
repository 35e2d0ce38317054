"""Published teachers: what loading has in common, whoever the authors are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from mde.domain import Domain, DomainName
from mde.errors import InputError
from mde.files import sha256_file
from mde.framing import Framing
from mde.nets.net import NetSpec
from mde.nets.weights_file import published_sha256

BENCHMARK_FRAMINGS: dict[DomainName, Framing] = {
    "driving": Framing(size=(352, 1216), frame=(375, 1242)),
    "indoor": Framing(size=(480, 640)),
}
"""What AdaBins, BTS and the Toolbox show their networks: the crop of KITTI's benchmark, and whole frames of NYU."""
Training = TypeVar("Training")


def training_of(trainings: Mapping[DomainName, Training], domain: Domain, *, teacher: str) -> Training:
    """What was published for `domain`. Raises InputError where that is nothing."""
    if domain.name not in trainings:
        raise InputError(
            f"teacher {teacher} knows the domains {', '.join(trainings)}, got {domain.name!r}; "
            "use --domain with one of them"
        )
    return trainings[domain.name]


def check_domain(path: Path, digests: Mapping[DomainName, str | None], domain: Domain, *, owner: str) -> None:
    """Raise InputError where `path` is, or was converted from, the published file of another domain.

    Files of both domains have the same shapes, so that only the digest tells them apart; None is one not known.
    """
    published = published_sha256(path)
    for name, digest in digests.items():
        if published == digest and name != domain.name:
            raise InputError(f"{path} are {owner} {name} weights; expected {domain.name} ones, change file or domain")


def published_spec(
    teacher: str,
    domain: Domain,
    framing: Framing,
    path: Path,
    *,
    licence: str,
    taps: tuple[str, ...],
    focal_px: float | None = None,
) -> NetSpec:
    """What is known of a metric teacher whose weights are the one file `path`."""
    return NetSpec(
        name=teacher,
        role="teacher",
        domain=domain.name,
        native_size=framing.size,
        frame_size=framing.frame,
        focal_px=focal_px,
        depth_range_m=domain.depth_range_m,
        licence=licence,
        taps=taps,
        weights_sha256=sha256_file(path),
        files=(path,),
    )
