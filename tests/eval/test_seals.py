from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from eval.seals import figures, find_seals, sentences
from mde.files import sha256_file, write_json
from mde.nets.net import DepthNet
from mde.seal import SEAL_FILE, seal_run
from tests.conftest import make_teacher


def sealed_run(out: Path) -> Path:
    (out / "student").mkdir(parents=True)
    (out / "student" / "tensors.safetensors").write_text("weights")
    write_json(out / "report.json", {})
    seal_run(out, level="A1 observed", open_files=frozenset(), sealed_on="2026-01-02T03:04:05Z")
    return out


def exported(weights_sha256: str) -> DepthNet:
    net = make_teacher()
    net.spec = replace(net.spec, weights_sha256=weights_sha256)
    return net


def test_an_exported_file_has_the_seal_of_the_student_that_it_names(tmp_path: Path) -> None:
    run = sealed_run(tmp_path / "run")
    net = exported(sha256_file(run / "student" / "tensors.safetensors"))
    elsewhere = tmp_path / "phone" / "student.onnx"
    for paths in ({"a": run / "student.onnx"}, {"a": elsewhere, "b": run}):
        seals = find_seals(paths, {"a": net}, allow_unsealed=False)
        assert seals["a"] is not None and seals["a"].sha256 == sha256_file(run / SEAL_FILE)
    assert find_seals({"a": elsewhere}, {"a": net}, allow_unsealed=False) == {"a": None}


def test_an_exported_file_of_another_student_has_no_seal_beside_it(tmp_path: Path) -> None:
    run = sealed_run(tmp_path / "run")
    found = find_seals({"a": run / "student.onnx"}, {"a": exported("0" * 64)}, allow_unsealed=False)
    assert found == figures(found) == {"a": None}
    assert sentences(found) == [
        "a: no seal was checked, so nothing shows that it was finished before these images were opened"
    ]
