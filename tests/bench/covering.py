"""A covering choice against a random one of the same size: the students that learn from each, on the sealed world.

    python -m tests.bench.covering

For every seed one arm renders the scenes that cover a pool, the other the first of that pool, which is a random
choice. Students of both share seed, number of pictures and steps. How near fresh renders lie to each choice is measured
in the descriptor that chose, and in features of the demo teacher, which did not. Takes about half an hour on two cores;
what is finished is kept. Written to `eval/results/covering.json`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from distill.draw import NO_AUGMENTATION
from distill.metrics_log import METRICS, final_means
from distill.run import DistillConfig, distill
from distill.training import TrainConfig
from eval.crew import Job, run_jobs
from eval.demo import PROTOCOL, demo_teacher, num_logged, sealed_frames
from eval.score import score
from eval.sealed.world import CAMERA, ORIGIN, write_sealed
from mde.command import run_command
from mde.files import write_json
from mde.nets import load_student
from mde.nets.net import DepthNet
from mde.run_directory import environment
from mde.shards import ShardReader
from synth.comparison import NUM_RANDOM, distances
from synth.descriptor import describe, fit_scaling
from synth.features import teacher_features
from synth.generate import generate
from synth.generate_config import GenerateConfig
from synth.preview import record_preview
from synth.selection import read_selection, select

ARMS = ("random", "covering")
FRESH_SEED = 1000
"""Seed of the scenes that no choice was made from."""


@dataclass(frozen=True, kw_only=True)
class CoveringConfig:
    """Train students on covering and on random choices, and judge both on the sealed world."""

    runs: Path = Path("runs/covering")
    """Where renders and runs lie."""
    out: Path = Path("eval/results/covering.json")
    """File to write."""
    num_images: int = 600
    """Renders per arm."""
    pool: int = 4
    """Candidates per render of the covering arm."""
    num_fresh: int = 600
    """Scenes whose distance to the choices is measured."""
    num_test: int = 200
    """Test pictures of the sealed world."""
    num_steps: int = 2700
    """Optimiser steps of every student."""
    num_seeds: int = 3
    """Pools, and students per arm."""
    num_at_once: int = 2
    """Students side by side, with one thread each."""
    num_candidates: int = 60_000
    """Size of the choice whose time is taken; a third is kept."""


def study(config: CoveringConfig) -> None:
    """Make what is missing, then score and write."""
    for seed in range(config.num_seeds):
        for arm in ARMS:
            generate(render_config(config, arm, seed))
    generate(replace(render_config(config, "random", FRESH_SEED), n=config.num_fresh))
    jobs = [student_job(config, arm, seed) for arm in ARMS for seed in range(config.num_seeds)]
    run_jobs(jobs, num_at_once=config.num_at_once, title="students")
    write_sealed(config.runs / "sealed-test", "test", config.num_test)
    options = {name: value for name, value in asdict(config).items() if name not in ("runs", "out", "num_at_once")}
    flags = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in options.items())
    result = {
        "command": f"python -m tests.bench.covering {flags}",
        **test_figures(config),
        "distances": distance_figures(config),
        "choice": choice_cost(config),
        "environment": environment(),
    }
    write_json(config.out, result)
    print(table(result))
    print(f"written: {config.out}")


def render_config(config: CoveringConfig, arm: str, seed: int) -> GenerateConfig:
    """The renders of one arm: the command of a user, with and without --pool."""
    height, width = CAMERA.size
    return GenerateConfig(
        n=config.num_images,
        domain="indoor",
        out=config.runs / f"seed-{seed}" / f"renders-{arm}",
        seed=seed,
        size=f"{height}x{width}",
        pool=config.pool if arm == "covering" else 1,
    )


def run_of(config: CoveringConfig, arm: str, seed: int) -> Path:
    """Folder of one student."""
    return config.runs / f"seed-{seed}" / arm


def distill_config(config: CoveringConfig, arm: str, seed: int) -> DistillConfig:
    """The run of one student, trained as the demo's on plain renders."""
    return DistillConfig(
        teacher="demo",
        domain="indoor",
        data=render_config(config, arm, seed).out,
        out=run_of(config, arm, seed),
        student="plain",
        transform="identity",
        no_real_data=True,
        seed=seed,
        train=TrainConfig(num_steps=config.num_steps, batch_size=8, checkpoint_every=500),
        augment=NO_AUGMENTATION,
    )


def student_job(config: CoveringConfig, arm: str, seed: int) -> Job:
    """One student as a job."""
    out = run_of(config, arm, seed)
    return Job(
        name=f"the student on the {arm} choice, seed {seed},",
        work=partial(distill, distill_config(config, arm, seed)),
        log=out.with_suffix(".log"),
        num_done=partial(num_logged, out / METRICS),
        num_steps=config.num_steps,
    )


def test_figures(config: CoveringConfig) -> dict[str, Any]:
    """Teacher and students on the sealed test pictures, and the students' errors in training, as lists over seeds."""
    seeds = range(config.num_seeds)
    nets: dict[str, DepthNet] = {"teacher": demo_teacher()}
    nets |= {f"{arm} {seed}": load_student(run_of(config, arm, seed)) for arm in ARMS for seed in seeds}
    reader = ShardReader(config.runs / "sealed-test", origins=(ORIGIN,))
    scores = score(nets, sealed_frames(reader), PROTOCOL, alignments=("none",), num_panels=0)
    arms = {}
    for arm in ARMS:
        tests = [scores.mean(f"{arm} {seed}", "none") for seed in seeds]
        logs = [run_of(config, arm, seed) / METRICS for seed in seeds]
        arms[arm] = {
            **{metric: [test[metric] for test in tests] for metric in tests[0]},
            "training_abs_rel_to_teacher": [final_means(log, config.num_steps)["abs_rel_to_teacher"] for log in logs],
        }
    return {"teacher": scores.mean("teacher", "none"), "students": arms}


def distance_figures(config: CoveringConfig) -> list[dict[str, Any]]:
    """Per seed: distances of fresh renders to the covering ones, and to random ones, in two spaces.

    Random are the means over choices among the random renders of all seeds. `selection` is what the choice said of
    itself, by previews.
    """
    of_descriptor = space_figures(config, partial(descriptors, config))
    of_teacher = space_figures(config, partial(features_of, config))
    folders = [Path(str(render_config(config, "covering", seed).out)) for seed in range(config.num_seeds)]
    selections = [read_selection(folder).figures for folder in folders]
    return [
        {
            "descriptor": of_descriptor[seed],
            "teacher_features": of_teacher[seed],
            "selection": {name: selections[seed][name] for name in ("held_out", "bound", "occupancy")},
        }
        for seed in range(config.num_seeds)
    ]


def space_figures(config: CoveringConfig, vectors: Callable[[str, int], np.ndarray]) -> list[dict[str, Any]]:
    """Distances in one space for each seed; `vectors` gives the (N,D) of an arm and a seed."""
    fresh, seeds = vectors("random", FRESH_SEED), range(config.num_seeds)
    others, rng = np.concatenate([vectors("random", seed) for seed in seeds]), np.random.default_rng(0)
    choices = [rng.choice(len(others), config.num_images, replace=False) for _ in range(NUM_RANDOM)]
    rows = [distances(fresh, others[choice]) for choice in choices]
    random = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    return [{"random": random, "covering": distances(fresh, vectors("covering", seed))} for seed in seeds]


def descriptors(config: CoveringConfig, arm: str, seed: int) -> np.ndarray:
    """(N,4) points of the finished renders of an arm, scaled as the fresh ones."""
    return fit_scaling(described(config, "random", FRESH_SEED)).apply(described(config, arm, seed))


@cache
def described(config: CoveringConfig, arm: str, seed: int) -> np.ndarray:
    """(N,4) descriptors of the finished renders of an arm."""
    reader = reader_of(config, arm, seed)
    return np.stack([describe(record_preview(reader[number])) for number in range(len(reader))])


def features_of(config: CoveringConfig, arm: str, seed: int) -> np.ndarray:
    """(N,64) features of the demo teacher; the same projection for all."""
    return teacher_features(reader_of(config, arm, seed), demo_teacher(), seed=0)


def reader_of(config: CoveringConfig, arm: str, seed: int) -> ShardReader:
    """The renders of one arm."""
    return ShardReader(Path(str(render_config(config, arm, seed).out)))


def choice_cost(config: CoveringConfig) -> dict[str, float]:
    """Seconds of a choice with its figures, among descriptors of renders that are repeated with a little noise."""
    rng = np.random.default_rng(0)
    known = np.concatenate([described(config, "random", seed) for seed in range(config.num_seeds)])
    noise = 0.1 * known.std(axis=0) * rng.standard_normal((config.num_candidates, known.shape[1]))
    many = known[rng.integers(0, len(known), config.num_candidates)] + noise
    begin, begin_processor = time.perf_counter(), time.process_time()
    points = fit_scaling(many).apply(many)
    select(np.arange(len(points)), points, max(len(points) // 3, 1), seed=0)
    return {
        "num_candidates": config.num_candidates,
        "seconds": round(time.perf_counter() - begin, 1),
        "processor_seconds": round(time.process_time() - begin_processor, 1),
    }


def table(result: dict[str, Any]) -> str:
    """The study as text."""
    lines = [f"{'student saw':<24}{'abs_rel':>9}{'+-':>8}{'delta1':>9}{'rmse':>9}{'training':>10}"]
    for arm, row in result["students"].items():
        means = [float(np.mean(row[name])) for name in ("abs_rel", "delta1", "rmse", "training_abs_rel_to_teacher")]
        spread = float(np.std(row["abs_rel"], ddof=1)) if len(row["abs_rel"]) > 1 else 0.0
        lines.append(
            f"{arm + ' choice':<24}{means[0]:>9.4f}{spread:>8.4f}{means[1]:>9.4f}{means[2]:>9.4f}{means[3]:>10.4f}"
        )
    for space in ("descriptor", "teacher_features"):
        for name in ("mean", "percentile_95", "radius"):
            gains = [1.0 - row[space]["covering"][name] / row[space]["random"][name] for row in result["distances"]]
            lines.append(f"nearer in {space}, {name}: {', '.join(f'{gain:+.1%}' for gain in gains)}")
    cost = result["choice"]
    lines.append(
        f"{cost['num_candidates']} candidates: {cost['seconds']} s, {cost['processor_seconds']} s of processor"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    run_command(study, CoveringConfig, "tests.bench.covering")
