"""Inspection: every file of a folder of shards, down to the last pixel, against what index and side files say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mde.errors import InputError
from mde.files import read_json, sha256_file
from mde.record import Record, decode_record
from mde.run_directory import CONFIG, REPORT
from mde.shards import INDEX, Shard, ShardIndex, read_index, read_parts
from synth.candidates import PREVIEWS
from synth.contact import CONTACT
from synth.coverage_page import PAGE
from synth.depth_chart import DEPTH
from synth.folder import side_file
from synth.gallery import GALLERY
from synth.origin import Origin, origin_of
from synth.selection import SELECTION, read_selection

COMPANIONS = frozenset({CONFIG, REPORT, INDEX, CONTACT, GALLERY, SELECTION, PREVIEWS, PAGE, DEPTH})
"""What a run writes beside shards and side files; everything else is a stranger."""


def inspect_folder(directory: Path) -> str:
    """Read everything; answers one line that says how much was found whole.

    Prints one line per fault. Raises InputError when there is no such folder, or any fault.
    """
    if not directory.is_dir():
        raise InputError(f"--verify {directory} is not a folder; give the --out of a run of synth.generate")
    num_faults = 0
    with tqdm(unit="image", desc="verify") as bar:
        for fault in find_faults(directory, lambda: bar.update()):
            tqdm.write(fault)
            num_faults += 1
        num_images = int(bar.n)
    if num_faults:
        raise InputError(
            f"{directory} has {num_faults} {'fault' if num_faults == 1 else 'faults'}; delete the files named above, "
            "then the command that made the folder makes what is missing"
        )
    return f"{directory}: {num_images} images, all files as they were written"


def find_faults(directory: Path, on_record: Callable[[], object]) -> Iterator[str]:
    """One line for every fault; `on_record` is called for every record that was read."""
    sides = {path.name: path for path in sorted(directory.glob("shard-*.json"))}
    index: ShardIndex | None = None
    try:
        index = read_index(directory)
    except InputError as error:
        yield str(error)
    origin = None if index is None else origin_of(directory, index)
    if index is not None:
        yield from _index_faults(directory, index, is_chosen=origin is not None and origin.is_chosen)
    shards = index.shards if index is not None else tuple(_shard_of(path) for path in sides.values())
    keys: set[str] = set()
    for shard in shards:
        yield from _shard_faults(directory, shard, index, origin, keys, on_record)
    yield from _selection_faults(directory, origin, keys)
    known = COMPANIONS | {shard.name for shard in shards} | {side_file(Path(shard.name)).name for shard in shards}
    for path in sorted(directory.iterdir()):
        if path.name not in known:
            yield f"{path.name} does not belong here: no shard of {INDEX} and no file that the command writes"


def _index_faults(directory: Path, index: ShardIndex, *, is_chosen: bool) -> Iterator[str]:
    """The index against itself and its report; that of a choice is written before the index and does not name it."""
    if sum(shard.num_records for shard in index.shards) != index.num_records:
        yield f"{INDEX} says {index.num_records} records and names shards with another number"
    for name in (CONFIG, REPORT):
        try:
            content = read_json(directory / name)
        except InputError as error:
            yield str(error)
            continue
        if name == REPORT and not is_chosen and content.get("index_sha256") != sha256_file(directory / INDEX):
            yield f"{REPORT} is about another {INDEX}"


def _selection_faults(directory: Path, origin: Origin | None, keys: set[str]) -> Iterator[str]:
    """The choice against the report that names it, and against the records."""
    path = directory / SELECTION
    noted = _read_side(directory / REPORT).get("selection_sha256")
    if origin is None or noted is None:
        return
    if not path.is_file() or sha256_file(path) != noted:
        yield f"{SELECTION} is not the choice that {REPORT} names"
        return
    kept = read_selection(directory).kept
    is_same = len(kept) == len(keys) if origin.is_chosen else {f"{number:06d}" for number in kept} == keys
    if not is_same:
        yield f"{SELECTION} names other records than the shards hold"


def _shard_of(side: Path) -> Shard:
    """The shard that a side file speaks of; a file that says nothing stands for a shard nobody can match."""
    entry = _read_side(side)
    return Shard(
        name=side.with_suffix(".tar").name,
        sha256=str(entry.get("sha256")),
        num_records=int(entry.get("num_records", 0)),
    )


def _read_side(side: Path) -> dict[str, Any]:
    try:
        entry = read_json(side)
    except InputError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _shard_faults(
    directory: Path,
    shard: Shard,
    index: ShardIndex | None,
    origin: Origin | None,
    keys: set[str],
    on_record: Callable[[], object],
) -> Iterator[str]:
    path = directory / shard.name
    if not path.is_file():
        yield f"{shard.name} is missing"
        return
    yield from _digest_faults(path, shard, has_side=origin is None or not origin.is_chosen)
    num_records = 0
    try:
        for key, parts in read_parts(path):
            num_records += 1
            record = decode_record(key, parts)
            on_record()
            yield from (f"{shard.name}: record {key} {fault}" for fault in _record_faults(record, index, origin, keys))
    except InputError as error:
        yield f"{shard.name} cannot be read after {num_records} records: {error}"
        return
    if num_records != shard.num_records:
        yield f"{shard.name} holds {num_records} records, {shard.num_records} were written"


def _digest_faults(path: Path, shard: Shard, *, has_side: bool) -> Iterator[str]:
    """The shard against the digest of the index, and both against its side file, which a copied shard lacks."""
    side = side_file(path)
    noted, found = _read_side(side).get("sha256"), sha256_file(path)
    if found != shard.sha256:
        if found == noted:
            yield f"{INDEX} names another SHA-256 of {path.name} than {side.name}, which is right"
        else:
            yield f"{path.name} is damaged: its SHA-256 begins {found[:12]}, {shard.sha256[:12]} was written"
    elif not has_side:
        return
    elif noted is None:
        yield f"{side.name} is missing or not readable, so {path.name} would not count"
    elif found != noted:
        yield f"{side.name} speaks of another file than {path.name}"


def _record_faults(record: Record, index: ShardIndex | None, origin: Origin | None, keys: set[str]) -> Iterator[str]:
    if record.key in keys:
        yield "stands twice in the folder"
    keys.add(record.key)
    if f"{record.recipe.get('index', -1):06d}" != record.key:
        yield f"was made as sample {record.recipe.get('index')}"
    if index is None or origin is None:
        return
    wanted = (index.origin, index.domain, origin.config_sha256)
    found = (record.origin, record.domain, record.recipe.get("config_sha256"))
    if found != wanted:
        yield f"is of another run: {found}, the index says {wanted}"
