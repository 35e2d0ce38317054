from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mde.offline import VARIABLES
from tests.conftest import ROOT


def variables(**environment: str) -> dict[str, str]:
    code = "import mde.errors, os, json; print(json.dumps(dict(os.environ)))"
    clean = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**clean, **environment}, capture_output=True, text=True, check=True
    )
    return eval(done.stdout)


def test_the_first_module_of_ours_takes_every_library_off_the_network() -> None:
    assert VARIABLES.items() <= variables().items()


def test_what_the_user_has_set_stays() -> None:
    assert variables(HF_HUB_OFFLINE="0")["HF_HUB_OFFLINE"] == "0"


SESSION = """
{first}
import onnx, onnxruntime
value = onnx.helper.make_tensor_value_info
node = onnx.helper.make_node("Identity", ["x"], ["y"])
graph = onnx.helper.make_graph([node], "g", [value("x", 1, [1])], [value("y", 1, [1])])
model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
"""


def files_at_home(home: Path, first: str) -> list[str]:
    home.mkdir()
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SESSION.format(first=first)]
    subprocess.run(command, env=environment, capture_output=True, check=True)
    return [path.name for path in home.rglob("*") if path.is_file()]


def test_onnx_runtime_gives_this_machine_no_name_and_keeps_no_events(tmp_path: Path) -> None:
    """Its telemetry writes both below the home folder, and sends the events when it can."""
    if "deviceid" not in files_at_home(tmp_path / "as it comes", "import numpy"):
        pytest.skip("this version of ONNX Runtime has no telemetry, so that nothing would be shown")
    assert files_at_home(tmp_path / "ours", "import mde.errors") == []
