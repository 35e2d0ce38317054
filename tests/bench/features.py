"""What DisDepth's parts give on the sealed world: local-global convolution, the ghost's features, attentive ones, all.

    python -m tests.bench.features

A convolutional and a transformer teacher. All students of a teacher take the same number of optimiser steps; those that
imitate features spend half of them on their first student. One arm does that too and then imitates nothing, so that
the second beginning is told from the features. Features are imitated whatever they are worth; what the default of
`--features.min-gain` would have done stands in `gain`. Written to `eval/results/features.json`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from distill.draw import NO_AUGMENTATION
from distill.feature_config import FeatureConfig
from distill.feature_stages import RESPONSE, features_report
from distill.metrics_log import METRICS, final_means
from distill.run import DistillConfig, train_student
from distill.training import TrainConfig
from eval.cost import measure_cost
from eval.crew import Job, run_jobs
from eval.demo import PROTOCOL, sealed_frames
from eval.score import score
from eval.sealed.world import CAMERA, ORIGIN, write_sealed
from mde.checkpoint import MANIFEST
from mde.command import run_command
from mde.files import write_json
from mde.nets import load_student, load_teacher
from mde.nets.net import DepthNet
from mde.nets.student import STUDENT
from mde.run_directory import environment
from mde.shards import ShardReader
from synth.generate import generate
from synth.generate_config import GenerateConfig
from tests.bench.ladder import num_logged_in

NEVER = 1e9
"""A gain that no translation has."""
PLAIN, UPPER = "response only", "response only, sealed images (upper bound)"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """A student and what it imitates."""

    student: str = "plain"
    features: FeatureConfig | None = None
    """None where all steps are of depth alone."""
    data: Literal["renders", "sealed"] = "renders"


CONTROL, GHOST, ATTENTIVE = (
    FeatureConfig(kind="attentive", min_gain=NEVER),
    FeatureConfig(kind="ghost", min_gain=0.0),
    FeatureConfig(kind="attentive", min_gain=0.0),
)
ARMS: dict[str, Arm] = {
    PLAIN: Arm(),
    "response only, in two halves": Arm(features=CONTROL),
    "+ local-global convolution": Arm(student="plain+lg"),
    "+ ghost features": Arm(features=GHOST),
    "+ attentive features": Arm(features=ATTENTIVE),
    "+ local-global and attentive": Arm(student="plain+lg", features=ATTENTIVE),
    UPPER: Arm(data="sealed"),
}
"""Arms by their name in tables."""


@dataclass(frozen=True, kw_only=True)
class FeaturesConfig:
    """Train the students of every arm and teacher, and judge them on the sealed world."""

    runs: Path = Path("runs/features")
    """Where pictures and runs lie."""
    out: Path = Path("eval/results/features.json")
    """File to write."""
    teachers: tuple[str, ...] = ("demo", "demo-transformer")
    """Teachers, one after the other."""
    num_images: int = 600
    """Renders, and sealed pictures for the upper bound."""
    num_test: int = 200
    """Test pictures of the sealed world."""
    num_steps: int = 1500
    """Optimiser steps of every student, both halves together."""
    num_fit_steps: int = 300
    """Optimiser steps of every translation."""
    num_seeds: int = 3
    """Students per arm and teacher."""
    num_at_once: int = 2
    """Students side by side, with one thread each."""


def study(config: FeaturesConfig) -> None:
    """Make what is missing, then score and write."""
    size = f"{CAMERA.size[0]}x{CAMERA.size[1]}"
    generate(GenerateConfig(n=config.num_images, domain="indoor", out=config.runs / "renders", size=size))
    write_sealed(config.runs / "sealed", "train", config.num_images)
    jobs = [students_job(config, teacher, name) for teacher in config.teachers for name in ARMS]
    run_jobs(jobs, num_at_once=config.num_at_once, title="students")
    write_sealed(config.runs / "sealed-test", "test", config.num_test)
    options = {name: value for name, value in asdict(config).items() if name not in ("runs", "out", "num_at_once")}
    options["teachers"] = " ".join(config.teachers)
    flags = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in options.items())
    rows = [row for teacher in config.teachers for row in rows_of(config, teacher)]
    write_json(
        config.out, {"command": f"python -m tests.bench.features {flags}", "rows": rows, "environment": environment()}
    )
    print(table(rows))
    print(f"written: {config.out}")


def run_of(config: FeaturesConfig, teacher: str, name: str, seed: int) -> Path:
    """Folder of one student."""
    return config.runs / teacher / f"{list(ARMS).index(name)}-{seed}"


def students_job(config: FeaturesConfig, teacher: str, name: str) -> Job:
    """All students of an arm as one job, since a process takes seconds to start."""
    runs = [run_of(config, teacher, name, seed) for seed in range(config.num_seeds)]
    logs = [folder / METRICS for run in runs for folder in (run, run / RESPONSE)]
    return Job(
        name=f"a student of {teacher}, {name}",
        work=partial(make_students, config, teacher, name),
        log=config.runs / f"{teacher}-{list(ARMS).index(name)}.log",
        num_done=partial(num_logged_in, logs),
        num_steps=config.num_steps * config.num_seeds,
    )


def make_students(config: FeaturesConfig, teacher: str, name: str) -> None:
    """One after the other, seed by seed."""
    for seed in range(config.num_seeds):
        out = run_of(config, teacher, name, seed)
        if (out / STUDENT / MANIFEST).is_file():
            continue
        out.mkdir(parents=True, exist_ok=True)
        reader = ShardReader(config.runs / ARMS[name].data, origins=("synthetic", ORIGIN))
        net = load_teacher(teacher, None, domain="indoor")
        train_student(student_config(config, teacher, ARMS[name], seed), net, None, reader, out)


def stages_of(arm: Arm, num_steps: int, num_fit_steps: int) -> tuple[int, FeatureConfig]:
    """Steps of an arm's student in the end, all or the second half of them, and what precedes these."""
    if arm.features is None:
        return num_steps, FeatureConfig()
    half = num_steps // 2
    return half, replace(arm.features, response_steps=num_steps - half, num_steps=num_fit_steps)


def student_config(config: FeaturesConfig, teacher: str, arm: Arm, seed: int) -> DistillConfig:
    """How a student of an arm is trained."""
    num_steps, features = stages_of(arm, config.num_steps, config.num_fit_steps)
    return DistillConfig(
        teacher=teacher,
        domain="indoor",
        student=arm.student,
        transform="identity",
        seed=seed,
        train=TrainConfig(num_steps=num_steps, batch_size=8, checkpoint_every=500),
        augment=NO_AUGMENTATION,
        features=features,
    )


def rows_of(config: FeaturesConfig, teacher: str) -> list[dict[str, Any]]:
    """A teacher and its arms on the sealed test pictures: metrics as lists over seeds, cost, gap closed."""
    seeds = range(config.num_seeds)
    net = load_teacher(teacher, None, domain="indoor")
    students = {(name, seed): load_student(run_of(config, teacher, name, seed)) for name in ARMS for seed in seeds}
    nets: dict[str, DepthNet] = {"teacher": net, **{f"{name} {seed}": one for (name, seed), one in students.items()}}
    reader = ShardReader(config.runs / "sealed-test", origins=(ORIGIN,))
    scores = score(nets, sealed_frames(reader), PROTOCOL, alignments=("none",), num_panels=0)
    rows = [{"teacher": teacher, "student": "(teacher)", **listed([scores.mean("teacher", "none")])}]
    for name, arm in ARMS.items():
        runs = [run_of(config, teacher, name, seed) for seed in seeds]
        trained = student_config(config, teacher, arm, 0)
        cost = measure_cost(students[name, 0], num_repeats=2)
        found = [features_report(trained.features, run) for run in runs]
        rows.append(
            {
                "teacher": teacher,
                "student": name,
                **listed([scores.mean(f"{name} {seed}", "none") for seed in seeds]),
                "training_abs_rel_to_teacher": [
                    final_means(run / METRICS, trained.train.num_steps)["abs_rel_to_teacher"] for run in runs
                ],
                "num_parameters": cost.num_parameters,
                "num_macs": cost.num_macs,
                "gain": [one["gain"] for one in found if one is not None],
                "openness": [one["openness"] for one in found if one is not None],
            }
        )
    mean = {row["student"]: float(np.mean(row["abs_rel"])) for row in rows}
    for row in rows:
        row["gap_closed"] = (mean[PLAIN] - mean[row["student"]]) / (mean[PLAIN] - mean[UPPER])
    return rows


def listed(over_seeds: list[dict[str, float]]) -> dict[str, list[float]]:
    """Metrics as lists over seeds."""
    return {metric: [one[metric] for one in over_seeds] for metric in over_seeds[0]}


def table(rows: list[dict[str, Any]]) -> str:
    """The study as text."""
    lines = [
        f"{'teacher':<18}{'student':<44}{'abs_rel':>9}{'+-':>8}{'delta1':>8}{'training':>10}{'closed':>8}{'gain':>7}"
    ]
    for row in rows:
        spread = float(np.std(row["abs_rel"], ddof=1)) if len(row["abs_rel"]) > 1 else float("nan")
        training = np.mean(row.get("training_abs_rel_to_teacher") or [float("nan")])
        gain = np.mean(row.get("gain") or [float("nan")])
        lines.append(
            f"{row['teacher']:<18}{row['student']:<44}{np.mean(row['abs_rel']):>9.4f}{spread:>8.4f}"
            f"{np.mean(row['delta1']):>8.4f}{training:>10.4f}{100 * row['gap_closed']:>6.0f} %{gain:>7.2f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    run_command(study, FeaturesConfig, "tests.bench.features")
