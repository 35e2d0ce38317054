"""Render a synthetic data set: `python -m synth.generate --n 300 --domain driving --out renders/driving`."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tqdm import tqdm

from mde.command import run_command
from mde.domain import DOMAINS, DomainName
from mde.errors import InputError
from mde.files import read_json, sha256_file, write_json
from mde.run_directory import CONFIG, REPORT, open_run, write_run_report
from mde.shards import INDEX, Shard, ShardIndex, read_index, write_index
from synth.contact import write_contact_sheet
from synth.depth_chart import write_depth_chart
from synth.figures import Figures
from synth.pool import Task, run_tasks
from synth.sample_config import GENERATOR_VERSION, SampleConfig
from synth.target import TARGETS, judged

COMMAND = "synth.generate"
CONTACT = "contact.png"
DEPTH = "depth.png"
COST_S: dict[str, tuple[float, float]] = {"indoor": (0.05, 0.85), "driving": (0.22, 0.75)}
"""Processor seconds per image and per megapixel on one core of a 2.4 GHz server without a GPU; for --dry-run."""
BYTES_PER_MEGAPIXEL = 1_100_000
START_S = 10.0
"""Seconds until a rendering process has loaded its libraries and baked its textures."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerateConfig:
    """Render procedural scenes to shards: image, planar depth and instance ids, no real image involved."""

    n: int
    """How many images. May grow: the same command with a larger number adds to the folder."""
    domain: DomainName = "indoor"
    """indoor has the camera of NYU Depth v2, driving that of KITTI."""
    out: Path | None = None
    """Folder to create or to resume; renders/<domain> if not given."""
    seed: int = 0
    """Root of every random stream. Zero is a seed like any other."""
    workers: int | Literal["auto"] = "auto"
    """Rendering processes; auto is one per core. The files do not depend on it."""
    size: str | None = None
    """HEIGHTxWIDTH in pixels, like 192x640; the camera is resized with it. The benchmark's own size if not given."""
    shard_size: int = 50
    """Images per tar file: the unit of work and of resuming."""
    dry_run: bool = False
    """Print the plan and its cost, and write nothing."""


def main(config: GenerateConfig) -> None:
    """Run the command and say what came out."""
    if config.dry_run:
        print(plan_text(resolved(config)))
        return
    index = generate(config)
    out = resolved(config).out
    print(f"{index.num_records} images in {out}, {len(index.shards)} shards; contact sheet: {Path(str(out)) / CONTACT}")
    report = read_json(Path(str(out)) / REPORT)
    for miss in (report["target"] or {"misses": []})["misses"]:
        print(f"off target: {miss} ({DEPTH} shows it)")
    rate = report["images_per_s"]
    if rate is not None:
        print(f"rendered at {rate:.2f} images/s")
    print(
        f"next: python -m distill.run --teacher NAME --weights FILE --data {out} "
        f"--out runs/{config.domain} --no-real-data"
    )


def resolved(config: GenerateConfig) -> GenerateConfig:
    """The configuration with every default filled in. Raises InputError for what cannot be rendered."""
    for name in ("n", "shard_size"):
        if getattr(config, name) < 1:
            raise InputError(
                f"--{name.replace('_', '-')} {getattr(config, name)} is not a count of images; give 1 or more"
            )
    if config.n > 999_999:
        raise InputError(f"--n {config.n} is more than the six digits of a record's name hold; give 999999 or less")
    if config.seed < 0:
        raise InputError(f"--seed {config.seed} is negative; give 0 or more")
    workers = len(os.sched_getaffinity(0)) if config.workers == "auto" else config.workers
    if workers < 1:
        raise InputError(f"--workers {workers} cannot render anything; give 1 or more, or auto")
    height, width = _parse_size(config)
    out = config.out if config.out is not None else Path("renders") / config.domain
    return replace(config, out=out, workers=workers, size=f"{height}x{width}")


def _parse_size(config: GenerateConfig) -> tuple[int, int]:
    if config.size is None:
        return DOMAINS[config.domain].camera.size
    rows, _, columns = config.size.lower().partition("x")
    if not (rows.isdecimal() and columns.isdecimal()):
        raise InputError(f"--size {config.size} is not HEIGHTxWIDTH; write it like 192x640")
    height, width = int(rows), int(columns)
    if not (16 <= height <= 2048 and 16 <= width <= 4096):
        raise InputError(f"--size {config.size} is out of range; give 16x16 to 2048x4096 pixels, height first")
    return height, width


def sample_config(config: GenerateConfig) -> SampleConfig:
    """What a sample depends on."""
    height, width = _parse_size(config)
    return SampleConfig(domain=config.domain, seed=config.seed, height=height, width=width)


def plan_text(config: GenerateConfig) -> str:
    """What a run would do and cost, in one paragraph."""
    height, width = _parse_size(config)
    megapixels = height * width / 1e6
    per_image_s, per_megapixel_s = COST_S[config.domain]
    seconds = START_S + config.n * (per_image_s + per_megapixel_s * megapixels) / int(config.workers)
    gigabytes = config.n * megapixels * BYTES_PER_MEGAPIXEL / 1e9
    return (
        f"plan: {config.n} images of the {config.domain} domain at {config.size} in "
        f"{-(-config.n // config.shard_size)} shards under {config.out}, {config.workers} workers; "
        f"about {seconds / 60:.1f} min on a server without a GPU, {gigabytes:.2f} GB on disk"
    )


def generate(config: GenerateConfig) -> ShardIndex:
    """Make the folder complete and answer its index; what is already there is checked and kept.

    Raises InputError for wrong input, a folder of another run, or missing OpenGL; OSError for a full disk.
    """
    config = resolved(config)
    out, samples = Path(str(config.out)), sample_config(config)
    _enter(out, config)
    tasks = _tasks(out, config)
    done = {task.path: entry for task in tasks if (entry := _finished(task, samples)) is not None}
    missing = [task for task in tasks if task.path not in done]
    (out / INDEX).unlink(missing_ok=True) if missing else None
    device, rate = _render(missing, samples, config, done)
    index = _index(config, samples, [done[task.path] for task in tasks])
    write_index(out, index)
    write_contact_sheet(out, out / CONTACT)
    if missing or not (out / REPORT).is_file():
        _report(out, config, index, [done[task.path] for task in tasks], device=device, images_per_s=rate)
    return index


def _enter(out: Path, config: GenerateConfig) -> None:
    """Create or enter the folder; it may grow, but not shrink."""
    open_run(out, COMMAND, config, free=("n", "workers", "out", "dry_run"))
    known = read_json(out / CONFIG)["config"]["n"]
    if config.n < known and (out / INDEX).is_file() and read_index(out).num_records > config.n:
        raise InputError(f"{out} already holds {known} images; give --n {known} or more, or choose another --out")
    write_json(out / CONFIG, {"command": COMMAND, "config": asdict(config)})


def _tasks(out: Path, config: GenerateConfig) -> list[Task]:
    starts = range(0, config.n, config.shard_size)
    return [
        Task(path=out / f"shard-{number:05d}.tar", first=first, last=min(first + config.shard_size, config.n))
        for number, first in enumerate(starts)
    ]


def _finished(task: Task, samples: SampleConfig) -> dict[str, Any] | None:
    """The side file of a shard that is whole and is the one wanted, else None."""
    side = task.path.with_suffix(".json")
    if not (task.path.is_file() and side.is_file()):
        return None
    entry: dict[str, Any] = read_json(side)
    wanted = (samples.sha256, task.first, task.last)
    if (entry["config_sha256"], entry["first"], entry["last"]) != wanted or sha256_file(task.path) != entry["sha256"]:
        return None
    return entry


def _render(
    missing: list[Task], samples: SampleConfig, config: GenerateConfig, done: dict[Path, dict[str, Any]]
) -> tuple[str | None, float | None]:
    """Render the missing shards; every finished one gets its side file and its place in `done`.

    Answers the OpenGL device and the images per second between the first and the last image, so without the
    seconds that the processes need to start.
    """
    if not missing:
        return None, None
    by_name = {task.path.name: task for task in missing}
    already = config.n - sum(task.last - task.first for task in missing)
    times_s: list[float] = []
    with tqdm(total=config.n, initial=already, unit="image", desc=config.domain, smoothing=0.05) as bar:

        def on_sample() -> None:
            times_s.append(time.monotonic())
            bar.update()

        def on_shard(reply: dict[str, Any]) -> None:
            task = by_name[reply["name"]]
            peak_bytes = reply.pop("peak_bytes")
            entry = {**reply, "first": task.first, "last": task.last, "config_sha256": samples.sha256}
            write_json(task.path.with_suffix(".json"), entry)
            done[task.path] = {**entry, "peak_bytes": peak_bytes}

        workers = int(config.workers)
        device = run_tasks(samples, missing, num_workers=workers, on_sample=on_sample, on_shard=on_shard)
    seconds = times_s[-1] - times_s[0]
    return device, round((len(times_s) - 1) / seconds, 3) if seconds > 0.0 else None


def _index(config: GenerateConfig, samples: SampleConfig, entries: list[dict[str, Any]]) -> ShardIndex:
    shards = tuple(Shard(name=e["name"], sha256=e["sha256"], num_records=e["num_records"]) for e in entries)
    return ShardIndex(
        origin="synthetic",
        domain=config.domain,
        num_records=sum(shard.num_records for shard in shards),
        config=asdict(samples),
        config_sha256=samples.sha256,
        shards=shards,
    )


def _report(
    out: Path,
    config: GenerateConfig,
    index: ShardIndex,
    entries: list[dict[str, Any]],
    *,
    device: str | None,
    images_per_s: float | None,
) -> None:
    figures = Figures()
    for entry in entries:
        figures.merge(entry["figures"])
    target = TARGETS.get(config.domain)
    write_depth_chart(figures, target, config.domain, out / DEPTH)
    peaks = [entry["peak_bytes"] for entry in entries if "peak_bytes" in entry]
    write_run_report(
        out,
        {
            "command": COMMAND,
            "config": asdict(config),
            "config_sha256": index.config_sha256,
            "generator_version": GENERATOR_VERSION,
            "index_sha256": sha256_file(out / INDEX),
            "opengl_device": device,
            "images_per_s": images_per_s,
            "worker_peak_bytes": max(peaks, default=None),
            "figures": figures.summary(),
            "target": judged(figures.summary(), target),
        },
    )


if __name__ == "__main__":
    run_command(main, GenerateConfig, COMMAND)
