"""What an evaluation takes beside the forward passes of the student that it scores, at the size of KITTI's test set.

    python -m tests.bench.evaluation

Files of noise are made at the real size. Forward passes of a student alone, on the same frames, are timed in the same
run, on one thread. Written to `eval/results/evaluation.json`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from eval.pairs import pairs_frames
from eval.protocol import PROTOCOLS
from eval.reading import Reading
from eval.score import score
from mde.command import run_command
from mde.domain import DRIVING
from mde.files import write_json
from mde.nets.net import DepthNet, NetSpec
from mde.nets.student import STUDENTS
from mde.run_directory import environment

SIZE = (352, 1216)
"""Height and width of KITTI's benchmark crop."""
SHARE_MEASURED = 0.2
"""About as much of a frame as KITTI's annotated depth covers."""
UNITS_PER_METRE = 256


@dataclass(frozen=True, kw_only=True)
class EvaluationBenchConfig:
    """Time an evaluation against the student's own forward passes."""

    num_frames: int = 652
    """Frames of the set."""
    students: tuple[str, ...] = ("mobilenetv2", "mobilenetv2_035")
    """Students with drawn weights, one after the other."""
    out: Path = Path("eval/results/evaluation.json")
    """File to write."""


def bench(config: EvaluationBenchConfig) -> None:
    """Make the files, time both, write."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        write_frames(Path(folder), config.num_frames)
        rows = [row(name, Path(folder), config.num_frames) for name in config.students]
    command = (
        f"python -m tests.bench.evaluation --num-frames {config.num_frames} --students {' '.join(config.students)}"
    )
    write_json(config.out, {"command": command, "rows": rows, "environment": environment()})
    for one in rows:
        print(
            f"{one['student']}: forward {one['forward_cpu_s']:.1f} s, evaluation {one['evaluation_cpu_s']:.1f} s of "
            f"processor, ratio {one['ratio_cpu']:.2f} (by the clock {one['ratio_wall']:.2f})"
        )
    print(f"written: {config.out}")


def write_frames(root: Path, num_frames: int) -> None:
    """Images that compress about as photographs do, and sparse depth on their lower two thirds."""
    height, width = SIZE
    for number in range(num_frames):
        rng = np.random.default_rng(number)
        coarse = Image.fromarray(rng.integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8))
        smooth = np.array(coarse.resize((width, height), Image.Resampling.BICUBIC)) // 2
        image = smooth + rng.integers(0, 16, smooth.shape, dtype=np.uint8)
        Image.fromarray(image).save(root / f"frame_{number:04d}.png", compress_level=1)
        depth_m = rng.uniform(3.0, 70.0, SIZE) * (rng.random(SIZE) < SHARE_MEASURED)
        depth_m[: height // 3] = 0.0
        stored = (depth_m * UNITS_PER_METRE).astype(np.uint16)
        Image.fromarray(stored).save(root / f"frame_{number:04d}_depth.png", compress_level=1)


def row(name: str, root: Path, num_frames: int) -> dict[str, Any]:
    """One student: its passes over all frames alone, then the evaluation that `eval.run` makes of them."""
    net = drawn(name)
    frames = pairs_frames(root, UNITS_PER_METRE)
    images = [frames.read(number).image[None] for number in range(min(num_frames, 8))]

    @torch.inference_mode()
    def forward() -> None:
        for number in range(num_frames):
            net(images[number % len(images)])

    with torch.inference_mode():
        net(images[0])
    forward_wall_s, forward_cpu_s = seconds(forward)
    protocol = PROTOCOLS["pairs_driving"]
    wall_s, cpu_s = seconds(
        lambda: score({name: net}, Reading(frames), protocol, num_panels=6, num_worst=10, is_quiet=True)
    )
    return {
        "student": name,
        "num_frames": num_frames,
        "forward_wall_s": forward_wall_s,
        "forward_cpu_s": forward_cpu_s,
        "evaluation_wall_s": wall_s,
        "evaluation_cpu_s": cpu_s,
        "ratio_wall": wall_s / forward_wall_s,
        "ratio_cpu": cpu_s / forward_cpu_s,
    }


def drawn(name: str) -> DepthNet:
    """A student of the driving domain with drawn weights: time does not depend on them."""
    torch.manual_seed(0)
    spec = NetSpec(
        name=name,
        role="student",
        domain=DRIVING.name,
        native_size=SIZE,
        depth_range_m=DRIVING.depth_range_m,
        licence="Apache-2.0",
        weights_sha256="0" * 64,
    )
    return DepthNet(STUDENTS[name](DRIVING.bins, DRIVING.depth_range_m), spec).eval()


def seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of `work` by the clock and of this process's threads on the processor."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall_s, time.process_time() - cpu_s


if __name__ == "__main__":
    run_command(bench, EvaluationBenchConfig, "tests.bench.evaluation")
