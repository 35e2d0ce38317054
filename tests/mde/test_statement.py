from __future__ import annotations

from mde.statement import (
    BuildDefinition,
    Builder,
    BuildMetadata,
    MonitoredProcess,
    Provenance,
    Resource,
    RunDetails,
    Statement,
    plain,
    subjects,
)


def test_fields_are_written_as_the_specifications_name_them() -> None:
    predicate = Provenance(
        build_definition=BuildDefinition(
            build_type="urn:x",
            external_parameters={"num_steps": 3},
            internal_parameters={},
            resolved_dependencies=(Resource(name="teacher", digest={"sha256": "1"}),),
        ),
        run_details=RunDetails(
            builder=Builder(id="urn:b", version={"x": "1"}),
            metadata=BuildMetadata(invocation_id="i", finished_on="t"),
            byproducts=(),
        ),
    )
    assert plain(Statement(subject=subjects({"b": "2", "a": "1"}), predicate_type="p", predicate=predicate)) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "a", "digest": {"sha256": "1"}}, {"name": "b", "digest": {"sha256": "2"}}],
        "predicateType": "p",
        "predicate": {
            "buildDefinition": {
                "buildType": "urn:x",
                "externalParameters": {"num_steps": 3},
                "internalParameters": {},
                "resolvedDependencies": [{"name": "teacher", "digest": {"sha256": "1"}}],
            },
            "runDetails": {
                "builder": {"id": "urn:b", "version": {"x": "1"}},
                "metadata": {"invocationId": "i", "finishedOn": "t"},
                "byproducts": [],
            },
        },
    }


def test_a_name_that_is_no_camel_case_keeps_its_capitals() -> None:
    assert plain(MonitoredProcess(host_id="h", type="t", event="e")) == {"hostID": "h", "type": "t", "event": "e"}
