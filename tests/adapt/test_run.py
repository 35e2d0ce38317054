"""The command adapt.run, shut in: it reads what it was given, and says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapt.fitting import FitConfig
from adapt.run import AdaptConfig, adapt
from mde.errors import InputError
from mde.evidence import READS, read_evidence
from mde.provenance import files_read
from tests.conftest import ROOT

FIT = FitConfig(num_steps=2, batch_size=4, num_measured=8)


def test_every_file_that_was_read_stands_in_the_log(tmp_path: Path, shards: Path) -> None:
    adapt(AdaptConfig(teacher="demo", data=shards, out=tmp_path / "out", no_real_data=True, fit=FIT))
    read = files_read(tmp_path / "out" / READS)
    assert {str(path) for path in shards.glob("*.tar")} <= set(read)
    assert any(path.endswith("demo_teacher/weights.safetensors") for path in read)
    found = read_evidence(tmp_path / "out")
    assert found is not None and found.level == "observed"
    assert set(found.denied) <= {__file__}  # torch looks for the source of whoever called it


def test_a_level_that_is_not_reached_refuses_the_fit(tmp_path: Path, shards: Path) -> None:
    with pytest.raises(InputError, match="--require enforced cannot be met here: level observed .* called from Python"):
        adapt(AdaptConfig(teacher="demo", data=shards, out=tmp_path / "out", no_real_data=True, require="enforced"))
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="--require and --allow say how --no-real-data is kept"):
        AdaptConfig(teacher="demo", data=shards, out=tmp_path / "out", require="enforced")


@pytest.mark.slow
def test_the_command_is_shut_in(tmp_path: Path, shards: Path) -> None:
    options = ["--teacher", "demo", "--data", str(shards), "--out", "out", "--fit.num-steps", "2", "--no-real-data"]
    done = subprocess.run(
        [sys.executable, "-m", "adapt.run", *options, "--fit.batch-size", "4", "--fit.num-measured", "8"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = read_evidence(tmp_path / "out")
    assert found is not None and found.denied == found.connections == ()
    assert "evidence of no real data" in done.stdout
    if found.level != "enforced":
        pytest.skip(f"this system cannot enclose: {found.why_not_next}")
    assert found.allowed is not None and found.allowed.writes == (str(tmp_path / "out"),)
