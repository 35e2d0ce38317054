from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from distill.claims import PROVENANCE_FILE, TRACE_FILE, write_claims
from distill.inputs import Inputs
from mde.files import read_json, sha256_file, write_json
from mde.shards import INDEX, ShardReader
from tests.conftest import make_teacher

REPORT: dict[str, Any] = {
    "environment": {"python": "3.11.7", "revision": "abc"},
    "evidence": {
        "level": "observed",
        "why_not_next": "no Landlock",
        "allowed": None,
        "added": ["/data/more"],
        "kernel": "Linux 6.1",
        "landlock_abi": 0,
        "log": {"file": "reads.txt", "end": {"num_lines": 2, "sha256": "0" * 64}},
        "denied": ["/data/real.png"],
        "connections": ["192.0.2.1:9"],
        "programs": ["git"],
    },
    "parents": {"data": "0" * 64, "teacher": "0" * 64},
    "training": {"final": {"abs_rel_to_teacher": 0.5, "log_bias": 0.0}},
    "checkpoint": {"step": 4, "proxy": {"4": {"worst": 0.25}}},
    "student": {"max_relative_error": 1e-6},
    "no_real_data": {"files_read": {"data": ["/renders/index.json"], "program": ["/usr/x.py"]}},
}


@pytest.fixture
def statements(tmp_path: Path, shards: Path) -> dict[str, Any]:
    out = tmp_path / "run"
    for folder in ("student", "adapt/transformation"):
        (out / folder).mkdir(parents=True)
        (out / folder / "tensors.safetensors").write_text(folder)
    write_json(out / "config.json", {"command": "distill.run", "config": {"seed": 3}})
    write_json(out / "report.json", REPORT)
    weights = tmp_path / "teacher.pth"
    weights.write_text("teacher")
    inputs = Inputs(
        teacher=make_teacher(), weights=weights, reader=ShardReader(shards), files={"backbone": None}, student="plain"
    )
    write_claims(out, inputs, finished_on="2026-01-02T03:04:05Z")
    return {name: read_json(out / name) for name in (PROVENANCE_FILE, TRACE_FILE)}


def test_both_statements_are_about_the_files_of_the_student(statements: dict[str, Any], tmp_path: Path) -> None:
    expected = [{"name": "student/tensors.safetensors"}]
    expected[0]["digest"] = {"sha256": sha256_file(tmp_path / "run" / "student" / "tensors.safetensors")}  # type: ignore[assignment]
    for statement in statements.values():
        assert statement["_type"] == "https://in-toto.io/Statement/v1"
        assert statement["subject"] == expected


def test_the_provenance_names_every_input_by_digest(statements: dict[str, Any], shards: Path, tmp_path: Path) -> None:
    assert statements[PROVENANCE_FILE]["predicateType"] == "https://slsa.dev/provenance/v1"
    definition = statements[PROVENANCE_FILE]["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["config"] == {"seed": 3}
    found = {one["name"]: one for one in definition["resolvedDependencies"]}
    named = {name: one["digest"]["sha256"] for name, one in found.items() if not name.startswith("package:")}
    source = named.pop("source:depth-distillation")
    assert len(source) == 64 and found["source:depth-distillation"]["annotations"]["revision"] == "abc"
    assert named == {
        "teacher:teacher.pth": sha256_file(tmp_path / "teacher.pth"),
        "index:index.json": sha256_file(shards / INDEX),
        **{f"shard:{path.name}": sha256_file(path) for path in shards.glob("*.tar")},
        "transformation:tensors.safetensors": sha256_file(tmp_path / "run/adapt/transformation/tensors.safetensors"),
    }
    assert found["index:index.json"]["annotations"]["origin"] == "synthetic"
    assert found["package:torch"]["uri"].startswith("pkg:pypi/torch@")


def test_the_trace_says_what_was_read_denied_and_started(statements: dict[str, Any]) -> None:
    trace = statements[TRACE_FILE]
    assert trace["predicateType"] == "https://in-toto.io/attestation/runtime-trace/v0.1"
    predicate = trace["predicate"]
    assert set(predicate) == {"monitor", "monitoredProcess", "monitorLog", "metadata"}
    outcomes = {one["name"]: one["annotations"]["outcome"] for one in predicate["monitorLog"]["fileAccess"]}
    assert outcomes == {"/renders/index.json": "read", "/usr/x.py": "read", "/data/real.png": "denied"}
    assert predicate["monitorLog"]["network"] == [{"address": "192.0.2.1:9", "outcome": "denied"}]
    assert predicate["monitorLog"]["process"] == [{"program": "git"}]
    policy = predicate["monitor"]["tracePolicy"]
    assert (policy["level"], policy["kernel"], policy["landlock_abi"]) == ("observed", "Linux 6.1", 0)


def test_both_statements_name_the_same_run(statements: dict[str, Any], tmp_path: Path) -> None:
    run = f"urn:sha256:{sha256_file(tmp_path / 'run' / 'report.json')}"
    assert statements[PROVENANCE_FILE]["predicate"]["runDetails"]["metadata"]["invocationId"] == run
    assert statements[TRACE_FILE]["predicate"]["monitoredProcess"]["event"] == run
