"""Faults of scenes: holes, cameras inside things, empty frames, and how many draws are rejected, over many frames.

python -m tests.bench.frames --domain indoor --num-frames 2000 --num-processes 2

Every frame is drawn as `synth.sample` draws it, attempt for attempt. A fault is named by its index, so that
`python -m tests.bench.frames --domain indoor --first 1171 --num-frames 1` looks at it again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mde.command import run_command
from mde.domain import DOMAINS, DomainName
from mde.errors import InputError
from mde.files import write_json
from mde.run_directory import environment
from synth.bank_file import open_bank
from synth.embree import pixel_rays
from synth.gl import ENVIRONMENT
from synth.mesh import Mesh
from synth.renderer import Renderer, open_renderer
from synth.sample import KINDS, Streams, check_frame, first_accepted, without_far
from synth.sample_config import SampleConfig
from synth.scene import Frame, RejectedScene, Scene

ROOT = Path(__file__).resolve().parents[2]
CLOSED = frozenset({"indoor", "warehouse"})
"""Domains in which every ray ends on something."""
HORIZON = 0.1
"""Out of doors a ray that falls by more than this per metre ends on the ground: roads fall by 0.09 at most."""
FEWEST = 0.35
"""Share of pixels with a depth below which a frame is empty; `check_frame` refuses such frames."""
NUM_WAYS = 21
"""Rays that tell whether a point is inside a thing."""


@dataclass(frozen=True, kw_only=True)
class FramesConfig:
    """Look for faults in the frames of one domain."""

    domain: DomainName = "indoor"
    """Which scenes to draw."""
    num_frames: int = 2000
    """How many, from --first on."""
    first: int = 0
    """Index of the first sample."""
    seed: int = 0
    """Root of every random stream, as in synth.generate."""
    size: tuple[int, int] | None = None
    """Height and width in pixels; half of the benchmark's size if not given."""
    num_processes: Literal[1, 2] = 1
    """Two share the frames evenly."""
    out: Path = Path("runs/frames.json")
    """File to write."""


@dataclass(kw_only=True)
class Tally:
    """What one process found."""

    faults: dict[str, dict[str, str]] = field(default_factory=dict)
    """Kind of fault, index of the sample, what was seen."""
    rejected: dict[str, str] = field(default_factory=dict)
    """Index of the sample and why its draws were rejected."""
    cpu_s: float = 0.0

    def note(self, kind: str, index: int, text: str) -> None:
        """Write one fault down."""
        self.faults.setdefault(kind, {})[str(index)] = text

    def add(self, other: Tally) -> None:
        """Take over what another process found."""
        for kind, found in other.faults.items():
            self.faults.setdefault(kind, {}).update(found)
        self.rejected.update(other.rejected)
        self.cpu_s += other.cpu_s


def frame_faults(frame: Frame, scene: Scene, domain: str) -> dict[str, str]:
    """Kinds of faults in one frame as the renderer gave it, each with what was seen."""
    faults = {}
    finite = np.isfinite(frame.depth_m).all() and np.isfinite(frame.radiance).all()
    if not finite:
        faults["not finite"] = "NaN or infinity in depth or radiance"
    disagree = int(((frame.ids > 0) != (frame.depth_m > 0)).sum())
    if disagree:
        faults["ids against z"] = f"{disagree} pixels have one without the other"
    holes = (frame.ids == 0) & ends_on_something(scene, domain)
    if holes.any():
        row, column = np.argwhere(holes)[0].tolist()
        faults["hole"] = f"{int(holes.sum())} pixels, first at row {row}, column {column}"
    if (frame.depth_m > 0).mean() < FEWEST:
        faults["empty"] = f"{(frame.depth_m > 0).mean():.0%} of the pixels have a depth"
    nearest_m = float(frame.depth_m[frame.depth_m > 0].min(initial=np.inf))
    if nearest_m < 1.01 * scene.near_far_m[0]:
        faults["near plane"] = f"something is cut open {nearest_m:.3f} m before the camera"
    inside = things_around(scene)
    if inside:
        faults["camera inside"] = f"the camera is in {', '.join(inside)}"
    return faults


def ends_on_something(scene: Scene, domain: str) -> np.ndarray:
    """(H,W) bool: pixels whose ray must meet a surface."""
    if domain in CLOSED:
        return np.ones(scene.camera.size, dtype=bool)
    directions, _ = pixel_rays(scene)
    # From high above, rays meet level ground before the end of depth only where they fall more.
    least = HORIZON + scene.world_from_camera[2, 3] / KINDS[domain].depth_end_m
    falls = -directions[:, 2] > least * np.hypot(directions[:, 0], directions[:, 1])
    return np.asarray(falls.reshape(scene.camera.size))


def things_around(scene: Scene) -> list[str]:
    """Kinds of the things that the camera's centre is inside; structure is seen from within and does not count."""
    eye_m, found = scene.world_from_camera[:3, 3], []
    for thing in scene.things:
        low, high = thing.mesh.bounds_m()
        in_box = (eye_m > low).all() and (eye_m < high).all()
        if in_box and thing.kind not in scene.structure and is_inside(thing.mesh, eye_m):
            found.append(thing.kind)
    return found


def is_inside(mesh: Mesh, point_m: np.ndarray) -> bool:
    """Whether most rays from a point first meet the mesh from behind (Moeller, Trumbore 1997)."""
    a, b, c = (mesh.positions_m[k::3].astype(np.float64) - point_m for k in range(3))
    first, second = b - a, c - a
    behind = 0
    for way in _ways():
        cross = np.cross(way, second)
        size = (first * cross).sum(axis=1)
        scale = np.where(np.abs(size) > 1e-12, size, np.inf)  # a ray along a face misses it
        u = (-a * cross).sum(axis=1) / scale
        other = np.cross(-a, first)
        v, length = (other @ way) / scale, (second * other).sum(axis=1) / scale
        hit = (u >= 0.0) & (v >= 0.0) & (u + v <= 1.0) & (length > 0.0) & np.isfinite(scale)
        if hit.any():
            nearest = np.flatnonzero(hit)[length[hit].argmin()]
            behind += int(size[nearest] < 0.0)
    return behind > NUM_WAYS / 2


def _ways() -> np.ndarray:
    """(N,3) directions spread evenly, none of them along an axis."""
    k = np.arange(NUM_WAYS) + 0.5
    z, turn = 1.0 - 2.0 * k / NUM_WAYS, k * np.pi * (1.0 + 5.0**0.5)
    return np.stack((np.sqrt(1.0 - z * z) * np.cos(turn), np.sqrt(1.0 - z * z) * np.sin(turn), z), axis=1)


def look(config: SampleConfig, indices: range, renderer: Renderer, tally: Tally) -> None:
    """Draw the samples and write down what is wrong with them."""
    kind, bank = KINDS[config.domain], open_bank()
    camera = DOMAINS[config.domain].camera.resize(config.height, config.width)

    def draw(index: int, reasons: list[str], streams: Streams) -> None:
        try:
            scene = kind.scene_rand(streams, bank, camera)
            frame = renderer.render(scene)
            check_frame(without_far(frame, kind.depth_end_m), scene)
        except RejectedScene as reason:
            reasons.append(str(reason))
            raise
        for name, text in frame_faults(frame, scene, config.domain).items():
            tally.note(name, index, f"{scene.kind}: {text}")

    for index in indices:
        reasons: list[str] = []
        first_accepted(config, index, lambda _, streams, k=index, why=reasons: draw(k, why, streams))
        if reasons:
            tally.rejected[str(index)] = "; ".join(reasons)


def serve() -> None:
    """Look at the share of frames on the command line and print what was found."""
    task = json.loads(sys.argv[1])
    config, tally = SampleConfig(**task["config"]), Tally()
    renderer = open_renderer(config.renderer, open_bank().pixels)
    begin = time.process_time()
    look(config, range(*task["indices"]), renderer, tally)
    tally.cpu_s = time.process_time() - begin
    print(json.dumps(asdict(tally)))


def bench(config: FramesConfig) -> None:
    """Share the frames out, gather the faults, print and write them."""
    if config.num_frames < 1 or config.first < 0:
        raise InputError("--num-frames counts from 1 and --first from 0")
    height, width = config.size or tuple(length // 2 for length in DOMAINS[config.domain].camera.size)
    sample = SampleConfig(domain=config.domain, seed=config.seed, height=height, width=width)
    end, step = config.first + config.num_frames, config.num_processes
    tasks = [{"config": asdict(sample), "indices": [config.first + k, end, step]} for k in range(step)]
    tally = Tally()
    for process in [_start(task) for task in tasks]:
        answer, _ = process.communicate()
        if process.returncode != 0:
            raise InputError(f"a process that looked at frames ended with status {process.returncode}; see above")
        tally.add(Tally(**json.loads(answer.splitlines()[-1])))
    _report(config, (height, width), tally)


def _start(task: dict[str, Any]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from tests.bench.frames import serve; serve()", json.dumps(task)],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT},
        stdout=subprocess.PIPE,
        text=True,
    )


def _report(config: FramesConfig, size: tuple[int, int], tally: Tally) -> None:
    reasons = Counter(_without_numbers(text) for line in tally.rejected.values() for text in line.split("; "))
    for kind, found in sorted(tally.faults.items()):
        print(f"{kind}: {len(found)} of {config.num_frames} frames")
        for index, text in list(found.items())[:5]:
            print(f"  {index}: {text}")
    print(f"rejected draws: {sum(reasons.values())} for {config.num_frames} samples", dict(reasons.most_common()))
    config.out.parent.mkdir(parents=True, exist_ok=True)
    options = f"--domain {config.domain} --num-frames {config.num_frames} --first {config.first} --seed {config.seed}"
    row = {
        "command": f"python -m tests.bench.frames {options} --size {size[0]} {size[1]}",
        "num_faults": {kind: len(found) for kind, found in sorted(tally.faults.items())},
        "faults": tally.faults,
        "num_rejected": dict(reasons.most_common()),
        "rejected": tally.rejected,
        "cpu_s_per_frame": tally.cpu_s / config.num_frames,
        "environment": environment(),
    }
    write_json(config.out, row)
    print(f"written: {config.out}")


def _without_numbers(text: str) -> str:
    """The reason of a rejection, without what differs from one to the next."""
    return " ".join(word for word in text.split() if not any(character.isdigit() for character in word))


if __name__ == "__main__":
    run_command(bench, FramesConfig, "tests.bench.frames")
