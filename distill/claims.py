"""Claims: what the program states about a finished run, in the form of in-toto: where its student comes from, and what
the run touched. They repeat the report, which an auditor can hold against them; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distill.inputs import Inputs
from mde.files import read_json, sha256_file, write_json
from mde.nets.student import STUDENT
from mde.run_directory import CONFIG, REPORT
from mde.seal import digests_of
from mde.statement import (
    BUILD_TYPE,
    BUILDER,
    MONITOR,
    PROVENANCE,
    RUNTIME_TRACE,
    BuildDefinition,
    Builder,
    BuildMetadata,
    Monitor,
    MonitoredProcess,
    MonitorLog,
    Provenance,
    Resource,
    RunDetails,
    RuntimeTrace,
    Statement,
    plain,
    subjects,
)

PROVENANCE_FILE, TRACE_FILE = "provenance.json", "runtime_trace.json"
STATEMENTS = (PROVENANCE_FILE, TRACE_FILE)


def write_claims(out: Path, inputs: Inputs, *, finished_on: str) -> None:
    """Write `provenance.json` and `runtime_trace.json` about the student in `out`, whose report is written."""
    report = read_json(out / REPORT)
    student = {f"{STUDENT}/{name}": digest for name, digest in digests_of(out / STUDENT, leave_out=frozenset()).items()}
    subject = subjects(student)
    run = f"urn:sha256:{sha256_file(out / REPORT)}"
    provenance = _provenance(out, inputs, report, run, finished_on)
    trace = _trace(report, run, finished_on)
    for name, kind, predicate in (
        (PROVENANCE_FILE, PROVENANCE, provenance),
        (TRACE_FILE, RUNTIME_TRACE, trace),
    ):
        write_json(out / name, plain(Statement(subject=subject, predicate_type=kind, predicate=predicate)))


def _provenance(out: Path, inputs: Inputs, report: Mapping[str, Any], run: str, finished_on: str) -> Provenance:
    environment = report["environment"]
    made = [name for name in (REPORT, CONFIG, "metrics.jsonl", "weights.json") if (out / name).is_file()]
    return Provenance(
        build_definition=BuildDefinition(
            build_type=BUILD_TYPE,
            external_parameters=read_json(out / CONFIG),
            internal_parameters={"environment": environment},
            resolved_dependencies=inputs.resources(out, environment["revision"]),
        ),
        run_details=RunDetails(
            builder=Builder(id=BUILDER, version={"python": environment["python"]}),
            metadata=BuildMetadata(invocation_id=run, finished_on=finished_on),
            byproducts=tuple(Resource(name=name, digest={"sha256": sha256_file(out / name)}) for name in made),
        ),
    )


def _trace(report: Mapping[str, Any], run: str, finished_on: str) -> RuntimeTrace:
    """What the run touched, as far as its level sees it; digests of inputs stand in the provenance."""
    evidence, statement = report["evidence"], report["no_real_data"]
    names = ("level", "why_not_next", "allowed", "added", "kernel", "landlock_abi", "network_closed_by")
    policy = {name: evidence[name] for name in names if name in evidence}  # earlier versions have no last one
    log = {"log": evidence["log"]}
    files = [] if statement is None else [path for paths in statement["files_read"].values() for path in paths]
    seen = [(path, "read") for path in files] + [(path, "denied") for path in evidence["denied"]]
    return RuntimeTrace(
        monitor=Monitor(type=MONITOR, trace_policy={**policy, **log}),
        monitored_process=MonitoredProcess(host_id=BUILDER, type=BUILD_TYPE, event=run),
        monitor_log=MonitorLog(
            process=tuple({"program": program} for program in evidence["programs"]),
            network=tuple({"address": address, "outcome": "denied"} for address in evidence["connections"]),
            file_access=tuple(Resource(name=path, annotations={"outcome": outcome}) for path, outcome in seen),
        ),
        metadata={"buildFinishedOn": finished_on},
    )
