"""Step time and memory of feature distillation, against distillation of depth alone by the same program.

    python -m tests.bench.feature_cost

Every row trains in a process of its own, so that its peak memory is its own; seconds are of processor time, on one
thread. AdaBins has drawn weights, which cost what trained ones do. Written to `eval/results/feature_cost.json`.
"""

from __future__ import annotations

import multiprocessing
import resource
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from distill.acclimation_fit import ACCLIMATION
from distill.draw import NO_AUGMENTATION
from distill.feature_config import FeatureConfig, FeatureKind
from distill.feature_stages import RESPONSE
from distill.run import DistillConfig, train_student
from distill.training import TrainConfig
from mde.command import run_command
from mde.domain import INDOOR
from mde.files import write_json
from mde.nets import load_teacher
from mde.nets.adabins import AdaBins
from mde.nets.net import DepthNet
from mde.run_directory import environment
from mde.shards import ShardReader
from synth.generate import generate
from synth.generate_config import GenerateConfig


@dataclass(frozen=True, kw_only=True)
class FeatureCostConfig:
    """Time training steps with and without features, and take their peak memory."""

    out: Path = Path("eval/results/feature_cost.json")
    """File to write."""
    num_steps: int = 60
    """Timed steps with the demo teacher; AdaBins has a tenth."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way of training."""

    teacher: str
    size: str
    batch_size: int
    student: str
    features: FeatureKind = "off"


CASES = tuple(
    replace(case, student=case.student + suffix, features=kind)
    for case in (
        Case(teacher="demo", size="48x64", batch_size=8, student="plain"),
        Case(teacher="adabins", size="352x448", batch_size=1, student="mobilenetv2"),
    )
    for suffix, kind in (("", "off"), ("+lg", "off"), ("", "ghost"), ("", "attentive"), ("+lg", "attentive"))
)
"""Of each teacher the first is what the others are measured by."""


def bench(config: FeatureCostConfig) -> None:
    """Measure every case, print and write."""
    rows: list[dict[str, Any]] = []
    for case in CASES:
        num_steps = config.num_steps if case.teacher == "demo" else max(2, config.num_steps // 10)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(measure, (case, num_steps))
        first = next((row for row in rows if row["teacher"] == case.teacher), found)
        ratios = {f"times_{name}": found[name] / first[name] for name in ("seconds_per_step", "peak_gigabytes")}
        rows.append({**asdict(case), **found, **ratios})
        print(
            f"{case.teacher:<9}{case.student:<16}{case.features:<11}{found['seconds_per_step']:>8.3f} s"
            f"{ratios['times_seconds_per_step']:>7.2f} times{found['peak_gigabytes']:>7.2f} GB"
            f"{ratios['times_peak_gigabytes']:>7.2f} times",
            flush=True,
        )
    command = f"python -m tests.bench.feature_cost --num-steps {config.num_steps}"
    write_json(config.out, {"command": command, "rows": rows, "environment": environment()})
    print(f"written: {config.out}")


def measure(case: Case, num_steps: int) -> dict[str, float]:
    """Processor seconds per step: of a training, less those of one that is shorter by `num_steps`."""
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        data = Path(folder) / "renders"
        generate(GenerateConfig(n=8, domain="indoor", out=data, size=case.size))
        first = Path(folder) / "first"
        _seconds(case, data, first, 1)  # makes the first student and the translation, which the others begin with
        short, long = (_seconds(case, data, begun(first, Path(folder) / str(num)), num) for num in (1, 1 + num_steps))
    return {
        "seconds_per_step": (long - short) / num_steps,
        "peak_gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def begun(first: Path, out: Path) -> Path:
    """A run `out` that finds what precedes its student in `first`."""
    for stage in (RESPONSE, ACCLIMATION):
        if (first / stage).is_dir():
            shutil.copytree(first / stage, out / stage)
    return out


def _seconds(case: Case, data: Path, out: Path, num_steps: int) -> float:
    config = DistillConfig(
        teacher=case.teacher,
        domain="indoor",
        student=case.student,
        transform="identity",
        train=TrainConfig(num_steps=num_steps, batch_size=case.batch_size, num_threads=1, guard=False),
        augment=NO_AUGMENTATION,
        features=FeatureConfig(kind=case.features, response_steps=1, num_steps=1, min_gain=0.0),
    )
    out.mkdir(exist_ok=True)
    teacher, reader = teacher_of(case), ShardReader(data)
    begin = time.process_time()
    train_student(config, teacher, None, reader, out)
    return time.process_time() - begin


def teacher_of(case: Case) -> DepthNet:
    """The demo teacher, or AdaBins with drawn weights."""
    demo = load_teacher("demo", None, domain="indoor")
    if case.teacher == "demo":
        return demo
    torch.manual_seed(0)
    height, width = map(int, case.size.split("x"))
    spec = replace(demo.spec, name=case.teacher, native_size=(height, width), taps=("encoder",))
    return DepthNet(AdaBins(INDOOR.depth_range_m, 256), spec).eval().requires_grad_(False)


if __name__ == "__main__":
    run_command(bench, FeatureCostConfig, "tests.bench.feature_cost")
