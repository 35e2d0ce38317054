from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from distill.export import ExportConfig, export
from distill.openvino_export import SECTION, imported_openvino
from mde.nets.metadata import metadata_of
from tests.conftest import ROOT
from tests.distill.lively import save_lively

pytestmark = [
    pytest.mark.slow,
    # looked for, not imported: an import of its own would tell its makers
    pytest.mark.skipif(find_spec("openvino") is None, reason="the extra `openvino` (180 MB) is not installed"),
]


def test_the_files_give_the_depth_of_the_student_and_say_what_they_are(tmp_path: Path) -> None:
    net = save_lively(tmp_path)
    report = export(ExportConfig(run=tmp_path, to="openvino"))
    assert report.path == "student.xml" and report.max_relative_error < 1e-4
    model = imported_openvino().Core().read_model(str(tmp_path / "student.xml"))
    words = metadata_of(net)
    assert {name: model.get_rt_info([SECTION, name]).astype(str) for name in words} == words


def test_importing_openvino_asks_nobody_on_the_network() -> None:
    """Its own import would report itself; the audit hook of a fresh process sees every look-up of a name."""
    code = (
        "import sys, threading\nseen = []\n"
        "sys.addaudithook(lambda event, args: seen.append(event) if event.startswith('socket.') else None)\n"
        "from distill.openvino_export import imported_openvino\nimported_openvino()\n"
        "[thread.join(20) for thread in threading.enumerate() if thread is not threading.main_thread()]\n"
        "assert 'openvino_telemetry' not in sys.modules\nassert not seen, seen\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
