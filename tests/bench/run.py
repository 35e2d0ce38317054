"""Speed and memory, as ratios against a baseline of the same run; written as JSON.

python -m tests.bench.run --out runs/bench.json
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from distill.draw import NO_AUGMENTATION, AugmentConfig, drawn
from distill.objective import ObjectiveConfig, objective_loss
from eval.cost import measure_cost
from mde.batch import image_batches, read_images
from mde.command import run_command
from mde.domain import INDOOR
from mde.files import write_json
from mde.framing import Framing
from mde.nets import load_teacher
from mde.nets.demo import NATIVE_SIZE
from mde.nets.edge import BACKBONES, EdgeStudent
from mde.nets.net import DepthNet, NetSpec
from mde.run_directory import environment
from mde.shards import ShardReader
from synth.generate import generate
from synth.generate_config import GenerateConfig

SIZE = NATIVE_SIZE
NUM_FULL_SIZE = 64
"""Renders of 480x640 for the data path."""


@dataclass(frozen=True, kw_only=True)
class BenchConfig:
    """Measure generation, reading, teaching and training on this machine."""

    out: Path = Path("runs/bench.json")
    """File to write."""
    num_images: int = 256
    """Renders per measurement of generation."""
    num_repeats: int = 7
    """Timed repetitions after one warm-up; the median is stated."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One rate beside its baseline, measured in the same run."""

    what: str
    unit: str
    rate: float
    spread: float
    """Half the distance between the quartiles, as a share of the median."""
    baseline: str
    baseline_rate: float


def rate_of(work: Callable[[], int], repeats: int) -> tuple[float, float]:
    """Median of things per second and its spread; `work` answers how many things it did."""
    work()
    rates = []
    for _ in range(repeats):
        begin = time.perf_counter()
        count = work()
        rates.append(count / (time.perf_counter() - begin))
    low, _, high = statistics.quantiles(rates, n=4)
    middle = statistics.median(rates)
    return middle, (high - low) / 2 / middle


def bench(config: BenchConfig) -> None:
    """Measure, print and write."""
    rows: list[Row] = []
    with TemporaryDirectory() as directory:
        data = Path(directory) / "renders"
        rows += generation_rows(config, data)
        reader = ShardReader(data)
        rows += training_rows(config, reader)
        rows += drawing_rows(config, Path(directory) / "full-size")
    result = {
        "command": "python -m tests.bench.run --out eval/results/bench.json",
        "rows": [asdict(row) for row in rows],
        "costs": network_costs(),
        "num_threads": torch.get_num_threads(),
        "environment": environment(),
    }
    config.out.parent.mkdir(parents=True, exist_ok=True)
    write_json(config.out, result)
    for row in rows:
        ratio = row.rate / row.baseline_rate
        print(f"{row.what:<44}{row.rate:>9.1f} {row.unit:<9} {ratio:>6.2f} x {row.baseline}")
    print(f"written: {config.out}")


def generation_rows(config: BenchConfig, data: Path) -> list[Row]:
    """Rendering end to end, two workers against one, including their start."""
    rates = {}
    for workers, out in ((1, data), (2, data.with_name("twice"))):
        begin = time.perf_counter()
        generate(
            GenerateConfig(n=config.num_images, out=out, size=f"{SIZE[0]}x{SIZE[1]}", workers=workers, shard_size=16)
        )
        rates[workers] = config.num_images / (time.perf_counter() - begin)
    return [
        Row(
            what=f"generation, indoor {SIZE[0]}x{SIZE[1]}, two workers",
            unit="images/s",
            rate=rates[2],
            spread=0.0,
            baseline="one worker",
            baseline_rate=rates[1],
        )
    ]


def training_rows(config: BenchConfig, reader: ShardReader) -> list[Row]:
    """Reading batches, and a whole training step, against the teacher's forward pass alone."""
    teacher = load_teacher("demo", None, domain="indoor")
    images = next(iter(image_batches(reader, Framing(SIZE), 16, seed=0, steps=range(1))))[1]
    images = images.contiguous(memory_format=torch.channels_last)
    torch.manual_seed(0)

    def teach() -> int:
        with torch.no_grad():
            teacher(images)
        return len(images)

    def learn(student: EdgeStudent) -> int:
        with torch.no_grad():
            teacher_m = teacher(images).depth_m
        losses, _ = objective_loss(student(images), teacher_m, student.bins, ObjectiveConfig())
        losses.mean().backward()
        return len(images)

    def read() -> int:
        return sum(len(batch) for _, batch in image_batches(reader, Framing(SIZE), 16, seed=0, steps=range(16)))

    teaching, _ = rate_of(teach, config.num_repeats)
    rows = []
    work: dict[str, Callable[[], int]] = {"reading batches from shards": read}
    for name in BACKBONES:
        torch.manual_seed(0)
        student = EdgeStudent(name, INDOOR.bins, INDOOR.depth_range_m).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        work[f"training step, {name}, {SIZE[0]}x{SIZE[1]}"] = partial(learn, student)
    for what, do in work.items():
        rate, spread = rate_of(do, config.num_repeats)
        rows.append(
            Row(
                what=what,
                unit="images/s",
                rate=rate,
                spread=spread,
                baseline="demo teacher, forward only",
                baseline_rate=teaching,
            )
        )
    return rows


def drawing_rows(config: BenchConfig, data: Path) -> list[Row]:
    """Drawing batches of full-size renders ahead in two threads, plain and mixed, against a plain loop that decodes
    one image after the other."""
    generate(GenerateConfig(n=NUM_FULL_SIZE, out=data, size="480x640", shard_size=16))
    reader, framing = ShardReader(data), Framing(INDOOR.camera.size)
    steps = range(NUM_FULL_SIZE // 8)

    def loop() -> int:
        return sum(len(read_images(reader, [number], framing)) for number in range(len(reader)))

    def draw(augment: AugmentConfig) -> int:
        options = {"seed": 0, "steps": steps, "places": range(8), "with_depth": False, "num_threads": 2}
        return sum(len(pictures.image) for _, pictures in drawn(reader, framing, 8, augment, **options))  # type: ignore[arg-type]

    looping, _ = rate_of(loop, config.num_repeats)
    rows = []
    for what, augment in (("images", NO_AUGMENTATION), ("images, ids and depth, mixed", AugmentConfig(mix=0.5))):
        rate, spread = rate_of(partial(draw, augment), config.num_repeats)
        rows.append(
            Row(
                what=f"drawing {what}, 480x640, two threads",
                unit="images/s",
                rate=rate,
                spread=spread,
                baseline="plain loop over images",
                baseline_rate=looping,
            )
        )
    return rows


def network_costs() -> dict[str, dict[str, object]]:
    """Parameters, MACs and latency of the edge students at 480x640, and of the demo teacher at its size."""
    costs: dict[str, dict[str, object]] = {
        "demo teacher": asdict(measure_cost(load_teacher("demo", None, domain="indoor")))
    }
    for name in BACKBONES:
        spec = NetSpec(
            name=name,
            role="student",
            domain="indoor",
            native_size=INDOOR.camera.size,
            depth_range_m=INDOOR.depth_range_m,
            licence="none",
            weights_sha256="",
        )
        net = DepthNet(EdgeStudent(name, INDOOR.bins, INDOOR.depth_range_m), spec).eval().requires_grad_(False)
        costs[name] = asdict(measure_cost(net))
    return costs


if __name__ == "__main__":
    run_command(bench, BenchConfig, "tests.bench.run")
