from __future__ import annotations

from pathlib import Path

import pytest

from eval.networks import model_names, openers_of
from mde.errors import InputError
from tests.mde.test_exported import write_model


def test_models_are_named_by_their_folders() -> None:
    assert model_names((Path("/r/a"), Path("/r/b/student"))) == ("a", "b")
    assert model_names((Path("/x/a"), Path("/y/a"))) == ("x/a", "y/a")
    assert model_names((Path("/x/teacher"),)) == ("x/teacher",)
    assert model_names(()) == ()
    with pytest.raises(InputError, match="twice"):
        model_names((Path("a"), Path("./a")))


def test_a_teacher_stands_beside_exported_students_and_needs_its_domain(tmp_path: Path) -> None:
    file = write_model(tmp_path / "student.onnx")
    openers = openers_of({"small": file}, own=(), teacher="demo", weights=None, domain="indoor")
    assert {name: opener().spec.role for name, opener in openers.items()} == {"teacher": "teacher", "small": "student"}
    with pytest.raises(InputError, match="--teacher demo needs --domain"):
        openers_of({"small": file}, own=(), teacher="demo", weights=None, domain=None)
