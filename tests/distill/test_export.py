from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import distill.export as export_module
from distill.export import ONNX, ExportConfig, export
from mde.errors import InputError
from mde.nets.student import STUDENT, load_student, save_student
from tests.mde.test_edge import card, student


@pytest.fixture
def run_directory(tmp_path: Path) -> Path:
    save_student(tmp_path / STUDENT, student(), card())
    return tmp_path


@pytest.fixture(scope="module")
def program() -> bytes:
    """The seeded student as ONNX; exporting takes seconds, so it is done once."""
    with TemporaryDirectory() as directory:
        save_student(Path(directory), student(), card())
        return export_module.onnx_bytes(load_student(Path(directory)))


@pytest.mark.slow
def test_the_onnx_file_gives_the_depth_of_the_student_at_any_size(
    run_directory: Path, program: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "onnx_bytes", lambda net: program)
    report = export(ExportConfig(run=run_directory))
    assert report.max_relative_error < 1e-4
    session = onnxruntime.InferenceSession(run_directory / ONNX, providers=["CPUExecutionProvider"])
    net = load_student(run_directory).core
    for size in ((1, 3, 48, 64), (3, 3, 64, 64), (1, 3, 101, 75)):
        image = torch.rand(size, generator=torch.Generator().manual_seed(0))
        (depth_m,) = session.run(["depth_m"], {"image": image.numpy()})
        np.testing.assert_allclose(depth_m, net(image).depth_m.numpy(), rtol=1e-4)
    props = {entry.key: entry.value for entry in onnx.load(run_directory / ONNX).metadata_props}
    assert props["unit"] == "metre" and props["kind"] == "metric_depth" and props["native_size"] == "48 64"


@pytest.mark.parametrize("error", [0.01, float("nan")])
def test_a_file_that_gives_another_depth_is_not_written(
    run_directory: Path, monkeypatch: pytest.MonkeyPatch, error: float
) -> None:
    monkeypatch.setattr(export_module, "onnx_bytes", lambda net: b"model")
    monkeypatch.setattr(export_module, "onnx_error", lambda program, net, probes: error)
    with pytest.raises(InputError, match="was not written: ONNX Runtime's depth is off"):
        export(ExportConfig(run=run_directory))
    assert not (run_directory / ONNX).exists()


@pytest.mark.slow
def test_the_error_of_a_wrong_model_is_seen(run_directory: Path, program: bytes) -> None:
    """The guard itself: the file of one student compared with another student."""
    net = load_student(run_directory)
    with torch.no_grad():
        for parameter in net.core.dpm_head.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    image = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    assert export_module.onnx_error(program, net, image) > export_module.MAX_RELATIVE_ERROR


def test_an_unfinished_run_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no finished student"):
        export(ExportConfig(run=tmp_path))
