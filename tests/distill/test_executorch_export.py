from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from distill.executorch_export import METADATA
from distill.export import ExportConfig, export
from mde.nets.metadata import metadata_of
from tests.distill.lively import save_lively

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("executorch") is None, reason="the extra `executorch` (600 MB) is not installed"),
    pytest.mark.filterwarnings("ignore"),  # ExecuTorch's import warns of its own parts
]


def test_the_program_gives_the_depth_of_the_student_and_says_what_it_is(tmp_path: Path) -> None:
    from executorch.runtime import Runtime

    net = save_lively(tmp_path)
    report = export(ExportConfig(run=tmp_path, to="executorch"))
    assert report.path == "student.pte" and report.max_relative_error < 1e-3
    program = Runtime.get().load_program((tmp_path / "student.pte").read_bytes())
    (words,) = program.load_method(METADATA).execute([])
    assert json.loads(words).items() >= metadata_of(net).items()
    assert json.loads(words)["takes_sizes"] == "native_size alone, one image at a time"
