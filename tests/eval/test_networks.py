from __future__ import annotations

from pathlib import Path

import pytest

from eval.networks import load_networks, model_names
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
    nets = load_networks((file,), own=(), teacher="demo", weights=None, domain="indoor")
    assert {name: net.spec.role for name, net in nets.items()} == {"teacher": "teacher", "student.onnx": "student"}
    with pytest.raises(InputError, match="--teacher demo needs --domain"):
        load_networks((file,), own=(), teacher="demo", weights=None, domain=None)
