"""Parents: digests of what a run began with; it goes on with the same and with nothing else."""

from __future__ import annotations

from pathlib import Path

from mde.errors import InputError
from mde.files import read_json, write_json

PARENTS = "parents.json"


def check_parents(out: Path, parents: dict[str, str], *, goes_on: bool) -> None:
    """Write the parents of a new run into `out`. Raises InputError where one that goes on began with others."""
    if goes_on and (out / PARENTS).is_file():
        began_with = read_json(out / PARENTS)
        changed = [name for name, digest in parents.items() if began_with.get(name) != digest]
        if changed:
            raise InputError(f"{out} began with other {' and '.join(changed)}; choose another --out")
    write_json(out / PARENTS, parents)
