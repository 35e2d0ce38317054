"""What the enclosure costs: a run of distill.run unconfined, and the same run shut in, in turn.

python -m tests.bench.enclosure

Both arms train the same student on the same renders to the same bytes. Compared are processor seconds, which a busy
machine disturbs less than the clock: of starting, of the training, which grows with the run, and of what comes once,
shutting itself in among it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import tyro

from distill.draw import NO_AUGMENTATION
from distill.run import DistillConfig
from distill.training import TrainConfig
from mde.checkpoint import TENSORS
from mde.command import arguments_of
from mde.evidence import read_evidence
from mde.files import sha256_file, write_json
from mde.nets.student import STUDENT
from mde.run_directory import environment
from synth.generate import generate
from synth.generate_config import GenerateConfig

ROOT = Path(__file__).resolve().parents[2]
Arm = Literal["unconfined", "enforced"]
ARMS: tuple[Arm, ...] = ("unconfined", "enforced")
WORKER = """
import json, sys, time
import tyro
import distill.run as run

spent = {"start_seconds": time.process_time()}
train_student = run.train_student

def timed(*arguments, **options):
    begin = time.process_time()
    summary = train_student(*arguments, **options)
    spent["train_seconds"] = time.process_time() - begin
    return summary

run.train_student = timed
run.main(tyro.cli(run.DistillConfig, args=sys.argv[1:]))
spent["other_seconds"] = time.process_time() - sum(spent.values())
print(json.dumps(spent))
"""
PARTS = ("start_seconds", "train_seconds", "other_seconds")


@dataclass(frozen=True, kw_only=True)
class BenchConfig:
    """Measure the enclosure's cost."""

    out: Path = ROOT / "eval" / "results" / "enclosure.json"
    """File to write."""
    num_repeats: int = 4
    """Pairs of runs; the first to run changes from pair to pair."""
    num_images: int = 64
    """Renders to learn from."""
    num_steps: int = 600
    """Optimiser steps of every run."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run, in processor seconds."""

    arm: Arm
    start_seconds: float
    """Until the program is imported."""
    train_seconds: float
    """Of the training."""
    other_seconds: float
    """Of all else: enclosing, loading the teacher, digests, export, report."""
    student_sha256: str


def bench(config: BenchConfig) -> None:
    """Measure both arms in turn, write the figures, print them."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        generate(GenerateConfig(n=config.num_images, domain="indoor", out=place / "renders", size="48x64"))
        runs = []
        for number in range(config.num_repeats):
            for arm in ARMS if number % 2 == 0 else reversed(ARMS):
                runs.append(measured(arm, place, config, number))
                print(runs[-1], flush=True)
    figures = {
        "command": f"python -m tests.bench.enclosure --num-repeats {config.num_repeats} "
        f"--num-images {config.num_images} --num-steps {config.num_steps}",
        "overheads": {name: overhead(runs, name) for name in PARTS},
        "runs": [asdict(run) for run in runs],
        "environment": environment(),
    }
    assert len({run.student_sha256 for run in runs}) == 1, "the enclosure changed what was learned"
    write_json(config.out, figures)
    print(figures["overheads"])


def measured(arm: Arm, place: Path, config: BenchConfig, number: int) -> Measured:
    """One run, in a process of its own."""
    run = DistillConfig(
        teacher="demo",
        data=place / "renders",
        out=place / f"{arm}-{number}",
        student="plain",
        transform="identity",
        no_real_data=arm == "enforced",
        require="enforced" if arm == "enforced" else None,
        train=TrainConfig(num_steps=config.num_steps, num_threads=1),
        augment=NO_AUGMENTATION,
    )
    done = subprocess.run(
        [sys.executable, "-c", WORKER, *arguments_of(run)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    assert run.out is not None
    evidence = read_evidence(run.out)
    assert evidence is not None and evidence.level == ("enforced" if arm == "enforced" else "declared")
    seconds = json.loads(done.stdout.splitlines()[-1])
    return Measured(arm=arm, **seconds, student_sha256=sha256_file(run.out / STUDENT / TENSORS))


def overhead(runs: list[Measured], name: str) -> dict[str, float]:
    """By how much the enclosed arm takes longer: as a share, of medians and of the least, and in seconds."""
    plain, shut = ([getattr(run, name) for run in runs if run.arm == arm] for arm in ARMS)
    return {
        "of_medians": statistics.median(shut) / statistics.median(plain) - 1.0,
        "of_least": min(shut) / min(plain) - 1.0,
        "seconds": statistics.median(shut) - statistics.median(plain),
    }


if __name__ == "__main__":
    bench(tyro.cli(BenchConfig))
