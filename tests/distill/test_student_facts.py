from __future__ import annotations

from pathlib import Path

from distill.inputs import Inputs
from distill.student_facts import facts_of
from mde.files import sha256_file
from tests.distill.test_closing import inputs, out

__all__ = ["inputs", "out"]


def test_facts_are_those_of_report_card_and_index(out: Path, inputs: Inputs) -> None:
    facts = facts_of(out, inputs)
    assert (facts.card.name, facts.level, facts.why_not_next) == ("plain", "A1 observed", "no Landlock")
    assert facts.weights_sha256 == sha256_file(out / "student" / "tensors.safetensors")
    assert facts.num_renders == 12 and not facts.is_transformed and facts.owner_statistics_sha256 is None
    assert facts.camera.size == (32, 48)
    assert facts.figures["mean log error to the teacher on renders of other scenes and cameras"] == 0.25
    assert facts.figures["relative error to the teacher on training renders"] == 0.5
