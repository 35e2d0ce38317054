from __future__ import annotations

import os
import subprocess
import sys

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


def test_onnx_runtime_keeps_no_name_for_this_machine() -> None:
    """Its telemetry would write one below the home folder and say so where it cannot."""
    code = "import mde.errors, onnxruntime; print(onnxruntime.get_device())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "telemetry" not in done.stderr
