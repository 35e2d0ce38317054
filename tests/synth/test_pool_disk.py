"""Pool and worker together on a full disk: real processes, with noise instead of OpenGL."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mde.shards import read_parts
from synth.pool import Task, run_tasks
from synth.sample_config import SampleConfig

CONFIG = SampleConfig(domain="indoor", seed=0, height=24, width=32)

STAND_IN = """
import errno, os
import numpy as np
import synth.worker
from mde.camera import Camera
from mde.record import Record

class NoiseSampler:
    device = "noise"
    def __init__(self, config):
        self.camera = Camera(f_px=(30.0, 30.0), c_px=(16.0, 12.0), height=24, width=32)
    def record(self, index):
        plane = np.full((24, 32), 2.0, np.float32)
        return Record(key=f"{index:06d}", image=np.zeros((24, 32, 3), np.uint8), depth_m=plane,
            ids=np.ones((24, 32), np.uint16), camera=self.camera, origin="synthetic", domain="indoor",
            depth_units_per_metre=1000, recipe={"attempt": 0, "scene": "noise"})

sync = os.fsync
def sync_unless_full(handle):
    if os.path.exists(os.environ["DISK_IS_FULL"]):
        raise OSError(errno.ENOSPC, "No space left on device")
    sync(handle)

os.fsync = sync_unless_full
synth.worker.Sampler = NoiseSampler
"""
"""Python runs a module of this name in every new process, so in the workers too."""


@pytest.fixture
def full_marker(tmp_path, monkeypatch) -> Path:
    """While this file exists the workers find the disk full."""
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "sitecustomize.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "start"))
    monkeypatch.setenv("DISK_IS_FULL", str(tmp_path / "full"))
    (tmp_path / "full").touch()
    return tmp_path / "full"


def run(out: Path, on_failure) -> list[str]:
    out.mkdir()
    tasks = [Task(path=out / f"shard-{k}.tar", indices=(2 * k, 2 * k + 1)) for k in range(3)]
    names: list[str] = []
    run_tasks(
        CONFIG,
        tasks,
        num_workers=2,
        on_sample=lambda: None,
        on_shard=lambda facts: names.append(facts["name"]),
        on_failure=on_failure,
    )
    return sorted(names)


def test_shards_that_found_the_disk_full_are_rendered_again(full_marker, tmp_path):
    failures: list[OSError] = []

    def make_room(error: OSError) -> None:
        failures.append(error)
        full_marker.unlink(missing_ok=True)

    out = tmp_path / "renders"
    assert run(out, make_room) == ["shard-0.tar", "shard-1.tar", "shard-2.tar"]
    assert 1 <= len(failures) <= 2
    assert failures[0].errno == errno.ENOSPC and Path(failures[0].filename).parent == out
    keys = [key for name in sorted(os.listdir(out)) for key, _ in read_parts(out / name)]
    assert keys == [f"{index:06d}" for index in range(6)]


def test_a_failure_that_nobody_mends_ends_the_pool_and_leaves_no_half_shard(full_marker, tmp_path):
    def give_up(error: OSError) -> None:
        raise error

    with pytest.raises(OSError, match="No space left"):
        run(tmp_path / "renders", give_up)
    assert not list((tmp_path / "renders").glob("*.tar"))
