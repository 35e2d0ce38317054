"""Networks, each behind one of two doors: `load_teacher` and `load_student`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from mde.domain import DOMAINS, Domain, DomainName
from mde.errors import InputError
from mde.nets.adabins import load_adabins
from mde.nets.bts import load_bts
from mde.nets.demo import load_demo_teacher
from mde.nets.demo_vit import load_demo_transformer
from mde.nets.depthformer import load_depthformer
from mde.nets.hugging_face import load_hugging_face
from mde.nets.meter import load_meter
from mde.nets.net import DepthNet
from mde.nets.own import load_own
from mde.nets.own_file import own_file
from mde.nets.rtmonodepth import load_rtmonodepth
from mde.nets.student import load_student
from mde.nets.toolbox_adabins import load_toolbox_adabins
from mde.nets.toolbox_bts import load_toolbox_bts
from mde.nets.transformers_folder import PREFIX

__all__ = ["TEACHERS", "file_name_of", "load_student", "load_teacher"]

Loader = Callable[[Path | None, Domain], DepthNet]


def load_teacher(name: str, weights: Path | str | None, domain: DomainName) -> DepthNet:
    """Load a teacher from its authors' weight file; the one door for all teachers.

    `name` is one of TEACHERS, `hf:FOLDER` (Hugging Face transformers) or `FILE.py:FUNCTION` (your own, `mde.nets.own`).
    None stands for the weights that ship with the project, which the demo teachers alone have.
    Answers an eval-mode network without gradients that maps `image` (B,3,H,W), RGB in [0,1], to an
    `Output` with `depth_m` (B,1,H,W) in metres at input size. `domain` states what the weights were
    trained on, which their file does not say. Nothing is downloaded and no code in the file is run, except that of
    a FILE.py which you name.
    Raises InputError for an unknown name or domain and for files that are missing, damaged or of another network.
    """
    loader = _loader(name)
    if domain not in DOMAINS:
        raise InputError(f"domain {domain!r} is unknown; expected one of {', '.join(DOMAINS)}")
    return loader(None if weights is None else Path(weights), DOMAINS[domain])


def file_name_of(teacher: str) -> str:
    """A teacher's name as part of a file name: `hf:models/small` is `hf-small`, `nets/mine.py:load` is `mine-load`."""
    if teacher.startswith(PREFIX):
        return f"hf-{Path(teacher.removeprefix(PREFIX)).resolve().name}"
    file, colon, function = teacher.rpartition(":")
    return f"{Path(file).stem}-{function}" if colon else teacher


def _loader(name: str) -> Loader:
    if name in TEACHERS:
        return TEACHERS[name]
    if name.startswith(PREFIX):
        return partial(load_hugging_face, Path(name.removeprefix(PREFIX)))
    own = own_file(name)
    if own is not None:
        return partial(load_own, *own)
    raise InputError(
        f"teacher {name!r} is unknown; expected one of {', '.join(TEACHERS)}, {PREFIX}FOLDER or FILE.py:FUNCTION"
    )


def _load_meter(weights: Path | None, domain: Domain) -> DepthNet:
    if weights is None:
        raise InputError(
            "teacher 'meter' needs --weights FILE: one of the .pth files that its authors publish "
            "(github.com/lorenzopapa5/METER)"
        )
    return load_meter(weights, domain)


TEACHERS: dict[str, Loader] = {
    "adabins": load_adabins,
    "bts": load_bts,
    "toolbox-adabins": load_toolbox_adabins,
    "toolbox-bts": load_toolbox_bts,
    "depthformer": load_depthformer,
    "meter": _load_meter,
    "rtmonodepth": load_rtmonodepth,
    "demo": load_demo_teacher,
    "demo-transformer": load_demo_transformer,
}
