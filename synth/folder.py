"""Folder: the shards of a run on disk, each with a side file that says what it is, and which are still to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mde.files import read_json, sha256_file
from synth.pool import Task
from synth.sample_config import SampleConfig

Entry = dict[str, Any]
"""What a side file holds: name, sha256, num_records, indices, config_sha256, device, figures."""


def plan_tasks(out: Path, indices: Sequence[int], shard_size: int) -> list[Task]:
    """Every shard of a run, in order."""
    return [
        Task(path=out / f"shard-{number:05d}.tar", indices=tuple(indices[first : first + shard_size]))
        for number, first in enumerate(range(0, len(indices), shard_size))
    ]


def count_images(tasks: Iterable[Task]) -> int:
    """Images in these shards."""
    return sum(len(task.indices) for task in tasks)


def side_file(shard: Path) -> Path:
    """Where the facts of a shard lie. It is written last: a shard without it does not count."""
    return shard.with_suffix(".json")


def entry_of(task: Task, facts: Entry, samples: SampleConfig) -> Entry:
    """The content of the side file of a finished shard."""
    return {**facts, "indices": list(task.indices), "config_sha256": samples.sha256}


def is_present(task: Task) -> bool:
    """Whether shard and side file are there; a look at names only."""
    return task.path.is_file() and side_file(task.path).is_file()


def finished_entries(tasks: Sequence[Task], samples: SampleConfig) -> dict[Path, Entry]:
    """The side files of those shards that are whole, by digest, and are the ones wanted."""
    return {task.path: entry for task in tasks if (entry := _finished(task, samples)) is not None}


def _finished(task: Task, samples: SampleConfig) -> Entry | None:
    if not is_present(task):
        return None
    entry: Entry = read_json(side_file(task.path))
    wanted = (samples.sha256, list(task.indices))
    if (entry["config_sha256"], entry["indices"]) != wanted or sha256_file(task.path) != entry["sha256"]:
        return None
    return entry
