from __future__ import annotations

import io
import json
import warnings
from pathlib import Path

import torch

from distill.export import ExportConfig, export
from distill.torchscript_export import METADATA
from mde.nets.metadata import metadata_of
from tests.distill.lively import save_lively


def test_the_file_gives_the_depth_of_the_student_at_any_size(tmp_path: Path) -> None:
    net = save_lively(tmp_path)
    report = export(ExportConfig(run=tmp_path, to="torchscript"))
    assert report.path == "student.pt" and report.max_relative_error < 1e-5
    words = {METADATA: ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch speaks against TorchScript at every touch
        loaded = torch.jit.load(io.BytesIO((tmp_path / "student.pt").read_bytes()), _extra_files=words)
    for size in ((1, 3, 48, 64), (3, 3, 64, 64), (1, 3, 101, 75)):
        image = torch.rand(size, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            torch.testing.assert_close(loaded(image), net.core(image).depth_m, rtol=1e-5, atol=0.0)
    assert json.loads(words[METADATA]) == metadata_of(net)
