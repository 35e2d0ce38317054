"""The ladder of transformations on the sealed world: every rung, loss and choice of layers, and what could choose.

    python -m tests.bench.ladder

Students of all arms see the same renders, each through its own transformation; steps, number of pictures and seeds are
the same. Label-free scores are taken before the sealed test pictures are opened. What is finished is kept. Written to
`eval/results/ladder.json`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from torch import nn

from adapt.distance import StatisticsLoss
from adapt.fitting import FitConfig, measure_distances
from adapt.run import TRANSFORMATION, adapt_teacher
from adapt.target import LayerChoice, batchnorm_targets
from distill.draw import NO_AUGMENTATION
from distill.metrics_log import METRICS, final_means
from distill.proxy import proxy_of
from distill.run import DistillConfig, train_student
from distill.training import TrainConfig
from eval.crew import Job, run_jobs
from eval.demo import PROTOCOL, demo_teacher, num_logged, sealed_frames
from eval.score import score
from eval.sealed.world import CAMERA, ORIGIN, write_sealed
from mde.checkpoint import MANIFEST
from mde.command import run_command
from mde.files import read_json, write_json
from mde.nets import load_student
from mde.nets.net import DepthNet
from mde.nets.student import STUDENT
from mde.nets.transformation import Rung, load_transformation
from mde.run_directory import environment
from mde.shards import ShardReader
from synth.generate import generate
from synth.generate_config import GenerateConfig
from tests.bench.remembered import Remembered, RememberedDepth

HELD_OUT_SEED = 1000
"""Seed of the renders by which students are judged without labels."""
UPPER = "sealed images (upper bound)"
SCORES = "scores.json"


@dataclass(frozen=True, kw_only=True)
class LadderConfig:
    """Train students behind every transformation, and judge them on the sealed world."""

    runs: Path = Path("runs/ladder")
    """Where renders and runs lie."""
    out: Path = Path("eval/results/ladder.json")
    """File to write."""
    num_images: int = 600
    """Renders that students learn from."""
    num_held_out: int = 120
    """Renders of other scenes for the proxy."""
    num_test: int = 200
    """Test pictures of the sealed world."""
    num_steps: int = 1500
    """Optimiser steps of every student."""
    num_fit_steps: int = 150
    """Optimiser steps of every transformation."""
    num_seeds: int = 3
    """Fits and students per arm."""
    num_at_once: int = 1
    """Students side by side, with one thread each."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What stands between renders and a student, or `rung` None: sealed images."""

    rung: Rung | None
    loss: StatisticsLoss = "normalised"
    layers: LayerChoice = "all"

    @property
    def name(self) -> str:
        """Name in tables."""
        if self.rung is None:
            return UPPER
        return self.rung if self.rung == "identity" else f"{self.rung}, {self.loss}, {self.layers}"

    @property
    def folder(self) -> str:
        """Name on disk."""
        return "sealed" if self.rung is None else self.name.replace(", ", "-")


def arms() -> list[Arm]:
    """Bounds first, then every rung with every loss, and the default loss in the encoder alone."""
    rungs = [rung for rung in get_args(Rung) if rung != "identity"]
    losses = [Arm(rung=rung, loss=loss) for loss in get_args(StatisticsLoss) for rung in rungs]
    return [Arm(rung="identity"), Arm(rung=None), *losses, *(Arm(rung=rung, layers="encoder") for rung in rungs)]


def study(config: LadderConfig) -> None:
    """Make what is missing, then score and write."""
    generate(render_config(config, 0, config.num_images))
    generate(render_config(config, HELD_OUT_SEED, config.num_held_out))
    write_sealed(config.runs / "sealed-train", "train", config.num_images)
    seeds = range(config.num_seeds)
    jobs = [students_job(config, arm) for arm in sorted(arms(), key=lambda arm: arm.rung == "network-large")]
    run_jobs(jobs, num_at_once=config.num_at_once, title="students")
    blind = {arm.name: [label_free(config, arm, seed) for seed in seeds] for arm in arms()}
    write_sealed(config.runs / "sealed-test", "test", config.num_test)
    figures, teacher = test_figures(config)
    rows = {arm.name: {**figures[arm.name], "label_free": blind[arm.name]} for arm in arms()}
    options = {name: value for name, value in asdict(config).items() if name not in ("runs", "out", "num_at_once")}
    flags = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in options.items())
    result = {
        "command": f"python -m tests.bench.ladder {flags}",
        "teacher": teacher,
        "arms": with_gap(rows),
        "rank_correlation": correlations({name: row for name, row in rows.items() if name != UPPER}),  # no user has it
        "environment": environment(),
    }
    write_json(config.out, result)
    print(table(result))
    print(f"written: {config.out}")


def render_config(config: LadderConfig, seed: int, num: int) -> GenerateConfig:
    """Renders at the size of the sealed world."""
    height, width = CAMERA.size
    out = config.runs / f"renders-{seed}"
    return GenerateConfig(n=num, domain="indoor", out=out, seed=seed, size=f"{height}x{width}")


def run_of(config: LadderConfig, arm: Arm, seed: int) -> Path:
    """Folder of one student."""
    return config.runs / f"seed-{seed}" / arm.folder


def student_config(config: LadderConfig, seed: int) -> DistillConfig:
    """How every student is trained."""
    train = TrainConfig(num_steps=config.num_steps, batch_size=8, checkpoint_every=500)
    return DistillConfig(
        teacher="demo", domain="indoor", student="plain", seed=seed, train=train, augment=NO_AUGMENTATION
    )


def make_student(config: LadderConfig, arm: Arm, seed: int) -> None:
    """Fit and train; the upper bound is the same training on pictures that a user cannot have.

    As `distill.run` does, but what frozen networks answer is kept in memory.
    """
    out = run_of(config, arm, seed)
    if (out / STUDENT / MANIFEST).is_file():
        return
    out.mkdir(parents=True, exist_ok=True)
    teacher, directory = demo_teacher(), config.runs / ("sealed-train" if arm.rung is None else "renders-0")
    reader = ShardReader(directory, origins=("synthetic", ORIGIN))
    transformation = None if arm.rung in (None, "identity") else fitted(config, arm, teacher, reader, out, seed)
    cache = RememberedDepth(teacher)
    train_student(student_config(config, seed), teacher, transformation, reader, out, cache=cache)


def fitted(config: LadderConfig, arm: Arm, teacher: DepthNet, reader: ShardReader, out: Path, seed: int) -> nn.Module:
    """The transformation of an arm."""
    assert arm.rung is not None
    fit = FitConfig(num_steps=config.num_fit_steps, loss=arm.loss, layers=arm.layers)
    targets = batchnorm_targets(teacher)
    if not (out / "adapt" / TRANSFORMATION).exists():
        adapt_teacher(teacher, targets, reader, fit, out / "adapt", rung=arm.rung, seed=seed)
    digest = teacher.spec.weights_sha256
    return Remembered(load_transformation(out / "adapt" / TRANSFORMATION, teacher_sha256=digest))


def students_job(config: LadderConfig, arm: Arm) -> Job:
    """All students of an arm as one job, since a process takes seconds to start."""
    logs = [run_of(config, arm, seed) / METRICS for seed in range(config.num_seeds)]
    return Job(
        name=f"a student behind {arm.name}",
        work=partial(make_students, config, arm),
        log=config.runs / f"{arm.folder}.log",
        num_done=partial(num_logged_in, logs),
        num_steps=config.num_steps * config.num_seeds,
    )


def make_students(config: LadderConfig, arm: Arm) -> None:
    """One after the other, seed by seed."""
    for seed in range(config.num_seeds):
        make_student(config, arm, seed)


def num_logged_in(logs: list[Path]) -> int:
    """Steps in all of the logs."""
    return sum(num_logged(log) for log in logs)


def label_free(config: LadderConfig, arm: Arm, seed: int) -> dict[str, float]:
    """What can be known of one student without a label and without a picture of the target."""
    out = run_of(config, arm, seed)
    if (out / SCORES).is_file():
        return read_json(out / SCORES)
    teacher = demo_teacher()
    proxy = proxy_of(load_student(out), teacher, ShardReader(config.runs / f"renders-{HELD_OUT_SEED}"))
    scores = {
        "proxy": proxy.worst,
        "held-out renders": proxy.plain,
        "flip": proxy.flip,
        "training error": final_means(out / METRICS, config.num_steps)["abs_rel_to_teacher"],
        "distance": distance_of(config, arm, out, teacher),
    }
    write_json(out / SCORES, scores)
    return scores


def distance_of(config: LadderConfig, arm: Arm, out: Path, teacher: DepthNet) -> float:
    """Mean normalised distance over all layers of what the student learned from."""
    directory, transformation = config.runs / "renders-0", cast(nn.Module, nn.Identity())
    if arm.rung is None:
        directory = config.runs / "sealed-train"
    elif arm.rung != "identity":
        transformation = load_transformation(out / "adapt" / TRANSFORMATION, teacher_sha256=teacher.spec.weights_sha256)
    reader = ShardReader(directory, origins=("synthetic", ORIGIN))
    numbers = list(range(min(256, len(reader))))
    distances = measure_distances(teacher, batchnorm_targets(teacher), reader, numbers, transformation)
    return sum(distances.values()) / len(distances)


def test_figures(config: LadderConfig) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """Students by arm and the teacher on the sealed test pictures, metrics as lists over seeds."""
    seeds = range(config.num_seeds)
    nets: dict[str, DepthNet] = {"teacher": demo_teacher()}
    nets |= {f"{arm.name} {seed}": load_student(run_of(config, arm, seed)) for arm in arms() for seed in seeds}
    reader = ShardReader(config.runs / "sealed-test", origins=(ORIGIN,))
    scores = score(nets, sealed_frames(reader), PROTOCOL, alignments=("none",), num_panels=0)
    figures = {}
    for arm in arms():
        tests = [scores.mean(f"{arm.name} {seed}", "none") for seed in seeds]
        figures[arm.name] = {metric: [test[metric] for test in tests] for metric in tests[0]}
    return figures, scores.mean("teacher", "none")


def with_gap(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Adds the share of the way from the identity to the upper bound that each arm goes, by mean abs_rel."""
    mean = {name: float(np.mean(row["abs_rel"])) for name, row in rows.items()}
    way = mean["identity"] - mean[UPPER]
    return {name: {**row, "gap_closed": (mean["identity"] - mean[name]) / way} for name, row in rows.items()}


def correlations(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Spearman's correlation of every label-free score with abs_rel: over single students, and over means of arms."""
    chosen = list(rows.values())
    answer: dict[str, Any] = {"num_students": sum(len(row["abs_rel"]) for row in chosen), "num_arms": len(chosen)}
    for name in chosen[0]["label_free"][0]:
        free = np.array([[student[name] for student in row["label_free"]] for row in chosen])
        true = np.array([row["abs_rel"] for row in chosen])
        answer[name] = {"students": spearman(free.ravel(), true.ravel()), "arms": spearman(free.mean(1), true.mean(1))}
    return answer


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Correlation of ranks; no ties among continuous scores."""
    ranks = [np.argsort(np.argsort(values)) for values in (first, second)]
    return float(np.corrcoef(*ranks)[0, 1])


def table(result: dict[str, Any]) -> str:
    """The study as text."""
    lines = [f"{'behind':<44}{'abs_rel':>9}{'+-':>8}{'closed':>8}{'training':>10}{'distance':>10}{'proxy':>8}"]
    for name, row in result["arms"].items():
        free = {key: float(np.mean([student[key] for student in row["label_free"]])) for key in row["label_free"][0]}
        spread = float(np.std(row["abs_rel"], ddof=1)) if len(row["abs_rel"]) > 1 else float("nan")
        lines.append(
            f"{name:<44}{np.mean(row['abs_rel']):>9.4f}{spread:>8.4f}{100 * row['gap_closed']:>6.0f} %"
            f"{free['training error']:>10.4f}{free['distance']:>10.3f}{free['proxy']:>8.3f}"
        )
    for name, found in result["rank_correlation"].items():
        if isinstance(found, dict):
            lines.append(f"rank correlation with {name}: students {found['students']:+.2f}, arms {found['arms']:+.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    run_command(study, LadderConfig, "tests.bench.ladder")
