from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from distill.onnx_export import onnx_bytes, program_of
from distill.program import relative_errors
from mde.nets.exported import load_exported
from mde.nets.metadata import metadata_of
from tests.distill.lively import save_lively

IMAGE = torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A student as ONNX; exporting takes seconds, so it is done once."""
    return onnx_bytes(save_lively(tmp_path_factory.mktemp("run"), "mobilenetv2_035"))


@pytest.mark.slow
def test_the_model_gives_the_depth_of_the_student_at_any_size(tmp_path: Path, model: bytes) -> None:
    net = save_lively(tmp_path, "mobilenetv2_035")
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    for size in ((1, 3, 48, 64), (3, 3, 64, 64), (1, 3, 101, 75), (1, 3, 32, 32)):
        image = torch.rand(size, generator=torch.Generator().manual_seed(0))
        (depth_m,) = session.run(["depth_m"], {"image": image.numpy()})
        np.testing.assert_allclose(depth_m, net.core(image).depth_m.numpy(), rtol=1e-4)
    assert session.get_modelmeta().custom_metadata_map == metadata_of(net)
    assert relative_errors(program_of(model), net, IMAGE).max() < 1e-4


@pytest.mark.slow
def test_the_model_of_another_student_is_seen(tmp_path: Path, model: bytes) -> None:
    other = save_lively(tmp_path, "mobilenetv2_035", seed=1)
    assert relative_errors(program_of(model), other, IMAGE).max() > 0.01


@pytest.mark.slow
def test_the_model_read_back_is_the_student(tmp_path: Path, model: bytes) -> None:
    net = save_lively(tmp_path, "mobilenetv2_035")
    (tmp_path / "student.onnx").write_bytes(model)
    back = load_exported(tmp_path / "student.onnx")
    assert back.spec == net.spec
    for image in (IMAGE, torch.rand(1, 3, 100, 90, generator=torch.Generator().manual_seed(0))):
        torch.testing.assert_close(back(image).depth_m, net(image).depth_m, rtol=1e-4, atol=0.0)
