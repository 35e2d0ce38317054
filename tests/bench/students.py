"""Which edge student learns most on the sealed world, trained as `distill.run` does by default, step for step.

    python -m tests.bench.students

Every student sees the same renders in the same order. Test pictures are opened when all are finished. What is finished
is kept. Written to `eval/results/students.json`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from adapt.fitting import FitConfig
from adapt.run import TRANSFORMATION, adapt_teacher
from adapt.target import batchnorm_targets
from distill.metrics_log import METRICS, final_means
from distill.run import DistillConfig, train_student
from distill.training import TrainConfig
from eval.crew import Job, run_jobs
from eval.demo import PROTOCOL, demo_teacher, sealed_frames
from eval.score import score
from eval.sealed.world import CAMERA, ORIGIN, write_sealed
from mde.checkpoint import MANIFEST
from mde.command import run_command
from mde.files import write_json
from mde.nets import load_student
from mde.nets.net import DepthNet
from mde.nets.student import STUDENT
from mde.nets.transformation import load_transformation
from mde.run_directory import environment
from mde.shards import ShardReader
from synth.generate import generate
from synth.generate_config import GenerateConfig
from tests.bench.features import listed
from tests.bench.ladder import num_logged_in


@dataclass(frozen=True, kw_only=True)
class StudentsConfig:
    """Train students of several architectures, and judge them on the sealed world."""

    runs: Path = Path("runs/students")
    """Where pictures and runs lie."""
    out: Path = Path("eval/results/students.json")
    """File to write."""
    students: tuple[str, ...] = ("mobilenetv2", "mobilenetv4_small", "efficientnet_lite0")
    """Architectures, as `distill.run --student` names them."""
    num_images: int = 600
    """Renders."""
    num_test: int = 200
    """Test pictures of the sealed world."""
    num_steps: int = 1500
    """Optimiser steps of every student."""
    num_fit_steps: int = 150
    """Optimiser steps of every transformation."""
    num_seeds: int = 3
    """Students per architecture."""
    num_at_once: int = 2
    """Students side by side, with one thread each."""


def study(config: StudentsConfig) -> None:
    """Make what is missing, then score and write."""
    size = f"{CAMERA.size[0]}x{CAMERA.size[1]}"
    generate(GenerateConfig(n=config.num_images, domain="indoor", out=config.runs / "renders", size=size))
    run_jobs([students_job(config, name) for name in config.students], num_at_once=config.num_at_once, title="students")
    write_sealed(config.runs / "sealed-test", "test", config.num_test)
    rows = rows_of(config)
    options = {name: value for name, value in asdict(config).items() if name not in ("runs", "out", "num_at_once")}
    options["students"] = " ".join(config.students)
    flags = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in options.items())
    command = f"python -m tests.bench.students {flags}"
    write_json(config.out, {"command": command, "rows": rows, "environment": environment()})
    print(f"written: {config.out}")


def run_of(config: StudentsConfig, name: str, seed: int) -> Path:
    """Folder of one student."""
    return config.runs / f"{name}-{seed}"


def students_job(config: StudentsConfig, name: str) -> Job:
    """All students of an architecture as one job, since a process takes seconds to start."""
    return Job(
        name=f"a student {name}",
        work=partial(make_students, config, name),
        log=config.runs / f"{name}.log",
        num_done=partial(num_logged_in, [run_of(config, name, seed) / METRICS for seed in range(config.num_seeds)]),
        num_steps=config.num_steps * config.num_seeds,
    )


def make_students(config: StudentsConfig, name: str) -> None:
    """One after the other, seed by seed; the transformation of a seed is the same for all architectures."""
    reader = ShardReader(config.runs / "renders")
    for seed in range(config.num_seeds):
        out = run_of(config, name, seed)
        if (out / STUDENT / MANIFEST).is_file():
            continue
        teacher, directory = demo_teacher(), out / "adapt" / TRANSFORMATION
        if not (directory / MANIFEST).is_file():
            fit = FitConfig(num_steps=config.num_fit_steps)
            adapt_teacher(teacher, batchnorm_targets(teacher), reader, fit, out / "adapt", rung="affine", seed=seed)
        transformation = load_transformation(directory, teacher_sha256=teacher.spec.weights_sha256)
        train_student(student_config(config, name, seed), teacher, transformation, reader, out)


def student_config(config: StudentsConfig, name: str, seed: int) -> DistillConfig:
    """How a student is trained: by default in all but length and batch."""
    train = TrainConfig(num_steps=config.num_steps, batch_size=8, checkpoint_every=500)
    return DistillConfig(teacher="demo", domain="indoor", student=name, seed=seed, train=train)


def rows_of(config: StudentsConfig) -> list[dict[str, Any]]:
    """The teacher and all architectures on the sealed test pictures, metrics as lists over seeds."""
    seeds = range(config.num_seeds)
    nets: dict[str, DepthNet] = {"teacher": demo_teacher()}
    nets |= {f"{name} {seed}": load_student(run_of(config, name, seed)) for name in config.students for seed in seeds}
    reader = ShardReader(config.runs / "sealed-test", origins=(ORIGIN,))
    scores = score(nets, sealed_frames(reader), PROTOCOL, alignments=("none",), num_panels=0)
    rows: list[dict[str, Any]] = [{"student": "(teacher)", **listed([scores.mean("teacher", "none")])}]
    for name in config.students:
        logs = [run_of(config, name, seed) / METRICS for seed in seeds]
        training = [final_means(log, config.num_steps)["abs_rel_to_teacher"] for log in logs]
        means = listed([scores.mean(f"{name} {seed}", "none") for seed in seeds])
        rows.append({"student": name, **means, "training_abs_rel_to_teacher": training})
        print(f"{name:<22}{' '.join(f'{value:.4f}' for value in means['abs_rel'])}   training {training}")
    return rows


if __name__ == "__main__":
    run_command(study, StudentsConfig, "tests.bench.students")
