"""Parents: digests of what a run began with; it goes on with the same and with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mde.errors import InputError
from mde.files import read_json, sha256_file, write_json
from mde.nets.net import DepthNet
from mde.nets.student import identity_of
from mde.shards import INDEX

PARENTS = "parents.json"


def parents_of(teacher: DepthNet, data: Path, student: str, files: Mapping[str, Path | None]) -> dict[str, str]:
    """Digests of what the student comes from: teacher, index of `data`, own code of `student`, and `files` by name."""
    present = {"data": data / INDEX, **{name: file for name, file in files.items() if file is not None}}
    _, code_sha256 = identity_of(student)
    code = {} if code_sha256 is None else {"student": code_sha256}
    return {"teacher": teacher.spec.weights_sha256, **{n: sha256_file(file) for n, file in present.items()}, **code}


def check_parents(out: Path, parents: dict[str, str], *, goes_on: bool) -> None:
    """Write the parents of a new run into `out`. Raises InputError where one that goes on began with others."""
    if goes_on and (out / PARENTS).is_file():
        began_with = read_json(out / PARENTS)
        changed = [name for name, digest in parents.items() if began_with.get(name) != digest]
        if changed:
            raise InputError(f"{out} began with other {' and '.join(changed)}; choose another --out")
    write_json(out / PARENTS, parents)
