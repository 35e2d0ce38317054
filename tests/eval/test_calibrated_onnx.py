from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from distill.onnx_export import onnx_bytes, onnx_runner
from eval.calibrated_onnx import calibrated_onnx, check_calibrated
from mde.calibration import Calibration
from mde.errors import InputError
from mde.nets.exported import load_exported
from tests.distill.lively import save_lively
from tests.mde.test_exported import write_model

SIZE = (32, 48)
LINES = [(1.7, 0.0, 0.0), (0.3, 0.5, 0.0), (2.0, -2.5, 0.001)]


def line(scale: float, shift_m: float = 0.0, least_m: float = 0.0) -> Calibration:
    return Calibration(scale=scale, shift_m=shift_m, least_m=least_m, student_sha256="b" * 64)


def images(*size: int) -> np.ndarray:
    return np.random.default_rng(0).random((2, 3, *size), dtype=np.float32)


@pytest.mark.parametrize("numbers", LINES)
def test_the_file_answers_the_formula_at_any_size(tmp_path: Path, numbers: tuple[float, float, float]) -> None:
    """On paper: the model's depth is a metre more than the mean of the three channels."""
    scale, shift_m, least_m = numbers
    content = calibrated_onnx(write_model(tmp_path / "a.onnx").read_bytes(), line(*numbers))
    for size in (SIZE, (20, 70)):
        found_m = onnx_runner(content)(images(*size))
        depth_m = 1.0 + images(*size).astype(np.float64).mean(axis=1, keepdims=True)
        expected_m = np.maximum(scale * depth_m + shift_m, least_m)
        np.testing.assert_allclose(found_m, expected_m, rtol=1e-5, atol=1e-6)
        assert found_m.min() > 0.0


def test_name_shape_and_cost_stay_and_range_and_digest_move(tmp_path: Path) -> None:
    path = write_model(tmp_path / "a.onnx", precision="int8")
    (tmp_path / "b.onnx").write_bytes(calibrated_onnx(path.read_bytes(), line(2.0, 0.5)))
    before, after = load_exported(path).spec, load_exported(tmp_path / "b.onnx").spec
    assert (before.depth_range_m, after.depth_range_m) == ((0.001, 10.0), (0.502, 20.5))
    assert after.calibration == line(2.0, 0.5)
    assert after.weights_sha256 not in (before.weights_sha256, "b" * 64)
    rest = {"depth_range_m": before.depth_range_m, "weights_sha256": before.weights_sha256, "calibration": None}
    assert replace(after, **rest) == before
    words = [onnxruntime.InferenceSession(p).get_modelmeta().custom_metadata_map for p in (path, tmp_path / "b.onnx")]
    assert words[1].pop("calibrated_from") == "b" * 64 and words[1].pop("calibration") == "2.0 0.5 0.0"
    assert words[1].keys() == words[0].keys() and words[1]["precision"] == "int8"
    ends = [
        [(e.name, e.shape) for e in (*s.get_inputs(), *s.get_outputs())]
        for s in map(_session, ("a", "b"), [tmp_path] * 2)
    ]
    assert ends[0] == ends[1]


def _session(name: str, folder: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(folder / f"{name}.onnx")


def test_the_digest_is_a_function_of_file_and_line(tmp_path: Path) -> None:
    one = write_model(tmp_path / "a.onnx").read_bytes()
    other = write_model(tmp_path / "a.onnx", precision="int8").read_bytes()
    made = [
        calibrated_onnx(*pair) for pair in ((one, line(2.0)), (one, line(2.0)), (one, line(2.1)), (other, line(2.0)))
    ]
    digests = [_digest(content) for content in made]
    assert made[0] == made[1] and len(set(digests)) == 3


def _digest(content: bytes) -> str:
    model = onnx.load_model_from_string(content)
    return next(entry.value for entry in model.metadata_props if entry.key == "weights_sha256")


@pytest.mark.parametrize("numbers", LINES)
def test_what_a_file_does_is_checked_against_the_formula(tmp_path: Path, numbers: tuple[float, float, float]) -> None:
    learned = write_model(tmp_path / "a.onnx").read_bytes()
    runs = onnx_runner(learned), onnx_runner(calibrated_onnx(learned, line(*numbers)))
    assert check_calibrated(*runs, line(*numbers), SIZE) < 1e-6
    scale, shift_m, least_m = numbers
    for wrong in (line(scale * 1.001, shift_m, least_m), line(scale, shift_m + 0.01, least_m)):
        with pytest.raises(InputError, match=r"differs from depth' = .* it was not written"):
            check_calibrated(*runs, wrong, SIZE)


def test_a_file_of_another_shape_or_without_depth_is_seen() -> None:
    def learned(seen: np.ndarray) -> np.ndarray:
        return 1.0 + seen[:, :1]

    with pytest.raises(InputError, match="the calibrated file answers"):
        check_calibrated(learned, lambda seen: learned(seen)[..., 1:], line(1.0), SIZE)
    with pytest.raises(InputError, match="it was not written"):
        check_calibrated(learned, lambda seen: learned(seen) * np.float32(np.nan), line(1.0), SIZE)


@pytest.mark.slow
def test_a_real_student_is_calibrated(tmp_path: Path) -> None:
    net = save_lively(tmp_path / "run")
    learned = onnx_bytes(net)
    (tmp_path / "b.onnx").write_bytes(calibrated_onnx(learned, line(1.4, -0.05, 0.001)))
    image = torch.rand(1, 3, 61, 90, generator=torch.Generator().manual_seed(0))
    found_m = load_exported(tmp_path / "b.onnx")(image).depth_m
    torch.testing.assert_close(found_m, 1.4 * net(image).depth_m - 0.05, rtol=1e-4, atol=1e-5)
