"""Do owner moments replace BatchNorm statistics? Two teachers of one architecture on the sealed world, in two norms.

    python -m tests.bench.owner_moments

One teacher has BatchNorm, the other LayerNorm over channels; both are trained by the same command. The owner's file is
made by `adapt.moments` from sealed training pictures. For each teacher, students learn from plain renders, from renders
adapted to its statistics and from sealed pictures. The gain of the LayerNorm teacher's students by owner moments is set
against the gain of the BatchNorm teacher's by BatchNorm. Test pictures are opened when all are finished. What is
finished is kept. Written to `eval/results/owner_moments.json`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Literal

from adapt.fitting import FitConfig
from adapt.moments import MomentsConfig
from adapt.moments import main as write_moments
from adapt.owner import owner_targets
from adapt.run import TRANSFORMATION, adapt_teacher
from adapt.target import batchnorm_targets
from distill.draw import NO_AUGMENTATION
from distill.metrics_log import METRICS, final_means
from distill.run import DistillConfig, train_student
from distill.training import TrainConfig
from eval.crew import Job, run_jobs
from eval.demo import PROTOCOL, num_logged, sealed_frames
from eval.demo_teacher import CARD, DemoTeacherConfig, train_demo_teacher
from eval.demo_teacher import WEIGHTS as TEACHER_WEIGHTS
from eval.score import score
from eval.sealed.world import CAMERA, ORIGIN, write_sealed
from mde.checkpoint import MANIFEST
from mde.command import run_command
from mde.files import read_json, write_json
from mde.nets import load_student, load_teacher
from mde.nets.demo import Norm
from mde.nets.net import DepthNet
from mde.nets.student import STUDENT
from mde.nets.transformation import load_transformation
from mde.run_directory import REPORT, environment
from mde.shards import ShardReader
from synth.generate import generate
from synth.generate_config import GenerateConfig
from tests.bench.owner_noise import write_pictures

Statistics = Literal["plain", "batchnorm", "owner", "sealed"]
"""What renders are adapted to; plain for nothing, sealed for sealed pictures in place of renders."""


@dataclass(frozen=True, kw_only=True)
class OwnerMomentsConfig:
    """Train both teachers and the students of every arm, and judge them on the sealed world."""

    runs: Path = Path("runs/owner-moments")
    """Where pictures, teachers and runs lie."""
    out: Path = Path("eval/results/owner_moments.json")
    """File to write."""
    num_images: int = 600
    """Renders, sealed pictures of the upper bound, and sealed pictures that the owner measures."""
    num_test: int = 200
    """Test pictures of the sealed world."""
    num_teacher_steps: int = 800
    """Optimiser steps of each teacher, a fifth of what the shipped one had."""
    num_steps: int = 600
    """Optimiser steps of every student."""
    num_fit_steps: int = 60
    """Optimiser steps of every transformation."""
    num_seeds: int = 1
    """Students per arm; of the upper bounds one. More than one for a verdict: seeds differ by about the gains."""
    num_at_once: int = 1
    """Students side by side, with one thread each."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """A teacher and what its students learn from."""

    norm: Norm
    statistics: Statistics

    @property
    def name(self) -> str:
        """Name in tables and on disk."""
        return f"{self.norm}-{self.statistics}"


ARMS = (
    *(Arm(norm="batch", statistics=statistics) for statistics in ("plain", "batchnorm", "owner", "sealed")),
    *(Arm(norm="layer", statistics=statistics) for statistics in ("plain", "owner", "sealed")),
)


def study(config: OwnerMomentsConfig) -> None:
    """Make what is missing, then score and write."""
    height, width = CAMERA.size
    generate(GenerateConfig(n=config.num_images, domain="indoor", out=renders(config), size=f"{height}x{width}"))
    for norm in ("batch", "layer"):
        make_teacher(config, norm)
        make_moments(config, norm)
    jobs = [
        student_job(config, arm, seed) for seed in range(config.num_seeds) for arm in ARMS if seed in seeds(config, arm)
    ]
    run_jobs(jobs, num_at_once=config.num_at_once, title="students")
    write_sealed(config.runs / "sealed-test", "test", config.num_test)
    options = {name: value for name, value in asdict(config).items() if name not in ("runs", "out", "num_at_once")}
    flags = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in options.items())
    rows = {arm.name: figures(config, arm) for arm in ARMS}
    result = {
        "command": f"python -m tests.bench.owner_moments {flags}",
        "teachers": {norm: read_json(teacher_folder(config, norm) / CARD)["figures"] for norm in ("batch", "layer")},
        "arms": rows,
        "gains": gains(rows),
        "environment": environment(),
    }
    write_json(config.out, result)
    print(table(result))
    print(f"written: {config.out}")


def seeds(config: OwnerMomentsConfig, arm: Arm) -> range:
    """Seeds of an arm; one of the upper bound, which only gives the scale."""
    return range(1 if arm.statistics == "sealed" else config.num_seeds)


def renders(config: OwnerMomentsConfig) -> Path:
    """The renders of all arms."""
    return config.runs / "renders"


def teacher_folder(config: OwnerMomentsConfig, norm: Norm) -> Path:
    """Where a teacher is trained."""
    return config.runs / f"teacher-{norm}"


def make_teacher(config: OwnerMomentsConfig, norm: Norm) -> None:
    """Train a teacher, unless it is there."""
    out = teacher_folder(config, norm)
    if not (out / CARD).is_file():
        train_demo_teacher(DemoTeacherConfig(out=out, norm=norm, num_steps=config.num_teacher_steps))


def teacher_of(config: OwnerMomentsConfig, norm: Norm) -> DepthNet:
    """A trained teacher."""
    return load_teacher("demo", teacher_folder(config, norm) / TEACHER_WEIGHTS, domain="indoor")


def owner_file(config: OwnerMomentsConfig, norm: Norm) -> Path:
    """The moments of a teacher's layers on the owner's pictures."""
    return config.runs / f"owner-{norm}.safetensors"


def make_moments(config: OwnerMomentsConfig, norm: Norm) -> None:
    """What the owner does: a folder of JPEG files, and the command."""
    folder = config.runs / "owner-pictures"
    write_pictures(config.runs / "sealed-train", folder, config.num_images)
    if not owner_file(config, norm).exists():
        weights = teacher_folder(config, norm) / TEACHER_WEIGHTS
        write_moments(MomentsConfig(teacher="demo", weights=weights, images=folder, out=owner_file(config, norm)))


def run_of(config: OwnerMomentsConfig, arm: Arm, seed: int) -> Path:
    """Folder of one student."""
    return config.runs / f"seed-{seed}" / arm.name


def student_job(config: OwnerMomentsConfig, arm: Arm, seed: int) -> Job:
    """One student as a job."""
    out = run_of(config, arm, seed)
    return Job(
        name=f"the student of {arm.name}, seed {seed},",
        work=partial(make_student, config, arm, seed),
        log=out.with_suffix(".log"),
        num_done=partial(num_logged, out / METRICS),
        num_steps=config.num_steps,
    )


def make_student(config: OwnerMomentsConfig, arm: Arm, seed: int) -> None:
    """Fit where the arm adapts, then train; the same training for all."""
    out = run_of(config, arm, seed)
    if (out / STUDENT / MANIFEST).is_file():
        return
    out.mkdir(parents=True, exist_ok=True)
    directory = config.runs / "sealed-train" if arm.statistics == "sealed" else renders(config)
    reader, teacher = ShardReader(directory, origins=("synthetic", ORIGIN)), teacher_of(config, arm.norm)
    transformation = None
    if arm.statistics in ("batchnorm", "owner"):
        is_own = arm.statistics == "batchnorm"
        targets = batchnorm_targets(teacher) if is_own else owner_targets(owner_file(config, arm.norm), teacher)
        fit = FitConfig(num_steps=config.num_fit_steps)
        adapt_teacher(teacher, targets, reader, fit, out / "adapt", rung="affine", seed=seed)
        digest = teacher.spec.weights_sha256
        transformation = load_transformation(out / "adapt" / TRANSFORMATION, teacher_sha256=digest)
    train_student(distill_config(config, seed), teacher, transformation, reader, out)


def distill_config(config: OwnerMomentsConfig, seed: int) -> DistillConfig:
    """How every student is trained."""
    train = TrainConfig(num_steps=config.num_steps, batch_size=8, checkpoint_every=500)
    return DistillConfig(
        teacher="demo", domain="indoor", student="plain", seed=seed, train=train, augment=NO_AUGMENTATION
    )


def figures(config: OwnerMomentsConfig, arm: Arm) -> dict[str, Any]:
    """Students of an arm on the sealed test pictures, metrics as lists over seeds, and what the fit reached."""
    nets = {f"{seed}": load_student(run_of(config, arm, seed)) for seed in seeds(config, arm)}
    reader = ShardReader(config.runs / "sealed-test", origins=(ORIGIN,))
    scores = score(nets, sealed_frames(reader), PROTOCOL, alignments=("none",), num_panels=0)
    tests = [scores.mean(name, "none") for name in nets]
    logs = [run_of(config, arm, seed) / METRICS for seed in seeds(config, arm)]
    row = {
        **{metric: [test[metric] for test in tests] for metric in tests[0]},
        "training_abs_rel_to_teacher": [final_means(log, config.num_steps)["abs_rel_to_teacher"] for log in logs],
    }
    if arm.statistics in ("batchnorm", "owner"):
        fits = [read_json(run_of(config, arm, seed) / "adapt" / REPORT) for seed in seeds(config, arm)]
        row["distance"] = [[fit["distance_before"], fit["distance_after"]] for fit in fits]
    return row


def gains(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What adaptation takes off abs_rel, seed by seed, and the same as a share of the way to sealed pictures.

    `share_recovered` is the LayerNorm teacher's gain by owner moments in units of the BatchNorm teacher's by BatchNorm,
    of mean gains; None where BatchNorm gains nothing.
    """
    answer: dict[str, Any] = {}
    for norm, statistics in (("batch", "batchnorm"), ("batch", "owner"), ("layer", "owner")):
        plain, adapted, upper = (rows[f"{norm}-{name}"]["abs_rel"] for name in ("plain", statistics, "sealed"))
        gained = [before - after for before, after in zip(plain, adapted, strict=True)]
        answer[f"{norm}-{statistics}"] = {"abs_rel": gained, "gap_closed": mean(gained) / (plain[0] - upper[0])}
    for measure in ("abs_rel", "gap_closed"):
        own, owner = (answer[name][measure] for name in ("batch-batchnorm", "layer-owner"))
        own, owner = (mean(value) if isinstance(value, list) else value for value in (own, owner))
        answer[f"share_recovered_of_{measure}"] = owner / own if own > 0 else None
    return answer


def table(result: dict[str, Any]) -> str:
    """The study as text."""
    lines = [
        f"{'teacher, students of':<24}{'abs_rel':>9}{'+-':>8}{'delta1':>9}{'rmse':>9}{'training':>10}{'distance':>18}"
    ]
    for name, row in result["arms"].items():
        means = [mean(row[metric]) for metric in ("abs_rel", "delta1", "rmse", "training_abs_rel_to_teacher")]
        spread = stdev(row["abs_rel"]) if len(row["abs_rel"]) > 1 else float("nan")
        distance = " to ".join(f"{mean(ends):.3f}" for ends in zip(*row.get("distance", []), strict=True))
        lines.append(
            f"{name:<24}{means[0]:>9.4f}{spread:>8.4f}{means[1]:>9.4f}{means[2]:>9.4f}{means[3]:>10.4f}{distance:>18}"
        )
    for name, gain in result["gains"].items():
        if isinstance(gain, dict):
            each = ", ".join(f"{value:+.4f}" for value in gain["abs_rel"])
            lines.append(f"gain of {name}: abs_rel {each}; {100 * gain['gap_closed']:.0f} % of the gap")
        else:
            lines.append(f"{name}: {'none to recover' if gain is None else f'{100 * gain:.0f} %'}")
    return "\n".join(lines)


if __name__ == "__main__":
    run_command(study, OwnerMomentsConfig, "tests.bench.owner_moments")
