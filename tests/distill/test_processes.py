"""Two processes learn what one does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mde.checkpoint import TENSORS
from mde.errors import InputError
from mde.nets.student import STUDENT
from mde.processes import Processes
from tests.conftest import ROOT

TRAINING = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from distill.draw import AugmentConfig
from distill.run import DistillConfig, TrainConfig, train_student
from mde.nets import load_teacher
from mde.processes import join_processes
from mde.shards import ShardReader
data, out, num_steps = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
processes = join_processes("cpu")
with processes.first_ahead():
    out.mkdir(exist_ok=True)
config = DistillConfig(teacher="demo", student="mobilenetv2_035", augment=AugmentConfig(mix=0.5, randomise=1.0),
                       train=TrainConfig(num_steps=num_steps, batch_size=8, checkpoint_every=2))
train_student(config, load_teacher("demo", None, domain="indoor"), None, ShardReader(data), out, processes=processes)
print("processes:", processes.num)
"""


def train(shards: Path, out: Path, num_processes: int, *, num_steps: int = 4) -> str:
    script = out.with_suffix(".py")
    script.write_text(TRAINING)
    launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", str(num_processes)]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    done = subprocess.run(
        [sys.executable, *(launch if num_processes > 1 else []), str(script), str(shards), str(out), str(num_steps)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_two_processes_train_the_student_of_one_and_go_on_as_one(tmp_path: Path, shards: Path) -> None:
    """Within 1e-4 of a tensor's largest number after four steps (2e-6 seen); on the way one process takes over."""
    train(shards, tmp_path / "one", 1)
    assert train(shards, tmp_path / "two", 2).count("processes: 2") == 2
    first, second = (load_file(tmp_path / name / STUDENT / TENSORS) for name in ("one", "two"))
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        scale = tensor.float().abs().max().clamp_min(1e-3)
        assert ((tensor - second[name]).abs().max() / scale).item() < 1e-4, name
    train(shards, tmp_path / "two", 1, num_steps=4)  # finished: only read again


def test_a_batch_is_shared_evenly_or_refused() -> None:
    places = [Processes(rank=rank, num=4).places(8) for rank in range(4)]
    assert [list(part) for part in places] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    with pytest.raises(InputError, match="batch-size 6 cannot be shared evenly by 4 processes"):
        Processes(num=4).places(6)


def test_alone_nothing_is_exchanged() -> None:
    tensors = [torch.arange(3.0)]
    Processes().average(tensors)
    assert torch.equal(tensors[0], torch.arange(3.0))
    with Processes().first_ahead():
        pass
