"""DisDepth's parts with METER, whose encoder has attention: students judged beside it on real frames, opened last.

    python -m tests.bench.meter_features --real ../shared/real

The arms and rules of `tests.bench.features`, with plain renders. `--real` holds `weights/` and `indoor/`. Written to
`eval/results/meter_features.json`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from distill.draw import NO_AUGMENTATION
from distill.feature_stages import RESPONSE, features_report
from distill.metrics_log import METRICS, final_means
from distill.run import DistillConfig, train_student
from distill.training import TrainConfig
from eval.crew import Job, run_jobs
from eval.datasets import open_dataset
from eval.protocol import PROTOCOLS
from eval.score import score
from mde.checkpoint import MANIFEST
from mde.command import run_command
from mde.domain import INDOOR
from mde.files import write_json
from mde.nets import load_student, load_teacher
from mde.nets.net import DepthNet
from mde.nets.student import STUDENT
from mde.run_directory import environment
from mde.shards import ShardReader
from synth.generate import generate
from synth.generate_config import GenerateConfig
from tests.bench.features import ARMS, UPPER, stages_of
from tests.bench.ladder import num_logged_in
from tests.bench.meter import SIZES, WEIGHTS, row

NAMES = tuple(name for name in ARMS if name != UPPER)


@dataclass(frozen=True, kw_only=True)
class MeterFeaturesConfig:
    """Distil METER's indoor weights with every arm, and judge teacher and students on real frames."""

    real: Path
    """Folder with `weights/` and `indoor/`."""
    runs: Path = Path("runs/meter-features")
    """Where renders and runs lie."""
    out: Path = Path("eval/results/meter_features.json")
    """File to write."""
    num_renders: int = 2000
    """Images."""
    num_steps: int = 1000
    """Optimiser steps of every student, both halves together."""
    num_fit_steps: int = 200
    """Optimiser steps of every translation."""
    seed: int = 0
    """Of every student."""
    num_at_once: int = 2
    """Students side by side, with one thread each."""


def study(config: MeterFeaturesConfig) -> None:
    """Make what is missing, then score and write."""
    data = config.runs / "renders"
    generate(GenerateConfig(n=config.num_renders, domain="indoor", out=data, size=SIZES["indoor"]))
    run_jobs([student_job(config, name) for name in NAMES], num_at_once=config.num_at_once, title="students")
    rows = scored(config)
    options = {key: value for key, value in asdict(config).items() if key not in ("real", "runs", "out", "num_at_once")}
    flags = " ".join(f"--{key.replace('_', '-')} {value}" for key, value in options.items())
    command = f"python -m tests.bench.meter_features --real DIR {flags}"
    write_json(config.out, {"command": command, "rows": rows, "environment": environment()})
    for one in rows:
        print(f"{one['network']:<40}{one['median']['abs_rel'][0]:>8.4f}{one['median']['delta1'][0]:>8.4f}")
    print(f"written: {config.out}")


def run_of(config: MeterFeaturesConfig, name: str) -> Path:
    """Folder of one student."""
    return config.runs / str(NAMES.index(name))


def teacher_of(config: MeterFeaturesConfig) -> DepthNet:
    """METER with its indoor weights."""
    return load_teacher("meter", config.real / "weights" / WEIGHTS["indoor"], domain="indoor")


def student_job(config: MeterFeaturesConfig, name: str) -> Job:
    """One student as a job."""
    out = run_of(config, name)
    return Job(
        name=f"the student of {name}",
        work=partial(make_student, config, name),
        log=out.with_suffix(".log"),
        num_done=partial(num_logged_in, [out / METRICS, out / RESPONSE / METRICS]),
        num_steps=config.num_steps,
    )


def make_student(config: MeterFeaturesConfig, name: str) -> None:
    """All stages of one student."""
    out = run_of(config, name)
    if not (out / STUDENT / MANIFEST).is_file():
        out.mkdir(parents=True, exist_ok=True)
        train_student(distill_config(config, name), teacher_of(config), None, ShardReader(config.runs / "renders"), out)


def distill_config(config: MeterFeaturesConfig, name: str) -> DistillConfig:
    """How a student is trained."""
    arm = ARMS[name]
    num_steps, features = stages_of(arm, config.num_steps, config.num_fit_steps)
    return DistillConfig(
        teacher="meter",
        domain="indoor",
        student=arm.student,
        transform="identity",
        seed=config.seed,
        train=TrainConfig(num_steps=num_steps, batch_size=4, checkpoint_every=100),
        augment=NO_AUGMENTATION,
        features=features,
    )


def scored(config: MeterFeaturesConfig) -> list[dict[str, Any]]:
    """Teacher and students on the real frames, metric and median-aligned."""
    nets: dict[str, DepthNet] = {
        "teacher": teacher_of(config),
        **{name: load_student(run_of(config, name)) for name in NAMES},
    }
    units = float(INDOOR.depth_units_per_metre)
    dataset = open_dataset("pairs", config.real / "indoor", split=None, depth_scale=units, domain="indoor")
    scores = score(nets, dataset.frames, PROTOCOLS[dataset.protocol], alignments=("none", "median"), num_panels=0)
    rows = [row(scores, "METER teacher", ["teacher"])]
    for name in NAMES:
        trained = distill_config(config, name)
        final = final_means(run_of(config, name) / METRICS, trained.train.num_steps)
        rows.append(
            {
                **row(scores, name, [name]),
                "training_abs_rel_to_teacher": [final["abs_rel_to_teacher"]],
                "features": features_report(trained.features, run_of(config, name)),
            }
        )
    return [{"num_frames": scores.num_frames, "protocol": dataset.protocol, **one} for one in rows]


if __name__ == "__main__":
    run_command(study, MeterFeaturesConfig, "tests.bench.meter_features")
