"""Rendering end to end: stock pyrender against the three back ends, on the same scenes, one process each.

python -m tests.bench.rendering --out runs/rendering.json

A frame is everything from the index to the encoded files: scene, picture with antialiasing and shadows, z and ids,
sensor, JPEG and PNG. Ratios are of processor time, since other work on the machine shows in wall time.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mde.command import run_command
from mde.domain import DOMAINS
from mde.files import write_json
from mde.record import encode_record
from mde.run_directory import environment
from synth.gl import ENVIRONMENT
from synth.renderer import OPENERS, Renderer
from synth.sample import Sampler
from synth.sample_config import SampleConfig
from synth.scene import Frame, Scene
from tests.bench.stock import StockPyrender

ROOT = Path(__file__).resolve().parents[2]
Drawer = Literal["stock", "pyrender", "onepass", "embree"]
MAKERS: dict[Drawer, Callable[[np.ndarray], Renderer]] = {"stock": StockPyrender, **OPENERS}


@dataclass(frozen=True, kw_only=True)
class RenderingConfig:
    """Measure images per second and memory of every back end on this machine."""

    out: Path = Path("runs/rendering.json")
    """File to write."""
    num_frames: int = 20
    """Frames of each measurement, after the warm-up; 2000 show whether memory is flat."""
    num_warm: int = 2
    """Frames before the clock starts: shaders are compiled, buffers made."""
    domains: tuple[Literal["indoor", "driving"], ...] = ("indoor", "driving")
    """What to render, at the size of its benchmark."""
    drawers: tuple[Drawer, ...] = ("stock", "pyrender", "onepass", "embree")
    """Who renders; ratios need stock."""
    shrink: int = 1
    """Divide the image size by this, for a quick try."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one process measures."""

    domain: str
    drawer: Drawer
    num_warm: int
    num_frames: int
    height: int
    width: int


@dataclass
class Timed:
    """A renderer that counts the processor seconds of its pictures."""

    inner: Renderer
    seconds: float = 0.0
    num_pictures: int = field(default=0)

    @property
    def device(self) -> str:
        return self.inner.device

    def render(self, scene: Scene) -> Frame:
        begin = time.process_time()
        frame = self.inner.render(scene)
        self.seconds += time.process_time() - begin
        self.num_pictures += 1
        return frame


def measure(task: Task) -> dict[str, Any]:
    """Render the frames of a task in this process; seconds are those of the processor unless they say wall."""
    renderers: list[Timed] = []

    def open_timed(bank: np.ndarray) -> Renderer:
        renderers.append(Timed(MAKERS[task.drawer](bank)))
        return renderers[-1]

    OPENERS["onepass"] = open_timed
    sampler = Sampler(SampleConfig(domain=task.domain, seed=0, height=task.height, width=task.width))
    (timed,) = renderers
    frame_s, render_s, encode_s, resident = [], [], [], []
    for index in range(task.num_warm + task.num_frames):
        if index == task.num_warm:
            begin_wall_s = time.perf_counter()
            timed.num_pictures = 0
        begin, drawn = time.process_time(), timed.seconds
        record = sampler.record(index)
        middle = time.process_time()
        encode_record(record)
        frame_s.append(time.process_time() - begin)
        render_s.append(timed.seconds - drawn)
        encode_s.append(time.process_time() - middle)
        resident.append(resident_bytes())
    wall_s = time.perf_counter() - begin_wall_s
    warm = task.num_warm
    return {
        "domain": task.domain,
        "size": [task.height, task.width],
        "drawer": task.drawer,
        "device": timed.device,
        "num_frames": task.num_frames,
        "num_pictures": timed.num_pictures,
        "images_per_wall_s": task.num_frames / wall_s,
        "images_per_cpu_s": task.num_frames / sum(frame_s[warm:]),
        "frame_median_s": statistics.median(frame_s[warm:]),
        "render_median_s": statistics.median(render_s[warm:]),
        "encode_median_s": statistics.median(encode_s[warm:]),
        "resident_first_bytes": resident[warm],
        "resident_middle_bytes": resident[warm + task.num_frames // 2],
        "resident_last_bytes": resident[-1],
    }


def serve() -> None:
    """Measure the task on the command line and print its row."""
    print(json.dumps(measure(Task(**json.loads(sys.argv[1])))))


def resident_bytes() -> int:
    """Memory of this process that lies in RAM now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def measure_apart(task: Task) -> dict[str, Any]:
    """`measure` in a fresh process: one context, its own memory."""
    done = subprocess.run(
        [sys.executable, "-c", "from tests.bench.rendering import serve; serve()", json.dumps(asdict(task))],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def bench(config: RenderingConfig) -> None:
    """Measure, print and write."""
    rows: list[dict[str, Any]] = []
    for domain in config.domains:
        height, width = (length // config.shrink for length in DOMAINS[domain].camera.size)
        for drawer in config.drawers:
            task = Task(
                domain=domain,
                drawer=drawer,
                num_warm=config.num_warm,
                num_frames=config.num_frames,
                height=height,
                width=width,
            )
            row = measure_apart(task)
            rows.append({**row, "ratio_to_stock": _ratio(row, rows)})
            _print_row(rows[-1])
    config.out.parent.mkdir(parents=True, exist_ok=True)
    command = f"python -m tests.bench.rendering --num-frames {config.num_frames} --shrink {config.shrink}"
    write_json(config.out, {"command": command, "rows": rows, "environment": environment()})
    print(f"written: {config.out}")


def _ratio(row: dict[str, Any], rows: list[dict[str, Any]]) -> float | None:
    """Images per processor second, as a multiple of stock's in the same domain."""
    if row["drawer"] == "stock":
        return 1.0
    stock = [other for other in rows if other["drawer"] == "stock" and other["domain"] == row["domain"]]
    return float(row["images_per_cpu_s"] / stock[0]["images_per_cpu_s"]) if stock else None


def _print_row(row: dict[str, Any]) -> None:
    ratio = "      -" if row["ratio_to_stock"] is None else f"{row['ratio_to_stock']:7.2f}"
    growth_bytes = row["resident_last_bytes"] - row["resident_middle_bytes"]
    print(
        f"{row['domain']:<9}{row['drawer']:<9}{row['images_per_cpu_s']:>7.2f} images/cpu-s "
        f"{row['images_per_wall_s']:>7.2f} images/s {ratio} x stock, render {row['render_median_s']:.3f} s of "
        f"{row['frame_median_s']:.3f} s, {row['resident_last_bytes'] / 1e6:.0f} MB ({growth_bytes / 1e6:+.1f} MB late)",
        flush=True,
    )


if __name__ == "__main__":
    run_command(bench, RenderingConfig, "tests.bench.rendering")
