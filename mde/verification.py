"""Verification: every digest of a finished run derived again, each check with its finding.

What needs a stage, rendering and training again, is `mde.verify`'s; here only files are read. A finding names the file,
so that whoever reads the verdict knows where to look.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mde.chained_log import read_log
from mde.checkpoint import MANIFEST, load_directory
from mde.errors import InputError
from mde.files import read_json, sha256_file
from mde.nets.student import STUDENT
from mde.run_directory import REPORT
from mde.seal import SEAL_FILE, SIGNED, changes, digests_of, read_seal, student_faults
from mde.signature import key_id, opened, payload_of
from mde.source_tree import source_sha256

Outcome = Literal["passed", "failed", "not checked"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question that was asked, and its answer."""

    name: str
    outcome: Outcome
    findings: tuple[str, ...]
    """What was found, a line each; for a check that passed, what was compared."""


def judged(name: str, faults: Iterator[str], passed: str) -> Check:
    """A check that fails on any fault; a file that cannot be read is one."""
    found: list[str] = []
    try:
        found.extend(faults)
    except InputError as error:
        found.append(str(error))
    return Check(name=name, outcome="failed" if found else "passed", findings=tuple(found) or (passed,))


def not_checked(name: str, why: str) -> Check:
    """A check that could not be, or was not to be, made."""
    return Check(name=name, outcome="not checked", findings=(why,))


def check_seal(run: Path) -> Check:
    """Every file of the run against its seal."""
    return judged("seal", _seal_faults(run), "student, report and all files of the run are those that were sealed")


def _seal_faults(run: Path) -> Iterator[str]:
    student, seal = read_seal(run)
    yield from student_faults(run, student)
    if not (run / REPORT).is_file() or sha256_file(run / REPORT) != seal["reportSha256"]:
        yield f"{REPORT} is not the one that was sealed"
    sealed = seal["runFiles"]
    folders = frozenset({STUDENT, SEAL_FILE, SIGNED, REPORT})
    found = {name: digest for name, digest in digests_of(run, leave_out=folders).items() if name in sealed}
    yield from changes(sealed, found)


def check_signature(run: Path, key: Ed25519PublicKey | None) -> Check:
    """Signed copies against the files beside them; who signed, where a public key is given."""
    name = "signature"
    if not (run / SIGNED).is_file():
        if key is None:
            return not_checked(name, "the run is not signed: who can write its folder could have made all of it anew")
        return Check(name=name, outcome="failed", findings=(f"{SIGNED} is missing: nobody has signed this run",))
    check = judged(name, _signature_faults(run, key), f"signed by the key {'' if key is None else key_id(key)}")
    if key is None and check.outcome == "passed":
        return not_checked(name, "signed copies agree with the files; give --public-key to check by whom")
    return check


def _signature_faults(run: Path, key: Ed25519PublicKey | None) -> Iterator[str]:
    signed: list[bytes] = []
    for number, line in enumerate((run / SIGNED).read_text(errors="replace").splitlines(), start=1):
        try:
            envelope = json.loads(line)
            signed.append(payload_of(envelope) if key is None else opened(envelope, key))
        except ValueError as error:
            yield f"{SIGNED}, line {number}: {error}"
    for name in ("provenance.json", "runtime_trace.json", SEAL_FILE):
        if not (run / name).is_file() or (run / name).read_bytes() not in signed:
            yield f"{name} is not the one that was signed"


def check_student(run: Path) -> Check:
    """Student, transformation and checkpoints against their own manifests."""
    return judged("checkpoints", _manifest_faults(run), "student, transformation and checkpoints are whole")


def _manifest_faults(run: Path) -> Iterator[str]:
    folders = sorted(path.parent for path in run.rglob(MANIFEST))
    if run / STUDENT not in folders:
        yield f"{STUDENT}/{MANIFEST} is missing"
    for folder in folders:
        try:
            load_directory(folder)
        except InputError as error:
            yield str(error)


def check_log(run: Path) -> Check:
    """The chain of the log of reads, and that it holds what the report says was read and denied."""
    report = read_json(run / REPORT)
    log = report.get("evidence", {}).get("log")
    if log is None:
        return not_checked("log of reads", "the run was not watched (level A0 declared)")
    return judged(
        "log of reads", _log_faults(run, report, log), f"{log['end']['num_lines']} lines, unbroken, as the report says"
    )


def _log_faults(run: Path, report: Mapping[str, Any], log: Mapping[str, Any]) -> Iterator[str]:
    entries, end = read_log(run / log["file"], num_lines=log["end"]["num_lines"])
    if end.sha256 != log["end"]["sha256"]:
        yield f"{log['file']} is not the log that {REPORT} names: its chain ends elsewhere"
    read = {entry.text for entry in entries if entry.kind == "read"}
    told = {path for paths in report["no_real_data"]["files_read"].values() for path in paths}
    yield from (f"{log['file']} names {path}, which {REPORT} leaves out" for path in sorted(read - told))


@dataclass(frozen=True, kw_only=True)
class Input:
    """An input by its provenance."""

    role: str
    name: str
    path: Path
    sha256: str


def inputs_of(run: Path) -> list[Input]:
    """Every input of the provenance that is a file. Raises InputError where there is none that can be read."""
    statement = read_json(run / "provenance.json")
    try:
        resources = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
        return [
            Input(
                role=one["annotations"]["role"],
                name=one["name"],
                path=Path(one["annotations"]["path"]),
                sha256=one["digest"]["sha256"],
            )
            for one in resources
            if "path" in one["annotations"]
        ]
    except (KeyError, TypeError) as error:
        raise InputError(f"{run / 'provenance.json'} is not a provenance of this program ({error!r})") from error


def check_inputs(run: Path, *, data: Path | None, weights: Path | None) -> Check:
    """Teacher, index, shards and all other inputs against the provenance; `data` and `weights` are their places now."""
    return judged(
        "inputs", _input_faults(run, data, weights), "teacher, index, shards and other inputs are those named"
    )


def _input_faults(run: Path, data: Path | None, weights: Path | None) -> Iterator[str]:
    inputs = inputs_of(run)
    for role in ("index", "shard"):
        if not any(one.role == role for one in inputs):
            yield f"provenance.json names no {role}"
    for one in inputs:
        path = place_of(one, run=run, data=data, weights=weights)
        if not path.is_file():
            yield f"{one.role} {path} is missing; say where it lies with --data or --weights"
        elif sha256_file(path) != one.sha256:
            yield f"{one.role} {path} has changed: its SHA-256 is not that of provenance.json"


def place_of(one: Input, *, run: Path, data: Path | None, weights: Path | None) -> Path:
    """Where an input lies now."""
    if one.role in ("index", "shard") and data is not None:
        return data / one.path.name
    if one.role == "teacher" and weights is not None:
        return weights if weights.name == one.path.name else weights.parent / one.path.name
    if one.role == "transformation":
        return run / "adapt" / "transformation" / one.path.name
    return one.path


def check_parents(run: Path) -> Check:
    """The report's parents, the provenance and the student's card against each other."""
    return judged("parents", _parent_faults(run), "report, provenance and the student's card name the same parents")


def _parent_faults(run: Path) -> Iterator[str]:
    parents, card = read_json(run / REPORT)["parents"], read_json(run / STUDENT / "sidecar.json")
    (index,) = (one for one in inputs_of(run) if one.role == "index")
    if parents["data"] != index.sha256:
        yield f"{REPORT} names another index of shards than provenance.json"
    if parents["teacher"] != card["teacher_sha256"]:
        yield f"{REPORT} names another teacher than the student's card"


def check_source(run: Path) -> Check:
    """Whether the program that verifies is the one that ran."""
    resources = read_json(run / "provenance.json")["predicate"]["buildDefinition"]["resolvedDependencies"]
    stated = [one["digest"]["sha256"] for one in resources if one["annotations"]["role"] == "source"]
    if stated == [source_sha256()]:
        return Check(name="program", outcome="passed", findings=("this is the program that made the run",))
    return not_checked("program", "the run was made by another version of this program, or a changed one")
