"""Engine: the missing shards, rendered by processes here or by a cluster, with a bar and room on the disk."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from mde.files import write_json
from synth.cluster import run_on_cluster
from synth.cost import bytes_needed
from synth.disk import Disk, free_bytes, size_text
from synth.folder import Entry, count_images, entry_of, side_file
from synth.pool import Task, run_tasks
from synth.sample_config import SampleConfig

EngineName = Literal["local", "ray"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """Who renders, and how many processes at a time on this machine."""

    name: EngineName
    num_workers: int
    ray_address: str | None


class Progress:
    """Bar and rate of a run."""

    def __init__(self, bar: tqdm) -> None:
        self._bar = bar
        self._first: tuple[float, int] | None = None
        self._last_s = 0.0
        self._count = 0

    def advance(self, num_images: int = 1) -> None:
        """Note that so many more images are done."""
        self._last_s = time.monotonic()
        self._count += num_images
        if self._first is None:
            self._first = self._last_s, self._count
        self._bar.update(num_images)

    @property
    def images_per_s(self) -> float | None:
        """Rate from the first report on, so without the seconds that processes need to start."""
        if self._first is None or self._last_s <= self._first[0]:
            return None
        return round((self._count - self._first[1]) / (self._last_s - self._first[0]), 3)


def render_missing(
    samples: SampleConfig, missing: list[Task], done: dict[Path, Entry], *, engine: Engine, disk: Disk, title: str
) -> float | None:
    """Render the missing shards; every finished one gets its side file and its place in `done`.

    Answers the images per second. Raises InputError when rendering is impossible, OSError when writing is.
    """
    if not missing:
        return None
    by_name = {task.path.name: task for task in missing}
    already = sum(entry["num_records"] for entry in done.values())
    total = already + count_images(missing)
    with tqdm(total=total, initial=already, unit="image", desc=title, smoothing=0.05) as bar:
        progress = Progress(bar)

        def on_shard(facts: Entry) -> None:
            task = by_name[facts["name"]]
            peak_bytes = facts.pop("peak_bytes")  # differs from run to run, so it is for the report alone
            entry = entry_of(task, facts, samples)
            disk.keep_trying(lambda: write_json(side_file(task.path), entry))
            done[task.path] = {**entry, "peak_bytes": peak_bytes}

        if engine.name == "ray":
            run_on_cluster(
                samples,
                missing,
                address=engine.ray_address,
                num_workers=engine.num_workers,
                on_samples=progress.advance,
                on_shard=on_shard,
                disk=disk,
            )
        else:
            run_tasks(
                samples,
                missing,
                num_workers=engine.num_workers,
                on_sample=progress.advance,
                on_shard=on_shard,
                on_failure=disk.wait,
            )
    return progress.images_per_s


def open_disk(
    out: Path, samples: SampleConfig, missing: list[Task], done: dict[Path, Entry], *, room_images: int
) -> Disk:
    """The disk below `out`, with room for `room_images` before it goes on after a pause.

    Says at once when there is too little room for all that is missing.
    """

    def needed_bytes() -> int:
        return bytes_needed(samples, count_images(task for task in missing if task.path not in done))

    if needed_bytes() > free_bytes(out):
        _say(
            f"warning: about {size_text(needed_bytes())} are needed under {out} and "
            f"{size_text(free_bytes(out))} are free; free some space in time"
        )
    return Disk(
        directory=out,
        needed_bytes=needed_bytes,
        room_bytes=bytes_needed(samples, room_images),
        is_attended=os.isatty(0) and os.isatty(2),
        say=_say,
    )


def _say(message: str) -> None:
    """Print beside a progress bar without tearing it."""
    tqdm.write(message, file=sys.stderr)
