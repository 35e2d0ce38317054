"""What a student saves: AdaBins and students at 480x640, on one thread of the same machine in the same run.

    python -m tests.bench.edge_cost
    python -m tests.bench.edge_cost --students plain plain+lg --out runs/branches.json

Weights are random, since cost does not depend on them. Each network is measured in a process of its own, for its peak
of memory, once in every round. Stated are latency and the processor's seconds: on an idle machine they agree, and on
one that others use too, latency is mostly theirs. Written to `eval/results/edge_cost.json`.
"""

from __future__ import annotations

import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mde.bins import Bins, uniform_bins
from mde.command import run_command
from mde.domain import INDOOR
from mde.files import write_json
from mde.macs import count_macs
from mde.nets.adabins import AdaBins
from mde.nets.student import LOCAL_GLOBAL, STUDENTS, check_student
from mde.run_directory import environment

TEACHER = "AdaBins"
TEACHER_BINS = 256
TIEKD_BINS = uniform_bins(1e-3, 10.0, 49, sigma_m=0.15)
"""As published for NYU."""
SIZE = (480, 640)


@dataclass(frozen=True, kw_only=True)
class EdgeCostConfig:
    """Count and time the students against AdaBins."""

    out: Path = Path("eval/results/edge_cost.json")
    """File to write."""
    students: tuple[str, ...] = tuple(name for name in STUDENTS if not name.endswith(LOCAL_GLOBAL))
    """Those to measure; by default all without local-global convolutions."""
    num_rounds: int = 2
    """Processes per network."""
    num_repeats: int = 5
    """Timed passes in each, after one of warm-up; two or more."""

    def __post_init__(self) -> None:
        for name in self.students:
            check_student(name)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One network in one process."""

    num_parameters: int
    num_macs: int
    latency_s: list[float]
    """Of each pass, by the clock on the wall."""
    cpu_s: list[float]
    """Of each pass, spent by this process alone."""
    peak_memory_bytes: int
    """Weights, activations and workspace: what was taken at the peak beyond Python and its packages."""


def study(config: EdgeCostConfig) -> None:
    """Measure in rounds, compare, write."""
    names = (TEACHER, *config.students)
    found: dict[str, list[Measured]] = {name: [] for name in names}
    load = []
    for number in range(config.num_rounds):
        load.append(os.getloadavg()[0])
        for name in names:
            found[name].append(in_own_process(name, config.num_repeats))
            print(f"round {number}: {name} {statistics.median(found[name][-1].cpu_s):.3f} s", flush=True)
    rows = [row(name, found[name], found[TEACHER]) for name in names]
    flags = (
        f"--students {' '.join(config.students)} --num-rounds {config.num_rounds} --num-repeats {config.num_repeats}"
    )
    result = {
        "command": f"python -m tests.bench.edge_cost {flags}",
        "size": SIZE,
        "num_threads": 1,
        "load_average": load,
        "rows": rows,
        "environment": environment(),
    }
    write_json(config.out, result)
    print(table(rows))


def in_own_process(name: str, num_repeats: int) -> Measured:
    """What a network costs, seen from a process that has nothing else to do."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["mde.nets.adabins", "mde.nets.student", "mde.macs"])
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(measured_here, name, num_repeats).result()


@torch.inference_mode()
def measured_here(name: str, num_repeats: int) -> Measured:
    """What `in_own_process` asks its process for."""
    torch.set_num_threads(1)
    before = status_bytes("VmRSS")
    net = network(name)
    image = torch.rand((1, 3, *SIZE), generator=torch.Generator().manual_seed(0))
    times = [timed(net, image) for _ in range(1 + num_repeats)][1:]
    peak = status_bytes("VmHWM")
    return Measured(
        num_parameters=sum(parameter.numel() for parameter in net.parameters()),
        num_macs=count_macs(net, image),
        latency_s=[latency for latency, _ in times],
        cpu_s=[cpu for _, cpu in times],
        peak_memory_bytes=peak - before,
    )


def network(name: str) -> nn.Module:
    """A network with random weights, in the memory layout in which students are trained."""
    if name == TEACHER:
        core: nn.Module = AdaBins(INDOOR.depth_range_m, TEACHER_BINS)
    else:
        core = STUDENTS[name](bins_of(name), INDOOR.depth_range_m)
    return core.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def bins_of(name: str) -> Bins:
    """TIE-KD's students with their own bins, the others with the domain's."""
    return TIEKD_BINS if name.startswith("tiekd_") else INDOOR.bins


def timed(net: nn.Module, image: torch.Tensor) -> tuple[float, float]:
    """Seconds of one pass: on the wall, and of this process."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    net(image)
    return time.perf_counter() - wall_s, time.process_time() - cpu_s


def status_bytes(entry: str) -> int:
    """An entry of this process's status, which Linux keeps in kB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{entry}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"/proc/self/status has no entry {entry!r}")


def row(name: str, found: list[Measured], teacher: list[Measured]) -> dict[str, Any]:
    """One network over all rounds, and how much less than the teacher it asks for."""
    mine, its = summary(found), summary(teacher)
    return {
        "network": name,
        **mine,
        "times_fewer_macs": its["num_macs"] / mine["num_macs"],
        "times_faster": its["latency_s"] / mine["latency_s"],
        "times_fewer_cpu_s": its["cpu_s"] / mine["cpu_s"],
        "times_less_memory": its["peak_memory_bytes"] / mine["peak_memory_bytes"],
        "rounds": [asdict(one) for one in found],
    }


def summary(found: list[Measured]) -> dict[str, Any]:
    """Counts, medians and quartiles over the passes of all rounds, and the highest peak."""
    spread: dict[str, Any] = {}
    for name in ("latency_s", "cpu_s"):
        passes = [value for one in found for value in getattr(one, name)]
        low, middle, high = statistics.quantiles(passes, n=4, method="inclusive")
        spread |= {name: middle, name.replace("_s", "_quartiles_s"): [low, high]}
    return {
        "num_parameters": found[0].num_parameters,
        "num_macs": found[0].num_macs,
        **spread,
        "peak_memory_bytes": max(one.peak_memory_bytes for one in found),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as text."""
    lines = [f"{'network':<20}{'M':>7}{'GMAC':>8}{'ms':>8}{'CPU ms':>8}{'MB':>7}{'/MACs':>8}{'/ms':>7}{'/CPU':>7}"]
    for line in rows:
        lines.append(
            f"{line['network']:<20}{line['num_parameters'] / 1e6:>7.2f}{line['num_macs'] / 1e9:>8.2f}"
            f"{line['latency_s'] * 1e3:>8.0f}{line['cpu_s'] * 1e3:>8.0f}{line['peak_memory_bytes'] / 1e6:>7.0f}"
            f"{line['times_fewer_macs']:>8.1f}{line['times_faster']:>7.1f}{line['times_fewer_cpu_s']:>7.1f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    run_command(study, EdgeCostConfig, "tests.bench.edge_cost")
