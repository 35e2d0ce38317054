"""METER on real frames: distil on plain renders, adapted ones, and by the best recipe, then open the frames and score.

    python -m tests.bench.meter --real ../shared/real

What is finished is kept, so it can be stopped and started. `--real` holds `weights/`, `driving/` and `indoor/`. Written
to `eval/results/meter.json`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from adapt.fitting import FitConfig
from adapt.run import TRANSFORMATION, adapt_teacher
from adapt.target import batchnorm_targets
from distill.draw import NO_AUGMENTATION, AugmentConfig
from distill.metrics_log import METRICS, final_means
from distill.run import DistillConfig, train_student
from distill.training import TrainConfig
from eval.crew import Job, run_jobs
from eval.datasets import open_dataset
from eval.demo import num_logged
from eval.protocol import PROTOCOLS
from eval.score import Scores, mean_metrics, score
from mde.checkpoint import MANIFEST
from mde.command import run_command
from mde.domain import DOMAINS, DomainName
from mde.files import read_json, write_json
from mde.nets import load_student, load_teacher
from mde.nets.student import STUDENT
from mde.nets.transformation import load_transformation
from mde.run_directory import REPORT, environment
from mde.shards import ShardReader
from synth.generate import generate
from synth.generate_config import GenerateConfig
from tests.bench.remembered import RememberedDepth

WEIGHTS = {"driving": "meter_kitti_xxs.pth", "indoor": "meter_nyu_xxs.pth"}
SIZES = {"driving": "192x640", "indoor": "192x256"}
Arm = Literal["plain", "adapt", "best"]
ARM_NAMES: tuple[Arm, ...] = ("plain", "adapt", "best")
TITLES: dict[Arm, str] = {
    "plain": "student, plain renders",
    "adapt": "student, adapted renders",
    "best": "student, best recipe",
}
BEST = AugmentConfig(mix=0.5, randomise=1.0)
"""What `best` adds to adaptation: the arm that was ahead on the sealed world (LOG.md)."""
OUT = Path("eval/results/meter.json")
DOMAIN_NAMES: tuple[DomainName, ...] = ("driving", "indoor")


@dataclass(frozen=True, kw_only=True)
class MeterConfig:
    """Distil METER on renders and judge teacher and students on real frames."""

    real: Path
    """Folder with `weights/`, `driving/` and `indoor/`."""
    runs: Path = Path("runs/meter")
    """Where renders and runs lie."""
    out: Path = OUT
    """File to write."""
    domains: tuple[DomainName, ...] = DOMAIN_NAMES
    """Kinds of scenes, each with weights of its own."""
    arms: tuple[Arm, ...] = ARM_NAMES
    """What students learn from: plain renders, adapted ones, or by the best recipe, mixed and randomised as well."""
    num_renders: int = 2000
    """Images per domain."""
    student: str = "plain"
    """Student of all arms; plain learns fastest on a CPU."""
    steps_driving: int = 1500
    """Optimiser steps per driving student."""
    steps_indoor: int = 3000
    """Optimiser steps per indoor student; its images are smaller."""
    num_seeds: int = 1
    """Students per arm."""
    num_at_once: int = 2
    """Students side by side, with one thread each."""


def study(config: MeterConfig) -> None:
    """Make what is missing, then score and write."""
    for domain in config.domains:
        data = config.runs / f"renders-{domain}"
        generate(GenerateConfig(n=config.num_renders, domain=domain, out=data, size=SIZES[domain]))
    jobs = [
        student_job(config, domain, arm, seed)
        for domain in config.domains
        for seed in range(config.num_seeds)
        for arm in config.arms
    ]
    run_jobs(jobs, num_at_once=config.num_at_once, title="students")
    rows = [row for domain in config.domains for row in domain_rows(config, domain)]
    skipped = ("real", "runs", "num_at_once", *(() if config.out != OUT else ("out",)))
    flags = " ".join(
        f"--{name.replace('_', '-')} {' '.join(value) if isinstance(value, tuple) else value}"
        for name, value in asdict(config).items()
        if name not in skipped
    )
    command = f"python -m tests.bench.meter --real DIR {flags}"
    write_json(config.out, {"command": command, "rows": rows, "environment": environment()})
    print(f"written: {config.out}")


def run_of(config: MeterConfig, domain: DomainName, arm: Arm, seed: int) -> Path:
    """Folder of one student."""
    return config.runs / f"{domain}-{arm}-{seed}"


def steps_of(config: MeterConfig, domain: DomainName) -> int:
    """Length of training of one student."""
    return config.steps_driving if domain == "driving" else config.steps_indoor


def distill_config(config: MeterConfig, domain: DomainName, arm: Arm, seed: int) -> DistillConfig:
    """The run of one student."""
    return DistillConfig(
        teacher="meter",
        weights=config.real / "weights" / WEIGHTS[domain],
        domain=domain,
        data=config.runs / f"renders-{domain}",
        out=run_of(config, domain, arm, seed),
        student=config.student,
        transform="identity" if arm == "plain" else "affine",
        augment=BEST if arm == "best" else NO_AUGMENTATION,
        seed=seed,
        train=TrainConfig(num_steps=steps_of(config, domain), batch_size=4, checkpoint_every=100),
        fit=FitConfig(num_steps=50),
    )


def student_job(config: MeterConfig, domain: DomainName, arm: Arm, seed: int) -> Job:
    """One student as a job."""
    out = run_of(config, domain, arm, seed)
    return Job(
        name=f"the student of {out.name}",
        work=partial(make_student, distill_config(config, domain, arm, seed)),
        log=out.with_suffix(".log"),
        num_done=partial(num_logged, out / METRICS),
        num_steps=steps_of(config, domain),
    )


def make_student(config: DistillConfig) -> None:
    """Fit and train as `distill.run` does, but what the teacher answers again is kept in memory."""
    assert config.out is not None and config.data is not None and config.domain is not None
    if (config.out / STUDENT / MANIFEST).is_file():
        return
    teacher, reader = load_teacher(config.teacher, config.weights, domain=config.domain), ShardReader(config.data)
    transformation, directory = None, config.out / "adapt" / TRANSFORMATION
    config.out.mkdir(parents=True, exist_ok=True)
    if config.rung != "identity":
        if not (directory / MANIFEST).is_file():
            targets = batchnorm_targets(teacher)
            adapt_teacher(
                teacher, targets, reader, config.fit, config.out / "adapt", rung=config.rung, seed=config.seed
            )
        transformation = load_transformation(directory, teacher_sha256=teacher.spec.weights_sha256)
    cache = None if config.augment.is_new_each_time else RememberedDepth(teacher)
    train_student(config, teacher, transformation, reader, config.out, cache=cache)


def domain_rows(config: MeterConfig, domain: DomainName) -> list[dict[str, Any]]:
    """Teacher and all arms on the real frames of a domain, metric and median-aligned."""
    teacher = load_teacher("meter", config.real / "weights" / WEIGHTS[domain], domain=domain)
    runs = {
        f"{TITLES[arm]} {seed}": run_of(config, domain, arm, seed)
        for arm in config.arms
        for seed in range(config.num_seeds)
    }
    nets = {"teacher": teacher, **{name: load_student(path) for name, path in runs.items()}}
    units = float(DOMAINS[domain].depth_units_per_metre)
    dataset = open_dataset("pairs", config.real / domain, split=None, depth_scale=units, domain=domain)
    scores = score(nets, dataset.frames, PROTOCOLS[dataset.protocol], alignments=("none", "median"), num_panels=0)
    rows = [{**row(scores, "METER teacher", ["teacher"]), "training_abs_rel_to_teacher": []}]
    for arm in config.arms:
        name = TITLES[arm]
        folders = [run_of(config, domain, arm, seed) for seed in range(config.num_seeds)]
        training = [final_means(path / METRICS, steps_of(config, domain))["abs_rel_to_teacher"] for path in folders]
        distances = [read_json(path / "adapt" / REPORT) for path in folders if (path / "adapt" / REPORT).is_file()]
        rows.append(
            {
                **row(scores, name, [f"{name} {seed}" for seed in range(config.num_seeds)]),
                "num_steps": steps_of(config, domain),
                "training_abs_rel_to_teacher": training,
                "to_teacher": to_teacher(scores, [f"{name} {seed}" for seed in range(config.num_seeds)]),
                "distance_before": [report["distance_before"] for report in distances],
                "distance_after": [report["distance_after"] for report in distances],
            }
        )
    return [{"domain": domain, "num_frames": scores.num_frames, "protocol": dataset.protocol, **row} for row in rows]


def row(scores: Scores, network: str, nets: list[str]) -> dict[str, Any]:
    """All metrics of networks that differ in their seed alone, as lists over seeds."""
    means = {alignment: [scores.mean(net, alignment) for net in nets] for alignment in ("none", "median")}
    listed = {
        alignment: {metric: [mean[metric] for mean in over_seeds] for metric in over_seeds[0]}
        for alignment, over_seeds in means.items()
    }
    return {"network": network, **listed}


def to_teacher(scores: Scores, nets: list[str]) -> dict[str, list[float]]:
    """Students against their teacher's own depth of the real frames, unaligned, as lists over seeds.

    Over the protocol's region, where the teacher answers inside the range: abs_rel, and mean |ln y - ln d|.
    """
    means = [mean_metrics([one for one in scores.fidelity if one.net == net]) for net in nets]
    return {
        "abs_rel": [mean["abs_rel"] for mean in means],
        "log_l1": [math.log(10.0) * mean["log10"] for mean in means],
    }


if __name__ == "__main__":
    run_command(study, MeterConfig, "tests.bench.meter")
