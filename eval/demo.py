"""The whole way on the sealed world: render, adapt, distil, and only then open the test pictures.

    python -m eval.demo

The sealed world stands in for the data that a user may not see; the demo teacher was trained on it.
Three students differ in one thing alone, the pictures that they learn from; steps, number of pictures,
augmentation and seeds are the same. They are trained side by side, with one thread each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from adapt.fitting import FitConfig
from distill.draw import NO_AUGMENTATION
from distill.enclosed_run import distill_enclosed
from distill.metrics_log import METRICS, final_means
from distill.run import DistillConfig, train_student
from distill.training import TrainConfig
from eval.cost import measure_cost
from eval.crew import Job, run_jobs
from eval.frame import Frame
from eval.memory import NetOpener
from eval.protocol import PROTOCOLS
from eval.report import write_report
from eval.score import Scores, score
from eval.sealed.world import CAMERA, ORIGIN, write_sealed
from eval.stage_cost import StageCost, stage_cost
from mde.command import run_command
from mde.errors import InputError
from mde.evidence import read_evidence, sentence
from mde.files import read_json, write_json
from mde.nets import load_student, load_teacher
from mde.nets.net import DepthNet
from mde.run_directory import environment, open_run
from mde.shards import ShardReader
from mde.view import view_of
from synth.generate import generate
from synth.generate_config import GenerateConfig

PROTOCOL = replace(PROTOCOLS["pairs_indoor"], name="sealed_world", alignment="none")
PLAIN, ADAPTED, UPPER = "plain renders", "adapted renders", "sealed images (upper bound)"
ARMS = {PLAIN: "plain", ADAPTED: "adapted", UPPER: "sealed"}
"""Arms by what their student saw, and their folders."""
COST = "cost.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoConfig:
    """Distil the demo teacher without its data, in minutes on a CPU, and see what that costs."""

    out: Path = Path("runs/demo")
    """Folder to create, or to go on in."""
    num_images: int = 600
    """Renders for two arms, and as many sealed pictures for the upper bound."""
    num_test: int = 200
    """Test pictures of the sealed world, opened at the end."""
    num_steps: int = 2700
    """Optimiser steps of every student."""
    batch_size: int = 8
    """Images per step."""
    student: str = "plain"
    """Student of all arms; plain learns fastest on a CPU."""
    num_seeds: int = 1
    """Students per arm, seeds 0, 1, ...; their spread is what a difference between arms must exceed."""

    def __post_init__(self) -> None:
        for name in ("num_images", "num_test", "num_steps", "batch_size", "num_seeds"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name.replace('_', '-')} {getattr(self, name)} must be at least 1")


def demo(config: DemoConfig) -> None:
    """Run all stages, then score; everything that is finished already is kept."""
    open_run(config.out, "eval.demo", config, free=("out",))
    costs: list[StageCost] = []
    with stage_cost("generate", costs):
        height, width = CAMERA.size
        generate(GenerateConfig(n=config.num_images, domain="indoor", out=renders(config), size=f"{height}x{width}"))
    with stage_cost("sealed pictures for the upper bound", costs):
        write_sealed(config.out / "sealed-train", "train", config.num_images)
    with stage_cost("students, side by side", costs):
        jobs = [student_job(config, name, seed) for seed in range(config.num_seeds) for name in ARMS]
        run_jobs(jobs, num_at_once=max(len(ARMS), len(os.sched_getaffinity(0))), title="students")
    with stage_cost("open the sealed test and score", costs):
        write_sealed(config.out / "sealed-test", "test", config.num_test)
        scores = score_arms(config)
    report(config, scores, costs, [StageCost(**read_json(folder / COST)) for folder in folders(config)])


def renders(config: DemoConfig) -> Path:
    """Where the renders of both rendered arms lie."""
    return config.out / "renders"


def arm(config: DemoConfig, name: str, seed: int) -> Path:
    """Run directory of one student."""
    return config.out / f"seed-{seed}" / ARMS[name]


def folders(config: DemoConfig) -> list[Path]:
    """Run directories of all students."""
    return [arm(config, name, seed) for seed in range(config.num_seeds) for name in ARMS]


def student_job(config: DemoConfig, name: str, seed: int) -> Job:
    """One student as a job; what is finished is not done again."""
    out = arm(config, name, seed)
    return Job(
        name=f"the student on {name}, seed {seed},",
        work=partial(make_student, config, name, seed),
        log=out.with_suffix(".log"),
        num_done=partial(num_logged, out / METRICS),
        num_steps=config.num_steps,
    )


def make_student(config: DemoConfig, name: str, seed: int) -> None:
    """The adapted arm is the product's own command; the others are the same training on other pictures."""
    out = arm(config, name, seed)
    costs: list[StageCost] = []
    with stage_cost(f"{name}, seed {seed}" + (": fit, train, export" if name == ADAPTED else ": train"), costs):
        if name == ADAPTED:
            distill_enclosed(distill_config(config, name, seed), out.with_suffix(".log"), num_threads=1)
        else:
            train_comparison(config, name, seed, config.out / "sealed-train" if name == UPPER else renders(config))
    if not (out / COST).is_file():
        write_json(out / COST, asdict(costs[0]))


def num_logged(metrics: Path) -> int:
    """Steps in a log of training."""
    return metrics.read_bytes().count(b"\n") if metrics.is_file() else 0


def distill_config(config: DemoConfig, name: str, seed: int) -> DistillConfig:
    """The run of one arm: what a user would give to `python -m distill.run`."""
    return DistillConfig(
        teacher="demo",
        domain="indoor",
        data=renders(config),
        out=arm(config, name, seed),
        student=config.student,
        transform="affine" if name == ADAPTED else "identity",
        no_real_data=True,
        seed=seed,
        train=TrainConfig(num_steps=config.num_steps, batch_size=config.batch_size, checkpoint_every=500),
        augment=NO_AUGMENTATION,
        fit=FitConfig(num_steps=60),
    )


def train_comparison(config: DemoConfig, name: str, seed: int, data: Path) -> None:
    """The same student trained the same way on other pictures, among them what a user without data cannot have."""
    out = arm(config, name, seed)
    out.mkdir(parents=True, exist_ok=True)
    reader = ShardReader(data, origins=("synthetic", ORIGIN))
    train_student(distill_config(config, name, seed), demo_teacher(), None, reader, out)


def demo_teacher() -> DepthNet:
    """The teacher that ships with the project."""
    return load_teacher("demo", None, domain="indoor")


def score_arms(config: DemoConfig) -> Scores:
    """Teacher and all students on the test pictures."""
    nets: dict[str, DepthNet] = {"teacher": demo_teacher()}
    for name in ARMS:
        for seed in range(config.num_seeds):
            nets[row_name(config, name, seed)] = load_student(arm(config, name, seed))
    reader = ShardReader(config.out / "sealed-test", origins=(ORIGIN,))
    return score(nets, sealed_frames(reader), PROTOCOL, alignments=("none", "median"), num_worst=10)


def row_name(config: DemoConfig, name: str, seed: int) -> str:
    """Name of one student in tables."""
    return name if config.num_seeds == 1 else f"{name}, seed {seed}"


def sealed_frames(reader: ShardReader) -> Iterator[Frame]:
    """Test pictures as frames; each is a scene of its own."""
    for number in range(len(reader)):
        view = view_of(reader[number])
        name = f"{number:06d}"
        yield Frame(name=name, scene=name, image=view.image, depth_m=view.depth_m)


def report(config: DemoConfig, scores: Scores, costs: list[StageCost], students: list[StageCost]) -> None:
    """Write the page, the figures and the table; print the table."""
    rows = [arm_figures(config, scores, name) for name in ARMS]
    closed = gap_closed(rows)
    table = demo_table(scores.mean("teacher", "none"), rows, closed)
    command = (
        f"python -m eval.demo --num-images {config.num_images} --num-steps {config.num_steps}"
        f" --num-seeds {config.num_seeds} --num-test {config.num_test} --student {config.student}"
    )
    figures = {
        "command": command,
        "teacher": scores.mean("teacher", "none"),
        "arms": {name: row for name, row in zip(ARMS, rows, strict=True)},
        "gap_closed": closed,
        "stages": [asdict(cost) for cost in costs],
        "students": [asdict(cost) for cost in students],
        "environment": environment(),
    }
    write_json(config.out / "demo.json", figures)
    first = {
        name: measure_cost(opener(), num_repeats=5, opener=opener) for name, opener in cost_openers(config).items()
    }
    (config.out / "report").mkdir(exist_ok=True)
    page = write_report(
        config.out / "report",
        scores,
        {name: first["teacher" if name == "teacher" else "student"] for name in scores.specs},
        title="Demo: a teacher distilled without its data",
        command=command,
        remarks=[closed_sentence(closed), evidence_sentence(config)],
    )
    print(stage_table(costs, students))
    print(table)
    print(closed_sentence(closed))
    print(evidence_sentence(config))
    print(f"page: {page.page}")


def cost_openers(config: DemoConfig) -> dict[str, NetOpener]:
    """One network per architecture."""
    return {"teacher": demo_teacher, "student": partial(load_student, arm(config, PLAIN, 0))}


def arm_figures(config: DemoConfig, scores: Scores, name: str) -> dict[str, Any]:
    """Test figures of every seed of an arm, their mean, and the error on its own training images."""
    seeds = range(config.num_seeds)
    tests = [scores.mean(row_name(config, name, seed), "none") for seed in seeds]
    training = [
        final_means(arm(config, name, seed) / METRICS, config.num_steps)["abs_rel_to_teacher"] for seed in seeds
    ]
    return {
        "mean": {metric: sum(test[metric] for test in tests) / len(tests) for metric in tests[0]},
        "seeds": tests,
        "training_abs_rel_to_teacher": training,
    }


def gap_closed(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """Share of the way from plain renders to the upper bound that adaptation goes; None without a way."""
    closed: dict[str, float | None] = {}
    for metric in ("abs_rel", "rmse"):
        plain, adapted, upper = (row["mean"][metric] for row in rows)
        closed[metric] = (plain - adapted) / (plain - upper) if plain > upper else None
    return closed


def closed_sentence(closed: dict[str, float | None]) -> str:
    """The gap in words."""
    shares = {metric: share for metric, share in closed.items() if share is not None}
    if not shares:
        return "Plain renders are as good as sealed images here, so there is no gap to close."
    listed = " and ".join(f"{100 * share:.0f} % of the {metric} gap" for metric, share in shares.items())
    verb = "Adaptation closes" if max(shares.values()) > 0 else "Adaptation closes nothing here:"
    return f"{verb} {listed} between plain renders and sealed images; --num-seeds 3 shows the spread."


def evidence_sentence(config: DemoConfig) -> str:
    """How sure it is that the adapted student saw renders alone."""
    evidence = read_evidence(arm(config, ADAPTED, 0))
    assert evidence is not None, "distill.run writes it"
    return sentence(evidence)


def demo_table(teacher: dict[str, float], rows: list[dict[str, Any]], closed: dict[str, float | None]) -> str:
    """The arms as text: test error beside training error, and the gap closed."""
    lines = ["", f"{'student saw':<30}{'abs_rel':>9}{'delta1':>9}{'rmse':>9}{'training':>10}{'gap closed':>12}"]
    lines.append(f"{'(teacher)':<30}{teacher['abs_rel']:>9.4f}{teacher['delta1']:>9.4f}{teacher['rmse']:>9.4f}")
    share = closed["abs_rel"]
    gaps = {PLAIN: "0 %", ADAPTED: "-" if share is None else f"{100 * share:.0f} %", UPPER: "100 %"}
    for name, row in zip(ARMS, rows, strict=True):
        mean, training = row["mean"], row["training_abs_rel_to_teacher"]
        lines.append(
            f"{name:<30}{mean['abs_rel']:>9.4f}{mean['delta1']:>9.4f}{mean['rmse']:>9.4f}"
            f"{sum(training) / len(training):>10.4f}{gaps[name]:>12}"
        )
    return "\n".join(lines)


def stage_table(costs: list[StageCost], students: list[StageCost]) -> str:
    """Seconds and peak memory of every stage as text, and of the students, which ran inside one of them."""
    lines = ["", f"{'stage':<62}{'seconds':>9}{'peak MB':>9}"]
    lines += [f"{cost.stage:<62}{cost.seconds:>9.1f}{cost.peak_megabytes:>9.0f}" for cost in costs]
    lines.append(f"{'all':<62}{sum(cost.seconds for cost in costs):>9.1f}")
    lines += ["", "of the students, with one thread each:"]
    lines += [f"{cost.stage:<62}{cost.seconds:>9.1f}{cost.peak_megabytes:>9.0f}" for cost in students]
    return "\n".join(lines)


if __name__ == "__main__":
    run_command(demo, DemoConfig, "eval.demo")
