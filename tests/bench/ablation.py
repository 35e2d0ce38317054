"""What each part of the method gives, on the sealed world: pictures, objectives, lengths, labels, and a sixth of them.

    python -m tests.bench.ablation

Every arm is the same student with the same seeds and, but for those named, the same number of steps. Test pictures
are opened when all students are finished. What is finished is kept. Written to `eval/results/ablation.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from torch import nn

from adapt.fitting import FitConfig
from adapt.run import TRANSFORMATION, adapt_teacher
from adapt.target import batchnorm_targets
from distill.draw import NO_AUGMENTATION, AugmentConfig
from distill.metrics_log import METRICS, final_means
from distill.proxy import proxy_of
from distill.recipes import RecipeName
from distill.run import DistillConfig, train_student
from distill.training import TrainConfig
from eval.crew import Job, run_jobs
from eval.demo import PROTOCOL, demo_teacher, sealed_frames
from eval.score import Scores, score
from eval.sealed.world import CAMERA, ORIGIN, write_sealed
from mde.checkpoint import MANIFEST
from mde.command import run_command
from mde.domain import INDOOR
from mde.errors import InputError
from mde.files import read_json, write_json
from mde.nets import load_student
from mde.nets.net import DepthNet
from mde.nets.student import STUDENT
from mde.nets.transformation import Rung, load_transformation
from mde.record import Record, encode_record
from mde.run_directory import environment
from mde.shards import INDEX, ShardIndex, ShardReader, write_index, write_shard
from synth.generate import generate
from synth.generate_config import GenerateConfig
from synth.select import SelectConfig, select_shards
from tests.bench.ladder import HELD_OUT_SEED, SCORES, correlations, num_logged_in
from tests.bench.remembered import Remembered, RememberedDepth

Data = Literal["renders", "covering sixth", "random sixth", "noise", "sealed"]
PLAIN, UPPER = "plain renders", "sealed images (upper bound)"
PLAIN_OF_LENGTH = {1: PLAIN, 3: "plain, 3x steps"}
"""What a sixth is held against: plain distillation on all, as long."""


@dataclass(frozen=True, kw_only=True)
class AblationConfig:
    """Train the students of every arm, and judge them on the sealed world."""

    runs: Path = Path("runs/ablation")
    """Where renders and runs lie."""
    out: Path = Path("eval/results/ablation.json")
    """File to write."""
    num_images: int = 600
    """Renders of the whole set; a sixth of them for two arms."""
    num_held_out: int = 120
    """Renders of other scenes for the proxy."""
    num_test: int = 200
    """Test pictures of the sealed world."""
    num_steps: int = 1500
    """Optimiser steps of every student that is not a longer one."""
    num_fit_steps: int = 150
    """Optimiser steps of every transformation."""
    num_seeds: int = 3
    """Students per arm."""
    num_at_once: int = 2
    """Students side by side, with one thread each."""
    arms: tuple[str, ...] = ()
    """Names of arms to train and judge anew, the others' rows staying as they are in the file; all by default."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.arms if name not in ARMS]
        if unknown:
            raise InputError(f"there is no arm {unknown[0]!r}; expected some of: {'; '.join(ARMS)}")


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What a student sees and is taught."""

    data: Data = "renders"
    rung: Rung = "identity"
    augment: AugmentConfig = NO_AUGMENTATION
    recipe: RecipeName = "default"
    times: int = 1
    """Steps in units of the others'."""


RANDOMISED, MIXED = AugmentConfig(mix=0.0, randomise=1.0), AugmentConfig(mix=0.5, randomise=0.0)
BOTH = AugmentConfig(mix=0.5, randomise=1.0)
CACHED = AugmentConfig(mix=0.5, randomise=1.0, student_only=True)
ARMS: dict[str, Arm] = {
    PLAIN: Arm(),
    UPPER: Arm(data="sealed"),
    "+ randomisation": Arm(augment=RANDOMISED),
    "+ mixing": Arm(augment=MIXED),
    "+ adaptation": Arm(rung="affine"),
    "+ mixing and adaptation": Arm(rung="affine", augment=MIXED),
    "+ all three": Arm(rung="affine", augment=BOTH),
    "all three, a covering sixth": Arm(data="covering sixth", rung="affine", augment=BOTH),
    "all three, a random sixth": Arm(data="random sixth", rung="affine", augment=BOTH),
    "plain, a covering sixth": Arm(data="covering sixth"),
    "plain, a random sixth": Arm(data="random sixth"),
    "noise images": Arm(data="noise"),
    "all three, labels from before randomisation": Arm(rung="affine", augment=CACHED),
    "TIE-KD, bin_mass": Arm(recipe="tiekd"),
    "TIE-KD, reference target": Arm(recipe="tiekd-reference"),
    "response only (SSIM + SI)": Arm(recipe="response-ssim-si"),
    "plain, 3x steps": Arm(times=3),
    "all three, 3x steps": Arm(rung="affine", augment=BOTH, times=3),
    "sealed images, 3x steps": Arm(data="sealed", times=3),
    "+ randomisation, 3x steps": Arm(augment=RANDOMISED, times=3),
    "+ mixing, 3x steps": Arm(augment=MIXED, times=3),
    "+ adaptation, 3x steps": Arm(rung="affine", times=3),
    "all three, a covering sixth, 3x steps": Arm(data="covering sixth", rung="affine", augment=BOTH, times=3),
    "all three, a random sixth, 3x steps": Arm(data="random sixth", rung="affine", augment=BOTH, times=3),
}
"""Arms by their name in tables, the most telling first."""


def study(config: AblationConfig) -> None:
    """Make what is missing, then score and write."""
    height, width = CAMERA.size
    renders, size = config.runs / "renders", f"{height}x{width}"
    generate(GenerateConfig(n=config.num_images, domain="indoor", out=renders, size=size))
    held_out = config.runs / "held-out"
    generate(GenerateConfig(n=config.num_held_out, domain="indoor", out=held_out, seed=HELD_OUT_SEED, size=size))
    write_sealed(config.runs / "sealed", "train", config.num_images)
    num_sixth = config.num_images // 6
    if not (config.runs / "covering-sixth" / INDEX).is_file():
        select_shards(SelectConfig(data=renders, keep=num_sixth, out=config.runs / "covering-sixth"))
    write_random_choice(renders, config.runs / "random-sixth", num_sixth)
    write_noise(config.runs / "noise", config.num_images)
    names = config.arms or tuple(ARMS)
    run_jobs([students_job(config, name) for name in names], num_at_once=config.num_at_once, title="students")
    blind = {name: [label_free(config, name, seed) for seed in range(config.num_seeds)] for name in names}
    write_sealed(config.runs / "sealed-test", "test", config.num_test)
    skipped = ("runs", "out", "num_at_once", "arms")
    options = {name: value for name, value in asdict(config).items() if name not in skipped}
    command = " ".join(
        ["python -m tests.bench.ablation", *(f"--{name.replace('_', '-')} {options[name]}" for name in options)]
    )
    teacher, rows, scores = figures(config, names)
    for name, row in rows.items():
        row["label_free"] = blind[name]
    if config.arms:
        result = with_later(read_json(config.out), rows, one_sixth(scores, config, names), command)
    else:
        choosable = {name: row for name, row in rows.items() if ARMS[name].data != "sealed"}
        result = {
            "command": command,
            "teacher": teacher,
            "arms": with_gap(rows),
            "one_sixth": one_sixth(scores, config, names),
            "rank_correlation": correlations(choosable),
            "environment": environment(),
        }
    write_json(config.out, result)
    print(table(result))
    print(f"written: {config.out}")


def with_later(
    result: dict[str, Any], rows: dict[str, dict[str, Any]], sixths: dict[str, Any], command: str
) -> dict[str, Any]:
    """The file of a whole study with the rows of arms that were trained later, under the same options.

    Raises InputError where the file was made with others.
    """
    if result["command"] != command:
        raise InputError(f"the other arms were made by: {result['command']}; expected: {command}")
    arms = with_gap({**result["arms"], **rows})
    later = [*result.get("later", []), {"arms": list(rows), "environment": environment()}]
    return {**result, "arms": arms, "one_sixth": {**result["one_sixth"], **sixths}, "later": later}


def write_random_choice(source: Path, directory: Path, num: int) -> None:
    """The first `num` records of `source`, whose scenes are drawn independently."""
    if (directory / INDEX).is_file():
        return
    reader = ShardReader(source)
    directory.mkdir(parents=True, exist_ok=True)
    shard = write_shard(directory / "chosen.tar", (reader.files(number) for number in range(num)))
    write_index(directory, index_of(shard.num_records, (shard,), {"first": num}))


def write_noise(directory: Path, num: int) -> None:
    """Pictures of Gaussian noise around grey, as records without depth."""
    if (directory / INDEX).is_file():
        return
    directory.mkdir(parents=True, exist_ok=True)
    shard = write_shard(directory / "noise.tar", (noise_record(number) for number in range(num)))
    write_index(directory, index_of(num, (shard,), {"noise": num}))


def noise_record(number: int) -> tuple[str, dict[str, bytes]]:
    """One picture of noise."""
    drawn = np.random.default_rng([number, 77]).normal(0.5, 0.25, (*CAMERA.size, 3))
    record = Record(
        key=f"{number:06d}",
        image=np.rint(255.0 * drawn.clip(0.0, 1.0)).astype(np.uint8),
        depth_m=np.zeros(CAMERA.size, np.float32),
        ids=np.zeros(CAMERA.size, np.uint16),
        camera=CAMERA,
        origin="synthetic",
        domain=INDOOR.name,
        depth_units_per_metre=INDOOR.depth_units_per_metre,
    )
    return record.key, encode_record(record)


def index_of(num: int, shards: tuple[Any, ...], config: dict[str, Any]) -> ShardIndex:
    """Index of a set that the study made itself."""
    return ShardIndex(
        origin="synthetic", domain=INDOOR.name, num_records=num, config=config, config_sha256="0" * 64, shards=shards
    )


def run_of(config: AblationConfig, name: str, seed: int) -> Path:
    """Folder of one student."""
    return config.runs / f"seed-{seed}" / f"{list(ARMS).index(name):02d}"


def students_job(config: AblationConfig, name: str) -> Job:
    """All students of an arm as one job, since a process takes seconds to start."""
    logs = [run_of(config, name, seed) / METRICS for seed in range(config.num_seeds)]
    return Job(
        name=f"a student of {name}",
        work=partial(make_students, config, name),
        log=config.runs / f"{list(ARMS).index(name):02d}.log",
        num_done=partial(num_logged_in, logs),
        num_steps=ARMS[name].times * config.num_steps * config.num_seeds,
    )


def make_students(config: AblationConfig, name: str) -> None:
    """One after the other, seed by seed; as `distill.run`, but what frozen networks answer again is kept in memory."""
    arm = ARMS[name]
    for seed in range(config.num_seeds):
        out = run_of(config, name, seed)
        if (out / STUDENT / MANIFEST).is_file():
            continue
        out.mkdir(parents=True, exist_ok=True)
        teacher = demo_teacher()
        reader = ShardReader(config.runs / arm.data.replace(" ", "-"), origins=("synthetic", ORIGIN))
        transformation = None if arm.rung == "identity" else fitted(config, arm, teacher, reader, out, seed)
        cache = None if arm.augment.is_new_each_time else RememberedDepth(teacher)
        train_student(student_config(config, arm, seed), teacher, transformation, reader, out, cache=cache)


def fitted(config: AblationConfig, arm: Arm, teacher: DepthNet, reader: ShardReader, out: Path, seed: int) -> nn.Module:
    """The transformation of an arm, fitted to the pictures that its student sees."""
    directory = out / "adapt" / TRANSFORMATION
    if not (directory / MANIFEST).is_file():
        fit = FitConfig(num_steps=config.num_fit_steps)
        adapt_teacher(teacher, batchnorm_targets(teacher), reader, fit, out / "adapt", rung=arm.rung, seed=seed)
    loaded = load_transformation(directory, teacher_sha256=teacher.spec.weights_sha256)
    return Remembered(loaded) if arm.augment.mix == 0.0 else loaded


def student_config(config: AblationConfig, arm: Arm, seed: int) -> DistillConfig:
    """How a student of an arm is trained."""
    train = TrainConfig(
        num_steps=arm.times * config.num_steps,
        batch_size=8,
        checkpoint_every=500,
        guard=arm.data != "noise",  # of noise the teacher makes what it makes
    )
    return DistillConfig(
        teacher="demo",
        domain="indoor",
        student="plain",
        seed=seed,
        train=train,
        augment=arm.augment,
        recipe=arm.recipe,
    )


def label_free(config: AblationConfig, name: str, seed: int) -> dict[str, float]:
    """What can be known of one student without a label and without a picture of the target."""
    out = run_of(config, name, seed)
    if not (out / SCORES).is_file():
        teacher, transformation = demo_teacher(), None
        if ARMS[name].rung != "identity":
            transformation = load_transformation(
                out / "adapt" / TRANSFORMATION, teacher_sha256=teacher.spec.weights_sha256
            )
        held_out = ShardReader(config.runs / "held-out")
        proxy = proxy_of(load_student(out), teacher, held_out, transformation=transformation)
        write_json(out / SCORES, {"proxy": proxy.worst, "held-out renders": proxy.plain, "flip": proxy.flip})
    return read_json(out / SCORES)


def figures(config: AblationConfig, names: Sequence[str]) -> tuple[dict[str, float], dict[str, dict[str, Any]], Scores]:
    """Teacher and arms on the sealed test pictures: metrics as lists over seeds, training error; and all scores."""
    seeds = range(config.num_seeds)
    nets: dict[str, DepthNet] = {"teacher": demo_teacher()}
    nets |= {f"{name} {seed}": load_student(run_of(config, name, seed)) for name in names for seed in seeds}
    reader = ShardReader(config.runs / "sealed-test", origins=(ORIGIN,))
    scores = score(nets, sealed_frames(reader), PROTOCOL, alignments=("none",), num_panels=0)
    rows: dict[str, dict[str, Any]] = {}
    for name in names:
        arm = ARMS[name]
        tests = [scores.mean(f"{name} {seed}", "none") for seed in seeds]
        logs = [run_of(config, name, seed) / METRICS for seed in seeds]
        rows[name] = {metric: [test[metric] for test in tests] for metric in tests[0]}
        rows[name]["num_steps"] = arm.times * config.num_steps
        rows[name]["training_abs_rel_to_teacher"] = [
            final_means(log, arm.times * config.num_steps)["abs_rel_to_teacher"] for log in logs
        ]
    return scores.mean("teacher", "none"), rows, scores


def with_gap(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The rows with the share of the gap between plain renders and upper bound that each closes."""
    mean = {name: float(np.mean(row["abs_rel"])) for name, row in rows.items()}
    gap = mean[PLAIN] - mean[UPPER]
    return {name: {**row, "gap_closed": (mean[PLAIN] - mean[name]) / gap} for name, row in rows.items()}


def one_sixth(scores: Scores, config: AblationConfig, names: Sequence[str]) -> dict[str, Any]:
    """Is a method on a sixth better than plain distillation on all, as long? Paired bootstrap over test pictures.

    The difference of abs_rel, means over seeds, with the 2.5th and 97.5th percentile of 10,000 resamples; below zero
    the sixth is better. Sixths whose plain arm is not among `names` are left out.
    """
    answer: dict[str, Any] = {}
    for name in (name for name in names if "sixth" in ARMS[name].data):
        plain = PLAIN_OF_LENGTH[ARMS[name].times]
        if plain not in names:
            continue
        difference = per_picture(scores, name, config) - per_picture(scores, plain, config)
        draws = np.random.default_rng(0).integers(len(difference), size=(10_000, len(difference)))
        low, high = np.percentile(difference[draws].mean(1), (2.5, 97.5))
        answer[name] = {"difference": float(difference.mean()), "interval": [float(low), float(high)]}
    return answer


def per_picture(scores: Scores, name: str, config: AblationConfig) -> np.ndarray:
    """abs_rel of every test picture, mean over seeds."""
    nets = [f"{name} {seed}" for seed in range(config.num_seeds)]
    rows = [[one.metrics["abs_rel"] for one in scores.of(net, "none")] for net in nets]
    return np.array(rows).mean(0)


def table(result: dict[str, Any]) -> str:
    """The study as text."""
    lines = [f"{'student saw':<46}{'abs_rel':>9}{'+-':>8}{'delta1':>8}{'rmse':>8}{'training':>10}{'closed':>8}"]
    for name, row in result["arms"].items():
        spread = float(np.std(row["abs_rel"], ddof=1)) if len(row["abs_rel"]) > 1 else float("nan")
        means = [np.mean(row[metric]) for metric in ("abs_rel", "delta1", "rmse", "training_abs_rel_to_teacher")]
        lines.append(
            f"{name:<46}{means[0]:>9.4f}{spread:>8.4f}{means[1]:>8.4f}{means[2]:>8.4f}{means[3]:>10.4f}"
            f"{100 * row['gap_closed']:>6.0f} %"
        )
    for name, found in result["one_sixth"].items():
        low, high = found["interval"]
        lines.append(f"{name} against plain on all: {found['difference']:+.4f} ({low:+.4f} to {high:+.4f})")
    for name, found in result["rank_correlation"].items():
        if isinstance(found, dict):
            lines.append(f"rank correlation with {name}: students {found['students']:+.2f}, arms {found['arms']:+.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    run_command(study, AblationConfig, "tests.bench.ablation")
