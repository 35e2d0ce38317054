"""Inputs: everything that a student comes from, by file and digest, as its provenance lists it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from distill.acclimation_fit import ACCLIMATION
from distill.data_statement import painter_of
from mde.files import sha256_file
from mde.nets.net import DepthNet
from mde.nets.own_file import own_file
from mde.nets.teacher_files import files_of
from mde.shards import INDEX, ShardReader
from mde.source_tree import installed_packages, source_sha256
from mde.statement import Resource

FITTED = Path("adapt") / "transformation"
"""Where a run keeps the transformation that it fitted."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a run read to make its student."""

    teacher: DepthNet
    weights: Path | None
    """The teacher's checkpoint, where it was named."""
    reader: ShardReader
    files: Mapping[str, Path | None]
    """Further files by role: the owner's statistics, weights of a backbone."""
    student: str
    """Its name; FILE.py:FUNCTION for one of the user's own."""

    def resources(self, out: Path, revision: str | None) -> tuple[Resource, ...]:
        """All of them with digests; those made by the run itself lie in `out`."""
        return (*self.teacher_files(), *self._renders(), *self._others(out), *_program(revision))

    def teacher_files(self) -> Iterator[Resource]:
        """The files that the teacher was loaded from."""
        spec = self.teacher.spec
        for path in files_of(self.teacher, self.weights):
            yield _file("teacher", path, {"architecture": spec.name, "licence": spec.licence})

    def _renders(self) -> Iterator[Resource]:
        """The index with the configuration and seed that make every record again, and the shards that it names."""
        index, directory = self.reader.index, self.reader.directory
        facts = {
            "origin": index.origin,
            "num_records": index.num_records,
            "config": index.config,
            "config_sha256": index.config_sha256,
            "painted_by": painter_of(index),
        }
        yield _file("index", directory / INDEX, facts)
        for shard in index.shards:
            yield _file("shard", directory / shard.name, sha256=shard.sha256)

    def _others(self, out: Path) -> Iterator[Resource]:
        own = own_file(self.student)
        for role, path in {**self.files, "student_code": None if own is None else own[0]}.items():
            if path is not None:
                yield _file(role, path)
        for role, folder in (("transformation", FITTED), ("features", ACCLIMATION)):
            for path in sorted((out / folder).glob("*")):
                yield _file(role, path)


def _file(role: str, path: Path, facts: Mapping[str, object] | None = None, *, sha256: str | None = None) -> Resource:
    annotations = {"role": role, "path": path.absolute().as_posix(), **(facts or {})}
    digest = {"sha256": sha256 or sha256_file(path)}
    return Resource(name=f"{role}:{path.name}", digest=digest, annotations=annotations)


def _program(revision: str | None) -> Iterator[Resource]:
    yield Resource(
        name="source:depth-distillation",
        digest={"sha256": source_sha256()},
        annotations={"role": "source", "revision": revision},
    )
    for name, version in installed_packages().items():
        yield Resource(name=f"package:{name}", uri=f"pkg:pypi/{name}@{version}", annotations={"role": "package"})
