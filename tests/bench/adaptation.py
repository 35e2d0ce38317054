"""Speed and memory of fitting a transformation, against a plain forward and backward pass of the same teacher.

    python -m tests.bench.adaptation

Every row runs in a process of its own, so that its peak memory is its own. AdaBins has drawn weights, which cost what
trained ones do. Written to `eval/results/adaptation.json`.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from adapt.checkpointing import checkpointed
from adapt.matching import MomentMatching
from adapt.statistics import captured
from adapt.target import batchnorm_targets, layers_of
from mde.command import run_command
from mde.domain import INDOOR
from mde.files import write_json
from mde.nets import load_teacher
from mde.nets.adabins import AdaBins
from mde.nets.net import DepthNet
from mde.nets.transformation import Rung, fresh_transformation
from mde.run_directory import environment


@dataclass(frozen=True, kw_only=True)
class AdaptationConfig:
    """Time fitting steps and take their peak memory."""

    out: Path = Path("eval/results/adaptation.json")
    """File to write."""
    num_repeats: int = 9
    """Pairs of timed steps of the small teacher; the large one has a third as many."""
    num_threads: int = 1
    """Threads of every row."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way of fitting."""

    teacher: str
    height: int
    width: int
    batch_size: int
    rung: Rung
    micro_batch: int = 0
    checkpointing: bool = False


CASES = (
    Case(teacher="demo", height=48, width=64, batch_size=16, rung="affine"),
    Case(teacher="demo", height=48, width=64, batch_size=16, rung="network"),
    Case(teacher="adabins", height=480, width=640, batch_size=2, rung="affine"),
    Case(teacher="adabins", height=480, width=640, batch_size=2, rung="affine", micro_batch=1),
    Case(teacher="adabins", height=480, width=640, batch_size=2, rung="affine", micro_batch=1, checkpointing=True),
)


def bench(config: AdaptationConfig) -> None:
    """Measure every case, print and write."""
    context = multiprocessing.get_context("spawn")
    rows = []
    for case in CASES:
        with context.Pool(1) as pool:
            found = pool.apply(measure, (case, config.num_repeats, config.num_threads))
        rows.append({**asdict(case), **found})
        print(
            f"{case.teacher:<9}{case.rung:<9}{'micro ' if case.micro_batch else '':<6}"
            f"{'checkpointed' if case.checkpointing else '':<14}{found['images_per_second']:>9.2f} images/s"
            f"{found['times_plain']:>7.2f} times plain{found['peak_gigabytes']:>8.1f} GB",
            flush=True,
        )
    write_json(config.out, {"command": "python -m tests.bench.adaptation", "rows": rows, "environment": environment()})
    print(f"written: {config.out}")


def measure(case: Case, num_repeats: int, num_threads: int) -> dict[str, float]:
    """Fitting steps and plain passes in turn; the ratio is the median over pairs."""
    torch.set_num_threads(num_threads)
    images = torch.rand(case.batch_size, 3, case.height, case.width, generator=torch.Generator().manual_seed(0))
    with ExitStack() as stack:
        fit = fitting_step(case, teacher_of(case.teacher), images, stack)
        fit()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        plain = plain_pass(teacher_of(case.teacher), images.split(case.micro_batch or len(images)))
        plain()
        repeats = num_repeats if case.teacher == "demo" else max(1, num_repeats // 3)
        pairs = [(seconds(fit), seconds(plain)) for _ in range(repeats)]
    return {
        "images_per_second": case.batch_size / statistics.median(ours for ours, _ in pairs),
        "times_plain": statistics.median(ours / theirs for ours, theirs in pairs),
        "peak_gigabytes": peak,
    }


def teacher_of(name: str) -> DepthNet:
    """The demo teacher, or AdaBins with drawn weights."""
    demo = load_teacher("demo", None, domain="indoor")
    if name == "demo":
        return demo
    torch.manual_seed(0)
    spec = replace(demo.spec, name=name, native_size=(480, 640))
    return DepthNet(AdaBins(INDOOR.depth_range_m, 256), spec).eval().requires_grad_(False)


def fitting_step(case: Case, teacher: DepthNet, images: Tensor, stack: ExitStack) -> Callable[[], None]:
    """One step as `adapt.fitting` does it; hooks and checkpointing last as long as `stack`."""
    targets = batchnorm_targets(teacher)
    capture = stack.enter_context(captured(layers_of(teacher, targets)))
    if case.checkpointing:
        stack.enter_context(checkpointed(teacher))
    matching = MomentMatching(teacher, targets, capture, "normalised", 0.0)
    transformation = fresh_transformation(case.rung, seed=0)
    optimizer = torch.optim.Adam(transformation.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        matching.backward(transformation, list(images.split(case.micro_batch or len(images))))
        optimizer.step()

    return step


def plain_pass(teacher: DepthNet, batches: Sequence[Tensor]) -> Callable[[], None]:
    """Forward, and backward to the image."""

    def work() -> None:
        for batch in batches:
            teacher(batch.clone().requires_grad_()).depth_m.mean().backward()

    return work


def seconds(work: Callable[[], None]) -> float:
    """Processor time of one run."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


if __name__ == "__main__":
    run_command(bench, AdaptationConfig, "tests.bench.adaptation")
