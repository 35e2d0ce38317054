"""Keep the part of a data set that covers it.

python -m synth.select --data renders/indoor --keep 500 --out renders/chosen
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from mde.command import run_command
from mde.errors import InputError
from mde.files import json_bytes, sha256_bytes, sha256_file
from mde.nets import load_teacher
from mde.nets.net import DepthNet
from mde.run_directory import open_run, write_run_report
from mde.shards import INDEX, ShardIndex, ShardReader, read_index, verify_shards, write_index, write_shard
from synth.at_home import at_home, read_distances
from synth.block import jpeg
from synth.contact import CONTACT, write_contact_sheet
from synth.coverage import fit_axes
from synth.coverage_page import PAGE, write_page
from synth.descriptor import describe, fit_scaling
from synth.features import teacher_features
from synth.preview import record_preview
from synth.selection import SELECTION, Selection, select, write_selection

COMMAND = "synth.select"


@dataclass(frozen=True, kw_only=True, slots=True)
class SelectConfig:
    """Choose the records of a data set that cover it best, and write them as a data set of their own."""

    data: Path
    """Shards written by synth.generate; only read."""
    keep: int
    """How many records to keep."""
    out: Path
    """Folder to create, or to complete with the same options."""
    teacher: str | None = None
    """Compare images by what this teacher makes of them, instead of by composition, depth and colours."""
    weights: Path | None = None
    """The teacher's checkpoint; only read."""
    distances: Path | None = None
    """records.json of adapt.run --measure-records, which says how foreign each record is to a teacher; the most foreign
    are left out before the choice."""
    at_home: float = 0.75
    """With --distances: share of the records, the least foreign, that can be kept."""
    seed: int = 0
    """Root of every random stream. Zero is a seed like any other."""
    shard_size: int = 50
    """Images per tar file."""


def main(config: SelectConfig) -> None:
    """Run the command and say what came out."""
    index = select_shards(config)
    print(f"{index.num_records} images in {config.out}, {len(index.shards)} shards; look at {config.out / PAGE}")


def select_shards(config: SelectConfig) -> ShardIndex:
    """Make the folder complete and answer its index; a complete one is checked and kept.

    Raises InputError for wrong options, damaged data, or a folder of another run or of other data.
    """
    _check(config)
    reader = ShardReader(config.data)
    if config.keep > len(reader):
        raise InputError(f"--keep {config.keep} is more than the {len(reader)} records of {config.data}; give fewer")
    numbers = _candidates(config, reader)
    teacher = None if config.teacher is None else load_teacher(config.teacher, config.weights, reader.domain)
    open_run(config.out, COMMAND, config, free=("data", "weights", "distances", "out"))
    origin = _origin(config, reader, teacher)
    if (config.out / INDEX).is_file() and (index := _finished(config.out, origin)) is not None:
        return index
    selection = _choose(config, reader, numbers, teacher)
    index = _write_shards(config, reader, selection, origin)
    write_run_report(config.out, _report(config, selection, origin))
    write_index(config.out, index)  # last: a folder without it is unfinished
    write_contact_sheet(config.out, config.out / CONTACT)
    return index


def _check(config: SelectConfig) -> None:
    for name in ("keep", "shard_size"):
        if getattr(config, name) < 1:
            raise InputError(f"--{name.replace('_', '-')} {getattr(config, name)} is not a count; give 1 or more")
    if config.seed < 0:
        raise InputError(f"--seed {config.seed} is negative; give 0 or more")
    if not 0.0 < config.at_home <= 1.0:
        raise InputError(f"--at-home {config.at_home} is no share; give more than 0 and at most 1")
    if config.weights is not None and config.teacher is None:
        raise InputError(f"--weights {config.weights} belongs to a teacher; add --teacher, or leave it out")


def _candidates(config: SelectConfig, reader: ShardReader) -> np.ndarray:
    """Sorted numbers of the records that can be kept."""
    if config.distances is None:
        return np.arange(len(reader))
    numbers = at_home(read_distances(config.distances, reader), config.at_home)
    if config.keep > len(numbers):
        raise InputError(
            f"--keep {config.keep} is more than the {len(numbers)} records at home; give fewer, or raise --at-home"
        )
    return numbers


def _origin(config: SelectConfig, reader: ShardReader, teacher: DepthNet | None) -> dict[str, Any]:
    """What the choice depends on; it becomes the configuration of the new index."""
    return {
        "command": COMMAND,
        "keep": config.keep,
        "seed": config.seed,
        "shard_size": config.shard_size,
        "teacher_sha256": None if teacher is None else teacher.spec.weights_sha256,
        **({} if config.distances is None else _foreign(config)),
        "parent_index_sha256": sha256_file(reader.directory / INDEX),
        "parent_config": reader.index.config,
        "parent_config_sha256": reader.index.config_sha256,
    }


def _foreign(config: SelectConfig) -> dict[str, Any]:
    assert config.distances is not None
    return {"distances_sha256": sha256_file(config.distances), "at_home": config.at_home}


def _finished(out: Path, origin: dict[str, Any]) -> ShardIndex | None:
    """The index of a folder that is whole; None when shards are missing, which are written again."""
    index = read_index(out)
    if index.config != origin:
        raise InputError(f"{out} holds a choice from other data or by another teacher; choose another --out")
    if not all((out / shard.name).is_file() for shard in index.shards):
        return None
    verify_shards(out, index)
    if not (out / CONTACT).is_file():
        write_contact_sheet(out, out / CONTACT)
    return index


def _choose(config: SelectConfig, reader: ShardReader, numbers: np.ndarray, teacher: DepthNet | None) -> Selection:
    rows, pictures, keys = [], [], []
    for number in tqdm(numbers, unit="record", desc="descriptors"):
        record = reader[int(number)]
        preview = record_preview(record)
        keys.append(record.key)
        rows.append(describe(preview))
        pictures.append(jpeg(preview.image))
    order = sorted(range(len(keys)), key=keys.__getitem__)  # by name, so that the order of the shards says nothing
    descriptors, features = np.stack(rows)[order], None
    if teacher is None:
        points = fit_scaling(descriptors).apply(descriptors)
    else:
        features = teacher_features(reader, teacher, seed=config.seed)[numbers][order]
        points = fit_axes(features).project(features)
    ranked = select(np.arange(len(order)), points, config.keep, seed=config.seed, whole=features)
    is_kept = np.isin(np.arange(len(order)), ranked.kept)
    title = f"{config.keep} of {len(order)} {reader.domain} records" + (" at home" if config.distances else "")
    picture_of = [pictures[number] for number in order].__getitem__
    write_page(config.out, title, ranked.figures, descriptors, points, is_kept, picture_of)
    selection = replace(ranked, kept=tuple(sorted(int(numbers[order[rank]]) for rank in ranked.kept)))
    write_selection(config.out, selection)
    return selection


def _write_shards(
    config: SelectConfig, reader: ShardReader, selection: Selection, origin: dict[str, Any]
) -> ShardIndex:
    """Copy the chosen records, byte by byte, in the order in which they lie in the data."""

    def files(first: int) -> Iterator[tuple[str, dict[str, bytes]]]:
        return (reader.files(number) for number in selection.kept[first : first + config.shard_size])

    shards = tuple(
        write_shard(config.out / f"shard-{number:05d}.tar", files(first))
        for number, first in enumerate(range(0, len(selection.kept), config.shard_size))
    )
    return ShardIndex(
        origin=reader.index.origin,
        domain=reader.index.domain,
        num_records=len(selection.kept),
        config=origin,
        config_sha256=sha256_bytes(json_bytes(origin)),
        shards=shards,
        notes=reader.index.notes,  # who painted the images stays known
    )


def _report(config: SelectConfig, selection: Selection, origin: dict[str, Any]) -> dict[str, Any]:
    return {
        "command": COMMAND,
        "config": asdict(config),
        "parents": {"data": origin["parent_index_sha256"], "teacher": origin["teacher_sha256"]},
        "selection_sha256": sha256_file(config.out / SELECTION),
        "figures": selection.figures,
    }


if __name__ == "__main__":
    run_command(main, SelectConfig, COMMAND)
