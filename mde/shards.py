"""Shards: tar files of records, written whole or not at all, and the index that names their digests.

A shard can be read by plain `tar` and by WebDataset. The same records give the same bytes: members
carry no time, owner or machine. `index.json` beside the shards holds every shard's SHA-256.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mde.domain import DOMAINS, DomainName
from mde.errors import InputError
from mde.files import atomic_file, read_json, sha256_file, write_json
from mde.record import SUFFIXES, Record, decode_image, decode_record

INDEX = "index.json"
MAX_MEMBER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One tar file of the index."""

    name: str
    sha256: str
    num_records: int


@dataclass(frozen=True, kw_only=True)
class ShardIndex:
    """What a directory of shards holds and how it was made."""

    origin: str
    domain: str
    num_records: int
    config: dict[str, Any]
    """Configuration of the command that wrote the shards."""
    config_sha256: str
    shards: tuple[Shard, ...]
    version: int = 1
    notes: dict[str, Any] = field(default_factory=dict)
    """Figures of the generating run, for people. One is read: `painted`, the diffusion model that painted the images
    and was itself trained on real ones; it goes into reports and student cards."""


def write_shard(path: Path, records: Iterable[tuple[str, dict[str, bytes]]]) -> Shard:
    """Write (key, files of `encode_record`) pairs as a tar at `path`, atomically.

    Raises ValueError for a key that repeats or is no plain name.
    """
    seen: set[str] = set()
    with atomic_file(path) as stream, tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for key, files in records:
            if key in seen or not key.isalnum():
                raise ValueError(f"{path.name}: key {key!r} repeats or is not alphanumeric")
            seen.add(key)
            for suffix in SUFFIXES:
                member = tarfile.TarInfo(f"{key}.{suffix}")
                member.size = len(files[suffix])
                member.mode = 0o644
                tar.addfile(member, io.BytesIO(files[suffix]))
    return Shard(name=path.name, sha256=sha256_file(path), num_records=len(seen))


def write_index(directory: Path, index: ShardIndex) -> None:
    """Write `index.json`; a directory without it is unfinished."""
    write_json(directory / INDEX, asdict(index))


def read_index(directory: Path) -> ShardIndex:
    """Read `index.json`. Raises InputError when the directory is absent, unfinished or of another format."""
    path = directory / INDEX
    if not directory.is_dir():
        raise InputError(
            f"{directory} is not a directory; make shards with: python -m synth.generate --out {directory}"
        )
    if not path.is_file():
        raise InputError(
            f"{directory} has no {INDEX}: its generation is unfinished; run the same command again to go on"
        )
    raw = read_json(path)
    try:
        if raw["version"] != 1:
            raise InputError(f"{path} has version {raw['version']}, this program reads version 1")
        shards = tuple(Shard(**shard) for shard in raw["shards"])
        index = ShardIndex(**{**raw, "shards": shards})
    except (KeyError, TypeError) as error:
        raise InputError(f"{path} is not an index of shards ({error!r})") from error
    if index.domain not in DOMAINS:
        raise InputError(f"{path} is of domain {index.domain!r}; expected one of {', '.join(DOMAINS)}")
    for shard in index.shards:
        if Path(shard.name).name != shard.name:
            raise InputError(f"{path} names {shard.name!r}, which leaves the directory")
    return index


def verify_shards(directory: Path, index: ShardIndex) -> None:
    """Compare every shard with its digest. Raises InputError that names the first damaged or missing file."""
    for shard in index.shards:
        path = directory / shard.name
        if not path.is_file():
            raise InputError(f"{path} is named in {INDEX} and missing; generate into this directory again")
        if sha256_file(path) != shard.sha256:
            raise InputError(f"{path} is damaged (its SHA-256 is not that of {INDEX}); delete it and generate again")


class ShardReader:
    """All records of a directory by number, in index order; opens members in place, unpacks nothing.

    Safe to hand to forked or spawned workers: file handles are opened per read.
    Raises InputError when a shard is missing, damaged or disagrees with the index.
    """

    def __init__(self, directory: Path, *, origins: tuple[str, ...] = ("synthetic",), verify: bool = True) -> None:
        self.directory = directory
        self.index = read_index(directory)
        if self.index.origin not in origins:
            raise InputError(
                f"{directory} holds records of origin {self.index.origin!r}, allowed here: {', '.join(origins)}"
            )
        self._domain = DOMAINS[self.index.domain].name
        self._origins = origins
        if verify:
            verify_shards(directory, self.index)
        self._places = [place for shard in self.index.shards for place in _places(directory / shard.name)]
        if len(self._places) != self.index.num_records:
            raise InputError(f"{directory} holds {len(self._places)} records, {INDEX} says {self.index.num_records}")

    @property
    def domain(self) -> DomainName:
        """Domain of all records."""
        return self._domain

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Record:
        record = decode_record(self._places[number].key, self._read(number, SUFFIXES))
        self._check_origin(number, record.origin)
        return record

    def files(self, number: int) -> tuple[str, dict[str, bytes]]:
        """Key and files of a record as they lie in the shard, not decoded; for copying."""
        place = self._places[number]
        return place.key, self._read(number, SUFFIXES)

    def parts(self, key: str) -> dict[str, bytes]:
        """The files of the record named `key`, as they are stored. Raises InputError when there is none."""
        for number, place in enumerate(self._places):
            if place.key == key:
                return self.files(number)[1]
        raise InputError(f"{self.directory} has no record {key}; it holds {len(self)} records")

    def image(self, number: int) -> np.ndarray:
        """Only the image of a record, (H,W,3) uint8: the three other files are not decoded."""
        parts = self._read(number, ("image.jpg", "json"))
        try:
            self._check_origin(number, json.loads(parts["json"])["origin"])
            return decode_image(parts["image.jpg"])
        except (KeyError, TypeError, OSError, ValueError) as error:
            raise InputError(f"{self._name(number)} cannot be read: {error}") from error

    def _read(self, number: int, suffixes: tuple[str, ...]) -> dict[str, bytes]:
        place = self._places[number]
        with open(self.directory / place.shard, "rb") as stream:
            return place.read(stream.fileno(), suffixes)

    def _name(self, number: int) -> str:
        place = self._places[number]
        return f"{self.directory / place.shard}: record {place.key}"

    def _check_origin(self, number: int, origin: object) -> None:
        if origin not in self._origins:
            raise InputError(f"{self._name(number)} has origin {origin!r}, allowed here: {', '.join(self._origins)}")


@dataclass(frozen=True)
class _Place:
    """Where the files of one record lie in a tar: {suffix: (offset, size)}."""

    shard: str
    key: str
    spans: dict[str, tuple[int, int]]

    def read(self, handle: int, suffixes: tuple[str, ...]) -> dict[str, bytes]:
        """Those of the wanted files that the record has."""
        spans = {suffix: self.spans[suffix] for suffix in suffixes if suffix in self.spans}
        return {suffix: os.pread(handle, size, start) for suffix, (start, size) in spans.items()}


def read_parts(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """(key, stored files) of every record of one tar, in file order: what `write_shard` was given.

    Raises InputError when the tar is missing, cut off, or holds anything but records.
    """
    places = _places(path)
    with open(path, "rb") as stream:
        for place in places:
            yield place.key, place.read(stream.fileno(), SUFFIXES)


def _places(path: Path) -> list[_Place]:
    """Every record of a tar in file order; member names go by an allow-list."""
    places: dict[str, _Place] = {}
    try:
        with tarfile.open(path, mode="r:") as tar:
            for member in tar:
                key, _, suffix = member.name.partition(".")
                if not member.isreg() or not key.isalnum() or suffix not in SUFFIXES:
                    raise InputError(f"{path}: member {member.name!r} is not part of a record")
                if member.size > MAX_MEMBER_BYTES:
                    raise InputError(f"{path}: member {member.name!r} of {member.size} bytes is too large")
                place = places.setdefault(key, _Place(path.name, key, {}))
                place.spans[suffix] = (member.offset_data, member.size)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing") from error
    except (tarfile.TarError, OSError) as error:
        raise InputError(f"{path} is not a readable tar file ({error})") from error
    return list(places.values())
