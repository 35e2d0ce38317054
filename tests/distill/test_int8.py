from __future__ import annotations

import io
from pathlib import Path

import onnx
import pytest
import torch

from distill.int8 import Calibration, int8_program
from distill.program import relative_errors
from tests.distill.lively import save_lively


def smooth_images(num: int, *, seed: int) -> torch.Tensor:
    """Blurred noise, as pictures are smooth."""
    coarse = torch.rand(num, 3, 6, 8, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, (48, 64), mode="bicubic").clamp(0.0, 1.0)


@pytest.mark.slow
def test_integers_give_nearly_the_depth_and_a_much_smaller_file(tmp_path: Path) -> None:
    net = save_lively(tmp_path)
    program = int8_program(net, Calibration(images=smooth_images(16, seed=0), data_sha256="d" * 64))
    errors = relative_errors(program, net, smooth_images(8, seed=1))
    assert 1e-4 < errors.mean() < 0.05
    content = program.files[".onnx"]
    assert len(content) < 0.4 * sum(4 * parameter.numel() for parameter in net.parameters())
    model = onnx.load(io.BytesIO(content))
    words = {entry.key: entry.value for entry in model.metadata_props}
    assert words["calibrated_on"] == f"16 renders of {'d' * 64}"
    assert words["weights_sha256"] == net.spec.weights_sha256 and words["precision"].startswith("int8")
