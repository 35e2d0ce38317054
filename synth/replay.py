"""Replay: one sample rendered again from the configuration of its folder, and held against the stored one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mde.errors import InputError
from mde.files import read_json, write_bytes
from mde.record import decode_record
from mde.shards import ShardReader, read_parts
from synth.origin import Origin, origin_of
from synth.pool import Task, run_tasks
from synth.sample_config import GENERATOR_VERSION, SampleConfig

Parts = Mapping[str, bytes]


def replay(name: str, out: Path | None) -> str:
    """Render the sample DIR:INDEX again; answers one line that says that it is the same.

    Its four files are written into the folder `out` if that is given. Raises InputError when there is no such
    sample, or when its bytes differ; the message says where, and what has changed since.
    """
    directory, index = _parse(name)
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; give a folder for the four files of the sample")
    reader = ShardReader(directory, verify=False)
    key = f"{index:06d}"
    stored = reader.parts(key)
    origin = origin_of(directory, reader.index)
    [(_, made)], device = _render(SampleConfig(**origin.config), (index,))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for suffix, content in made.items():
            write_bytes(out / f"{key}.{suffix}", content)
    differences = list(find_differences(key, stored, made))
    if differences:
        raise InputError(
            f"sample {index} of {directory} is not the same again: {'; '.join(differences)}; "
            f"stored: {_makers(directory, origin)}; now: generator version {GENERATOR_VERSION} on {device}"
        )
    return f"sample {index} of {directory} is the same again, byte for byte (on {device})"


def _parse(name: str) -> tuple[Path, int]:
    directory, colon, index = name.rpartition(":")
    if not (colon and directory and index.isdecimal()):
        raise InputError(f"--replay {name} is not DIR:INDEX; write it like renders/indoor:123")
    return Path(directory), int(index)


def unlike_samples(directory: Path, indices: Sequence[int]) -> list[tuple[int, str]]:
    """Those of the samples that are not the same when they are rendered again, each with what differs.

    Raises InputError for renders that are painted or of another version, and where a sample is not there.
    """
    reader = ShardReader(directory, verify=False)
    origin = origin_of(directory, reader.index)
    made, _ = _render(SampleConfig(**origin.config), indices)
    unlike = ((int(key), "; ".join(find_differences(key, reader.parts(key), parts))) for key, parts in made)
    return [(index, difference) for index, difference in unlike if difference]


def _render(config: SampleConfig, indices: Sequence[int]) -> tuple[list[tuple[str, Parts]], str]:
    """Keys and files of samples, from a rendering process like any other, and the device that drew them."""

    def on_failure(error: OSError) -> None:
        raise error

    with tempfile.TemporaryDirectory() as folder:
        task = Task(path=Path(folder) / "shard.tar", indices=tuple(indices))
        device = run_tasks(
            config,
            [task],
            num_workers=1,
            on_sample=lambda: None,
            on_shard=lambda facts: None,
            on_failure=on_failure,
        )
        made = list(read_parts(task.path))
    return [(key, parts) for key, parts in made], device


def find_differences(key: str, stored: Parts, made: Parts) -> Iterator[str]:
    """What differs between two sets of files of one record, in pixels where it can be said so."""
    if dict(stored) == dict(made):
        return
    was, now = decode_record(key, stored), decode_record(key, made)
    if was.camera.size != now.camera.size:
        yield f"size {was.camera.size}, now {now.camera.size}"
        return
    gap = np.abs(was.image.astype(np.int16) - now.image)
    if gap.any():
        yield f"image by {gap.mean():.2f} levels on average and {gap.max()} at most"
    gap_m = np.abs(was.depth_m - now.depth_m)
    if gap_m.any():
        yield f"depth in {(gap_m > 0).mean():.2%} of the pixels, by {gap_m.max():.4f} m at most"
    if (was.ids != now.ids).any():
        yield f"ids in {(was.ids != now.ids).mean():.2%} of the pixels"
    names = _unlike(was.recipe, now.recipe)
    if names:
        yield f"recipe in {', '.join(names)}"
    rest = [suffix for suffix in stored if stored[suffix] != made.get(suffix)]
    if not (gap.any() or gap_m.any() or (was.ids != now.ids).any() or names):
        yield f"encoding of {', '.join(rest)}, with the same content"


def _unlike(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))


def _makers(directory: Path, origin: Origin) -> str:
    """Version and devices that made a folder, as its side files tell."""
    devices = {read_json(path).get("device", "an unknown device") for path in directory.glob("shard-*.json")}
    return (
        f"generator version {origin.config['generator_version']} on {', '.join(sorted(devices)) or 'an unknown device'}"
    )
