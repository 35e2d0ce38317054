"""Two processes learn what one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from distill.metrics_log import METRICS
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
data, out = Path(sys.argv[1]), Path(sys.argv[2])
processes = join_processes("cpu")
with processes.first_ahead():
    out.mkdir(exist_ok=True)
config = DistillConfig(teacher="demo", student="mobilenetv2_035", augment=AugmentConfig(mix=0.5, randomise=1.0),
                       train=TrainConfig(num_steps=4, batch_size=8, checkpoint_every=2))
train_student(config, load_teacher("demo", None, domain="indoor"), None, ShardReader(data), out, processes=processes)
print("processes:", processes.num)
"""


def train(shards: Path, out: Path, num_processes: int) -> str:
    script = out.with_suffix(".py")
    script.write_text(TRAINING)
    launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", str(num_processes)]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    done = subprocess.run(
        [sys.executable, *(launch if num_processes > 1 else []), str(script), str(shards), str(out)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_two_processes_train_the_student_of_one(tmp_path: Path, shards: Path) -> None:
    """The same but for rounding: 1e-6 of the first loss. Adam's first steps follow the sign of tiny gradients, so that
    rounding grows to 1e-2 of the loss in four steps; gradients alone are compared in tests/mde/test_cross_batchnorm.py.
    """
    train(shards, tmp_path / "one", 1)
    assert train(shards, tmp_path / "two", 2).count("processes: 2") == 2
    logs = ((tmp_path / name / METRICS).read_text().splitlines() for name in ("one", "two"))
    one, two = ([json.loads(line) for line in lines] for lines in logs)
    assert [row["step"] for row in one] == [row["step"] for row in two] == [0, 1, 2, 3]
    assert two[0]["loss"] == pytest.approx(one[0]["loss"], rel=1e-5)
    for first, second in zip(one, two, strict=True):
        assert second["teacher_spread"] == pytest.approx(first["teacher_spread"], rel=1e-5)  # the same pictures
        assert second["loss"] == pytest.approx(first["loss"], rel=0.05)
    students = [load_file(tmp_path / name / STUDENT / TENSORS) for name in ("one", "two")]
    assert students[0].keys() == students[1].keys()
    before = (tmp_path / "two" / STUDENT / TENSORS).read_bytes()
    train(shards, tmp_path / "two", 1)  # finished, so that one process only reads it again
    assert (tmp_path / "two" / STUDENT / TENSORS).read_bytes() == before


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
