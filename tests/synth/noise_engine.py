"""Stands in for the pool: the same callbacks and files, with noise for pictures and previews and without OpenGL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

import synth.candidates
import synth.contact
import synth.engine
import synth.replay
from mde.record import Record, encode_record
from mde.shards import write_shard
from synth.block import write_block
from synth.figures import Figures
from synth.generate_config import GenerateConfig
from synth.pool import Task
from synth.preview import Preview, Previewer, record_preview
from synth.sample_config import SampleConfig
from tests.conftest import make_record

DEVICE = "noise"


def noise_config(out: Path, **changes: Any) -> GenerateConfig:
    """Seven small images in four shards."""
    return GenerateConfig(**{"n": 7, "shard_size": 2, "workers": 1, "size": "24x32", "out": out, **changes})


def use_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render noise from here on, and contact sheets so small that packing noise takes no time."""
    monkeypatch.setattr(synth.engine, "run_tasks", noise_tasks)
    monkeypatch.setattr(synth.replay, "run_tasks", noise_tasks)
    monkeypatch.setattr(synth.candidates, "run_tasks", noise_tasks)
    monkeypatch.setattr(synth.contact, "CELL_WIDTH_PX", 16)


def noise_tasks(
    config: SampleConfig,
    tasks: Sequence[Task],
    *,
    num_workers: int,
    on_sample: Callable[[], None],
    on_shard: Callable[[dict[str, Any]], None],
    on_failure: Callable[[OSError], None],
) -> str:
    """Like `synth.pool.run_tasks`; tasks are done from the last to the first, since their order must not matter."""
    for task in reversed(tasks):
        while True:
            figures = Figures()
            try:
                if task.product == "previews":
                    write_block(NoisePreviewer(config), task.path, task.indices, lambda _: on_sample())
                    break
                shard = write_shard(task.path, _records(config, task, figures, on_sample))
                on_shard({**asdict(shard), "figures": figures.as_json(), "device": DEVICE, "peak_bytes": 1})
                break
            except OSError as error:
                on_failure(error)
    return DEVICE


class NoisePreviewer(Previewer):
    """Previews of the noise that `_records` makes."""

    def __init__(self, config: SampleConfig) -> None:
        self._config = config

    @property
    def config_sha256(self) -> str:
        return self._config.sha256

    def preview(self, index: int) -> Preview:
        return record_preview(_record(self._config, index))


def _records(
    config: SampleConfig, task: Task, figures: Figures, on_sample: Callable[[], None]
) -> Iterator[tuple[str, dict[str, bytes]]]:
    for index in task.indices:
        record = _record(config, index)
        figures.add(record)
        yield record.key, encode_record(record)
        on_sample()


def _record(config: SampleConfig, index: int) -> Record:
    noise = make_record(f"{index:06d}", seed=config.seed, height=config.height, width=config.width)
    recipe = {"index": index, "config_sha256": config.sha256, "attempt": 0, "scene": "indoor/<noise>"}
    return replace(noise, recipe=recipe)
