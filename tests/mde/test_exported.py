from __future__ import annotations

from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from eval.cost import measure_cost
from mde.errors import InputError
from mde.nets.exported import load_exported
from mde.nets.metadata import metadata_of
from tests.conftest import make_teacher


def write_model(path: Path, *, output: str = "depth_m", **changes: str) -> Path:
    """A model on paper: depth is one metre more than the mean of red, green and blue."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["image", "axis"], ["mean"], keepdims=1),
            helper.make_node("Add", ["mean", "one"], [output]),
        ],
        "mean",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["b", 3, "h", "w"])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["b", 1, "h", "w"])],
        [
            helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
            helper.make_tensor("one", TensorProto.FLOAT, [], [1]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {**metadata_of(make_teacher()), **changes})
    onnx.save(model, path)
    return path


def test_an_exported_file_is_a_network_that_answers_at_input_size(tmp_path: Path) -> None:
    net = load_exported(write_model(tmp_path / "student.onnx"))
    assert (net.spec.role, net.spec.domain, net.spec.native_size) == ("student", "indoor", (32, 48))
    assert net.spec.weights_sha256 == make_teacher().spec.weights_sha256
    image = torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(net(image).depth_m, 1.0 + image.mean(dim=1, keepdim=True))
    assert net(torch.rand(1, 3, 50, 70)).depth_m.shape == (1, 1, 50, 70)


def test_its_cost_is_that_of_the_student_which_was_exported(tmp_path: Path) -> None:
    teacher = make_teacher()
    cost = measure_cost(load_exported(write_model(tmp_path / "student.onnx")), num_repeats=2)
    expected = measure_cost(teacher, num_repeats=2)
    assert (cost.num_parameters, cost.num_macs) == (expected.num_parameters, expected.num_macs)
    assert cost.num_macs > 0 and cost.latency_s > 0.0


@pytest.mark.parametrize(
    "change, words",
    [
        ({"program": "another"}, "no metadata of version 1 of this program"),
        ({"output": "disparity"}, "does not map `image` to `depth_m`"),
        ({"num_macs": "0"}, "num_macs is '0'"),
        ({"num_parameters": "many"}, "num_parameters is 'many'"),
    ],
)
def test_a_model_that_is_not_ours_is_refused(tmp_path: Path, change: dict[str, str], words: str) -> None:
    path = write_model(tmp_path / "student.onnx", **change)
    with pytest.raises(InputError, match=words):
        load_exported(path)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cut.onnx").write_bytes(write_model(tmp_path / "whole.onnx").read_bytes()[:100])
    (tmp_path / "text.onnx").write_text("hello")
    (tmp_path / "empty.onnx").write_bytes(b"")
    for name in ("cut", "text", "empty"):
        with pytest.raises(InputError, match=f"{name}.onnx is no ONNX model that ONNX Runtime can run"):
            load_exported(tmp_path / f"{name}.onnx")
    with pytest.raises(InputError, match="absent.onnx does not exist"):
        load_exported(tmp_path / "absent.onnx")
