from __future__ import annotations

from pathlib import Path
from typing import Any

from eval.run_allowance import run_allowance
from mde.allowance import Allowance
from mde.nets.student import STUDENT
from mde.nets.weights_folder import VARIABLE


def allowance(root: Path, **changes: Any) -> Allowance:
    options = {"split": None, "models": (), "own": (), "predictions": (), "teacher": None, "weights": None}
    return run_allowance(**{**options, "root": root, "domain": None, "out": root.parent / "out", **changes})


def test_the_list_is_what_was_named_and_where_its_links_lead(tmp_path: Path) -> None:
    for name in ("frames", "maps", f"run/{STUDENT}", "drives", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "own.py").touch()
    (tmp_path / "frames" / "raw").symlink_to(tmp_path / "drives")
    found = allowance(
        tmp_path / "frames",
        models=(tmp_path / "run",),
        own=(f"{tmp_path / 'own.py'}:build",),
        predictions=(tmp_path / "maps",),
        weights=tmp_path / "teacher.pth",
        teacher="meter",
    )
    wanted = {tmp_path / name for name in ("frames", "maps", "run", "drives", "own.py", "teacher.pth")}
    assert set(found.reads) == set(map(str, wanted)) and found.writes == (str(tmp_path / "out"),)
    assert not found.permits_read(str(tmp_path / "elsewhere"))


def test_the_seal_of_a_student_without_its_run_lies_around_it(tmp_path: Path) -> None:
    found = allowance(tmp_path / "frames", models=(tmp_path / "run" / "student.onnx",))
    assert found.permits_read(str(tmp_path / "run" / "seal.json"))
    assert not found.permits_read(str(tmp_path / "run" / "reads.txt"))


def test_published_weights_are_those_of_the_domain_where_it_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    indoor, both = (allowance(tmp_path / "f", teacher="adabins", domain=name) for name in ("indoor", None))
    assert set(indoor.reads) < set(both.reads) and str(tmp_path / "AdaBins_nyu.pt") in indoor.reads


def test_the_lists_beside_a_labelled_file_are_read(tmp_path: Path) -> None:
    for name in ("nyu.mat", "test.txt", "photo.png"):
        (tmp_path / name).touch()
    found = allowance(tmp_path / "nyu.mat", out=tmp_path / "out")
    assert found.permits_read(str(tmp_path / "test.txt")) and found.permits_read(str(tmp_path / "splits.mat"))
    assert not found.permits_read(str(tmp_path / "photo.png")) and found.lists == (str(tmp_path),)
