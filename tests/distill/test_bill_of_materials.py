from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from distill.bill_of_materials import bill_of_materials
from distill.student_facts import StudentFacts
from tests.distill.test_model_card import facts, painted

__all__ = ["facts"]
TIME = "2026-01-02T03:04:05Z"


@pytest.mark.parametrize("licence", ["Apache-2.0", "GPL-3.0", "MIT", "non-commercial", "yours"])
def test_the_bill_keeps_to_the_published_schema(facts: StudentFacts, licence: str) -> None:
    card = replace(facts.card, teacher_licence=licence)
    for one in (replace(facts, card=card), painted(facts)):
        text = json.dumps(bill_of_materials(one, timestamp=TIME))
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_validator_finds_what_does_not_belong(facts: StudentFacts) -> None:
    """Else the test above would prove nothing."""
    bill = bill_of_materials(facts, timestamp=TIME)
    bill["metadata"]["component"]["modelCard"]["sparkle"] = 1
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is not None


def test_the_pedigree_names_the_teacher_with_its_licence_and_what_else_saw_real_images(facts: StudentFacts) -> None:
    (teacher,) = bill_of_materials(facts, timestamp=TIME)["metadata"]["component"]["pedigree"]["ancestors"]
    assert teacher["name"] == "adabins" and teacher["licenses"] == [{"license": {"id": "GPL-3.0"}}]
    assert [one["content"] for one in teacher["hashes"]] == ["b" * 64]
    ancestors = bill_of_materials(painted(facts), timestamp=TIME)["metadata"]["component"]["pedigree"]["ancestors"]
    assert [one["name"] for one in ancestors] == ["adabins", "painter", "backbone"]


def test_every_reference_names_something_in_the_bill(facts: StudentFacts) -> None:
    bill = bill_of_materials(facts, timestamp=TIME)
    student = bill["metadata"]["component"]
    known = {student["bom-ref"], *(one["bom-ref"] for one in bill["components"])}
    assert {name for one in bill["dependencies"] for name in (one["ref"], *one["dependsOn"])} <= known
    assert student["modelCard"]["modelParameters"]["datasets"][0]["ref"] in known
