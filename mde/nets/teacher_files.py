"""Which files a teacher will read, told from its name before it is loaded: what a confined process must be permitted.

What loading itself reports, `NetSpec.files`, lies among them, and is what a watched run notes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mde.allowance import Allowance, absolute
from mde.domain import DomainName
from mde.nets import adabins, bts, demo, demo_vit, depthformer, toolbox_adabins, toolbox_bts
from mde.nets.net import DepthNet
from mde.nets.own_file import own_file
from mde.nets.transformers_folder import PREFIX
from mde.nets.weights_folder import weights_folder
from mde.provenance import note_read

_SHIPPED = {"demo": demo.WEIGHTS, "demo-transformer": demo_vit.WEIGHTS}
"""Weights that lie in the project."""
_PUBLISHED: dict[str, Mapping[DomainName, tuple[str, ...]]] = {
    "adabins": {name: (training.weights,) for name, training in adabins.TRAININGS.items()},
    "bts": bts.FILES,
    "toolbox-adabins": toolbox_adabins.FILES,
    "toolbox-bts": toolbox_bts.FILES,
    "depthformer": depthformer.FILES,
}
"""Names of published files, by teacher and domain."""


def teacher_allowance(name: str, weights: Path | None, domain: DomainName) -> Allowance:
    """Files of the teacher `name`, one that `load_teacher` knows. Nothing is opened; files may be absent."""
    if name.startswith(PREFIX):
        folder = Path(name.removeprefix(PREFIX))
        linked = [path for path in folder.glob("*") if path.suffix in (".json", ".safetensors", ".md")]
        return Allowance(reads=absolute([folder, *linked]))  # in a hub's folders these are links to elsewhere
    own = own_file(name)
    if own is not None:
        return own_code(own[0]) | Allowance(reads=absolute([weights]))
    if name == "rtmonodepth" and weights is not None:
        return Allowance(reads=absolute([weights, weights.with_name(weights.name.replace("encoder", "depth"))]))
    if weights is not None:
        return Allowance(reads=absolute([weights]))
    if name in _SHIPPED:
        return Allowance(reads=absolute([_SHIPPED[name]]))
    published = _PUBLISHED.get(name, {}).get(domain, ())
    return Allowance(reads=absolute(weights_folder() / file for file in published))


def files_of(teacher: DepthNet, weights: Path | None) -> tuple[Path, ...]:
    """The files that the teacher was loaded from: those that it names, else the checkpoint that was given."""
    return teacher.spec.files or (() if weights is None else (weights,))


def note_teacher(teacher: DepthNet, weights: Path | None) -> None:
    """Note them as read: a teacher is loaded before the run is watched, so that a wrong file leaves nothing behind."""
    for file in files_of(teacher, weights):
        note_read(file)


def own_code(file: Path) -> Allowance:
    """A FILE.py of the user's with the Python files beside it, which it may import; what else it reads is not known."""
    folder = file.absolute().parent
    return Allowance(reads=absolute([file, *folder.glob("*.py")]), lists=(str(folder),))
