"""Statement: claims about a student in the form of in-toto, so that tools of others can read them.

Fields bear the names of the specifications in snake case and are written in theirs.

Reference: in-toto, *Attestation Framework* 1 (Statement, ResourceDescriptor) and *Runtime Trace* 0.1; OpenSSF, *SLSA
Provenance* 1. Types of our own are URNs, since this project owns no address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
RUNTIME_TRACE = "https://in-toto.io/attestation/runtime-trace/v0.1"
SEAL = "urn:depth-distillation:seal:v1"
BUILD_TYPE = "urn:depth-distillation:distill.run:v1"
BUILDER = "urn:depth-distillation:builder:local"
"""Whoever ran the command, on a machine of their own; who that was, only a signature can say."""
MONITOR = "urn:depth-distillation:audit-hook:v1"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A ResourceDescriptor: something by name and digest."""

    name: str
    digest: Mapping[str, str] | None = None
    uri: str | None = None
    annotations: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class BuildDefinition:
    """What was asked for, and from what it was made."""

    build_type: str
    external_parameters: Mapping[str, Any]
    """What the user could choose: the configuration."""
    internal_parameters: Mapping[str, Any]
    """What the machine brought along."""
    resolved_dependencies: tuple[Resource, ...]


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Who made it."""

    id: str
    version: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class BuildMetadata:
    """Which run it was, and when it ended."""

    invocation_id: str
    finished_on: str


@dataclass(frozen=True, kw_only=True)
class RunDetails:
    """This one run."""

    builder: Builder
    metadata: BuildMetadata
    byproducts: tuple[Resource, ...]


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """SLSA's predicate: where the subject comes from."""

    build_definition: BuildDefinition
    run_details: RunDetails


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """What watched the run."""

    type: str
    trace_policy: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class MonitoredProcess:
    """The process that was watched."""

    host_id: str = field(metadata={"name": "hostID"})
    type: str
    event: str


@dataclass(frozen=True, kw_only=True)
class MonitorLog:
    """What was seen."""

    process: tuple[Mapping[str, Any], ...]
    network: tuple[Mapping[str, Any], ...]
    file_access: tuple[Resource, ...]


@dataclass(frozen=True, kw_only=True)
class RuntimeTrace:
    """The predicate about what the run touched, and what it was kept from touching."""

    monitor: Monitor
    monitored_process: MonitoredProcess
    monitor_log: MonitorLog
    metadata: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Seal:
    """Our own predicate: a finished student and its run, closed before anybody judged it."""

    sealed_on: str
    """UTC, to the second, as the clock of the machine had it."""
    level: str
    """How sure it is that no real data was read, as the report says."""
    report_sha256: str
    run_files: Mapping[str, str]
    """SHA-256 of every other file of the run, by its path inside."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A predicate about files."""

    type: str = field(default=STATEMENT, metadata={"name": "_type"})
    subject: tuple[Resource, ...]
    predicate_type: str
    predicate: Provenance | RuntimeTrace | Seal


def subjects(digests: Mapping[str, str]) -> tuple[Resource, ...]:
    """Files by path and SHA-256, as what a statement is about."""
    return tuple(Resource(name=name, digest={"sha256": digest}) for name, digest in sorted(digests.items()))


def plain(value: Any) -> Any:
    """A statement as the specifications write it: their names, and nothing for what is not known."""
    if is_dataclass(value) and not isinstance(value, type):
        items = ((_name(one), getattr(value, one.name)) for one in fields(value))
        return {name: plain(content) for name, content in items if content is not None}
    if isinstance(value, Mapping):
        return {str(name): plain(content) for name, content in value.items()}
    if isinstance(value, tuple | list):
        return [plain(content) for content in value]
    return value


def _name(one: Any) -> str:
    first, *rest = one.name.split("_")
    return str(one.metadata.get("name", first + "".join(word.capitalize() for word in rest)))
