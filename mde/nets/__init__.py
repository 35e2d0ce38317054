"""Networks, each behind one of two doors: `load_teacher` and `load_student`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mde.domain import DOMAINS, Domain, DomainName
from mde.errors import InputError
from mde.nets.adabins import load_adabins
from mde.nets.bts import load_bts
from mde.nets.demo import load_demo_teacher
from mde.nets.depthformer import load_depthformer
from mde.nets.meter import load_meter
from mde.nets.net import DepthNet
from mde.nets.student import load_student
from mde.nets.toolbox_adabins import load_toolbox_adabins
from mde.nets.toolbox_bts import load_toolbox_bts

__all__ = ["TEACHERS", "load_student", "load_teacher"]


def load_teacher(name: str, weights: Path | str | None, domain: DomainName) -> DepthNet:
    """Load a teacher from its authors' weight file; the one door for all teachers.

    None stands for the weights that ship with the project, which the demo teacher alone has.
    Answers an eval-mode network without gradients that maps `image` (B,3,H,W), RGB in [0,1], to an
    `Output` with `depth_m` (B,1,H,W) in metres at input size. `domain` states what the weights were
    trained on, which their file does not say. Nothing is downloaded and no code in the file is run.
    Raises InputError for an unknown name or domain and for files that are missing, damaged or of
    another network.
    """
    if name not in TEACHERS:
        raise InputError(f"teacher {name!r} is unknown; expected one of {', '.join(TEACHERS)}")
    if domain not in DOMAINS:
        raise InputError(f"domain {domain!r} is unknown; expected one of {', '.join(DOMAINS)}")
    return TEACHERS[name](None if weights is None else Path(weights), DOMAINS[domain])


def _load_meter(weights: Path | None, domain: Domain) -> DepthNet:
    if weights is None:
        raise InputError(
            "teacher 'meter' needs --weights FILE: one of the .pth files that its authors publish "
            "(github.com/lorenzopapa5/METER)"
        )
    return load_meter(weights, domain)


TEACHERS: dict[str, Callable[[Path | None, Domain], DepthNet]] = {
    "meter": _load_meter,
    "demo": load_demo_teacher,
    "adabins": load_adabins,
    "bts": load_bts,
    "toolbox-adabins": load_toolbox_adabins,
    "toolbox-bts": load_toolbox_bts,
    "depthformer": load_depthformer,
}
