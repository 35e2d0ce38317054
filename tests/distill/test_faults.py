"""Faults: killed, out of space, interrupted, damaged, or gone on with on other grounds."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import distill.run as run_module
import mde.checkpoint as checkpoint_module
from distill.metrics_log import METRICS
from distill.run import DistillConfig, distill
from distill.training import TrainConfig
from eval.demo import num_logged
from mde.checkpoint import TENSORS, latest_step
from mde.command import EXIT_FAULT, EXIT_INTERRUPTED
from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.demo import WEIGHTS
from mde.nets.student import STUDENT
from tests.conftest import ROOT, heed_ctrl_c
from tests.distill.test_run import EXPORT
from tests.distill.test_training import KilledAt, rows, run, same

TRAINING = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from distill.run import DistillConfig, TrainConfig, train_student
from mde.nets import load_teacher
from mde.shards import ShardReader
data, out = map(Path, sys.argv[1:])
out.mkdir(exist_ok=True)
config = DistillConfig(teacher="demo", student="mobilenetv2_035",
                       train=TrainConfig(num_steps=60, batch_size=4, checkpoint_every=5))
train_student(config, load_teacher("demo", None, domain="indoor"), None, ShardReader(data), out)
"""


def start_training(shards: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", TRAINING, str(shards), str(out)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_a_process_killed_ten_times_at_random_steps_ends_with_equal_weights(tmp_path: Path, shards: Path) -> None:
    assert start_training(shards, tmp_path / "straight").wait() == 0
    killed = tmp_path / "killed"
    for step in sorted(random.Random(0).sample(range(2, 58), 10)):
        process = start_training(shards, killed)
        while num_logged(killed / METRICS) < step:
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert start_training(shards, killed).wait() == 0
    digests = [sha256_file(tmp_path / name / STUDENT / TENSORS) for name in ("straight", "killed")]
    assert digests[0] == digests[1]


@pytest.mark.slow
def test_a_full_disk_ends_the_command_in_one_line_and_keeps_what_is_good(tmp_path: Path, shards: Path) -> None:
    """A limit on file size is the small disk that needs no privileges: writes beyond it fail."""
    import resource

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    options = [
        "--student",
        "mobilenetv2_035",
        "--train.num-steps",
        "2",
        "--train.batch-size",
        "4",
        "--transform",
        "identity",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "distill.run", "--teacher", "demo", "--data", str(shards), *options, "--out", "run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        preexec_fn=small_files,
        check=False,
    )
    assert done.returncode == EXIT_FAULT
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ") and "File too large" in last
    assert not list((tmp_path / "run" / "checkpoints").glob("*"))


@pytest.mark.slow
def test_ctrl_c_ends_the_command_in_one_line_and_it_can_go_on(tmp_path: Path, shards: Path) -> None:
    options = [
        "--student",
        "mobilenetv2_035",
        "--train.num-steps",
        "400",
        "--train.batch-size",
        "4",
        "--transform",
        "identity",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "distill.run", "--teacher", "demo", "--data", str(shards), *options, "--out", "run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    )
    while not (tmp_path / "run" / METRICS).is_file():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == EXIT_INTERRUPTED
    assert errors.strip().splitlines()[-1] == "interrupted; the same command goes on from here"
    assert "Traceback" not in errors


def test_a_flipped_byte_is_found_and_the_checkpoint_before_goes_on_to_equal_weights(
    shards: Path, tmp_path: Path
) -> None:
    straight, _ = run(shards, tmp_path / "straight")
    with pytest.raises(KeyboardInterrupt):
        run(shards, tmp_path / "killed", transformation=KilledAt(5))
    newest = tmp_path / "killed" / "checkpoints" / "step_00000004" / TENSORS
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(bytes(content))
    resumed, summary = run(shards, tmp_path / "killed")
    assert summary.resumed_from == 2 and same(resumed, straight)


def test_a_disk_that_fills_during_a_checkpoint_leaves_the_last_good_one(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight, _ = run(shards, tmp_path / "straight")
    save = checkpoint_module.save_file

    def full(tensors: dict[str, torch.Tensor], path: Path) -> None:
        if "step_00000004" in str(path):
            Path(path).write_bytes(b"half of")
            raise OSError(28, "No space left on device", str(path))
        save(tensors, path)

    monkeypatch.setattr(checkpoint_module, "save_file", full)
    with pytest.raises(OSError, match="No space left"):
        run(shards, tmp_path / "full")
    checkpoints = tmp_path / "full" / "checkpoints"
    assert [path.name for path in checkpoints.iterdir()] == ["step_00000002"]
    found = latest_step(checkpoints)
    assert found is not None and found[0] == 2
    monkeypatch.undo()
    resumed, summary = run(shards, tmp_path / "full")
    assert summary.resumed_from == 2 and same(resumed, straight)
    assert rows(tmp_path / "full") == rows(tmp_path / "straight")


@pytest.fixture
def begun(tmp_path: Path, shards: Path, monkeypatch: pytest.MonkeyPatch) -> DistillConfig:
    """A run that stopped after its training, before its report."""
    shutil.copy(WEIGHTS, tmp_path / "teacher.safetensors")
    config = DistillConfig(
        teacher="demo",
        weights=tmp_path / "teacher.safetensors",
        data=shards,
        out=tmp_path / "run",
        student="mobilenetv2_035",
        transform="identity",
        train=TrainConfig(num_steps=2, batch_size=4, checkpoint_every=1),
    )
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "export_student", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            distill(config)
    return config


def state(config: DistillConfig) -> dict[Path, str]:
    assert config.out is not None
    return {path: sha256_file(path) for path in config.out.rglob("*") if path.is_file()}


def test_a_missing_shard_is_named_and_nothing_is_lost(begun: DistillConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    assert begun.data is not None and begun.out is not None
    before = state(begun)
    shard = begun.data / "shard-00001.tar"
    shard.rename(begun.data / "away")
    with pytest.raises(InputError, match=r"shard-00001.tar is named in index.json and missing"):
        distill(begun)
    assert state(begun) == before
    (begun.data / "away").rename(shard)
    monkeypatch.setattr(run_module, "export_student", lambda *_, **__: EXPORT)
    distill(begun)  # goes on where it was
    assert (begun.out / "report.json").is_file()


def test_a_run_goes_on_only_with_the_teacher_it_began_with(begun: DistillConfig) -> None:
    from safetensors.torch import load_file, save_file

    assert begun.weights is not None
    before = state(begun)
    tensors = load_file(begun.weights)
    name = next(name for name, tensor in tensors.items() if tensor.is_floating_point())
    save_file({**tensors, name: tensors[name] * 1.01}, begun.weights)
    with pytest.raises(InputError, match="began with other teacher; choose another --out"):
        distill(begun)
    assert state(begun) == before


def test_a_run_goes_on_only_with_the_options_it_began_with(begun: DistillConfig) -> None:
    with pytest.raises(InputError, match="--student mobilenetv2_035"):
        distill(replace(begun, student="plain"))
