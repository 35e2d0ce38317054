from __future__ import annotations

from pathlib import Path

import pytest

from mde.errors import InputError
from mde.nets.weights_folder import VARIABLE, found_weights


def find(weights: Path | None = None) -> Path:
    return found_weights(weights, teacher="deep", names=("new.pt", "old.pt"), publisher="example.org/deep")


def test_a_given_file_wins_then_the_named_folder_then_weights_here(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(InputError) as refusal:
        find()
    assert str(refusal.value) == (
        "teacher 'deep' needs new.pt or old.pt: put it in weights (or where MDE_WEIGHTS points), or give "
        "--weights FILE; its authors publish it at example.org/deep"
    )
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "old.pt").touch()
    assert find() == Path("weights/old.pt")
    (tmp_path / "weights" / "new.pt").touch()
    assert find() == Path("weights/new.pt")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "elsewhere"))
    with pytest.raises(InputError, match="elsewhere"):
        find()
    assert find(Path("given.pt")) == Path("given.pt")
