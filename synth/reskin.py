"""Reskin: shards of renders become shards of paintings, one tar after the other, each whole or absent.

Keys, depth and ids stay as they are, byte for byte. A painting that does not fit its depth is dropped and the
plain render kept in its place. The origin stays synthetic, but every record and the index name the model, since
such a model was itself trained on real images.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from mde.errors import InputError
from mde.files import json_bytes, read_json, sha256_bytes, sha256_file, write_json
from mde.record import Record, decode_record, encode_image
from mde.shards import INDEX, Shard, ShardIndex, read_index, read_parts, verify_shards, write_index, write_shard
from synth.painter import Painting
from synth.verdict import UNJUDGED, Judge

PAINTED = "painted"
"""Name of what is said about painting: in recipes, in the index's configuration and in its notes."""
ACCEPTED = "accepted"


class Paints(Protocol):
    """What paints a record: `Painter`, with a pipeline of diffusers behind it."""

    @property
    def identity(self) -> dict[str, Any]:
        """Model and settings, as JSON."""
        ...

    def paint(self, record: Record) -> Painting:
        """A picture of the record's size."""
        ...


def paint_shards(
    plain: Path, out: Path, painter: Paints, judge: Judge, *, on_record: Callable[[], object]
) -> ShardIndex:
    """Paint every shard of `plain` into `out` and write its index; finished shards are checked and kept.

    `on_record` is called once for every record that is done, or found to be. Raises InputError for plain shards
    that are damaged, painted already or not synthetic, OSError for a full disk.
    """
    source = read_index(plain)
    _refuse_unfit(plain, source)
    painting = {**painter.identity, "judge": judge.identity}
    entries = []
    for shard in source.shards:
        wanted = {"parent_sha256": shard.sha256, "painting_sha256": sha256_bytes(json_bytes(painting))}
        entry = _finished(out / shard.name, wanted)
        if entry is None:
            (out / INDEX).unlink(missing_ok=True)
            records = _watched(plain / shard.name, on_record)
            entry = {**_paint_shard(out / shard.name, records, painter, judge), **wanted}
            write_json(_side_file(out / shard.name), entry)
        else:
            for _ in range(shard.num_records):
                on_record()
        entries.append(entry)
    index = _index(source, entries, painting)
    write_index(out, index)
    return index


def _refuse_unfit(plain: Path, source: ShardIndex) -> None:
    if source.origin != "synthetic":
        raise InputError(
            f"{plain} holds records of origin {source.origin!r}; only renders of synth.generate are painted"
        )
    if PAINTED in source.notes:
        raise InputError(f"{plain} is painted already; give the folder of plain renders")
    verify_shards(plain, source)


def _side_file(path: Path) -> Path:
    return path.with_suffix(".json")


def _finished(path: Path, wanted: dict[str, str]) -> dict[str, Any] | None:
    """The side file of a painted shard that is whole and is the one wanted, else None."""
    if not (path.is_file() and _side_file(path).is_file()):
        return None
    entry: dict[str, Any] = read_json(_side_file(path))
    if {name: entry.get(name) for name in wanted} != wanted or sha256_file(path) != entry["sha256"]:
        return None
    return entry


def _watched(path: Path, on_record: Callable[[], object]) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Keys and files of a shard; each record is reported when the next one is asked for."""
    for record in read_parts(path):
        yield record
        on_record()


def _paint_shard(
    path: Path, records: Iterable[tuple[str, dict[str, bytes]]], painter: Paints, judge: Judge
) -> dict[str, Any]:
    """Write one painted shard and answer what it holds."""
    outcomes: Counter[str] = Counter()

    def painted() -> Iterator[tuple[str, dict[str, bytes]]]:
        for key, parts in records:
            facts, image = painted_image(decode_record(key, parts), painter, judge)
            outcomes[facts["reason"] or ACCEPTED] += 1
            yield key, with_painting(parts, facts, image)

    shard = write_shard(path, painted())
    return {**asdict(shard), "outcomes": dict(sorted(outcomes.items()))}


def painted_image(record: Record, painter: Paints, judge: Judge) -> tuple[dict[str, Any], bytes | None]:
    """What is said about a record's painting, and its JPEG; None where the plain image has to stay."""
    facts: dict[str, Any] = {**painter.identity, "accepted": False, "reason": UNJUDGED, "prompt": None}
    if not judge.can_judge(record):
        return facts, None
    painting = painter.paint(record)
    facts["prompt"] = painting.prompt
    if painting.fault is not None:
        return {**facts, "reason": painting.fault}, None
    verdict = judge.judge(record, painting.image)
    facts |= {"accepted": verdict.is_accepted, "reason": verdict.reason, **verdict.figures}
    return facts, encode_image(painting.image) if verdict.is_accepted else None


def with_painting(parts: dict[str, bytes], facts: dict[str, Any], image: bytes | None) -> dict[str, bytes]:
    """The files of a record with these facts in its recipe and, unless None, this JPEG as its image."""
    meta = json.loads(parts["json"])
    meta["recipe"][PAINTED] = facts
    return {**parts, "json": json_bytes(meta), "image.jpg": parts["image.jpg"] if image is None else image}


def _index(source: ShardIndex, entries: list[dict[str, Any]], painting: dict[str, Any]) -> ShardIndex:
    config = {**source.config, PAINTED: painting}
    return ShardIndex(
        origin=source.origin,
        domain=source.domain,
        num_records=source.num_records,
        config=config,
        config_sha256=sha256_bytes(json_bytes(config)),
        shards=tuple(Shard(name=e["name"], sha256=e["sha256"], num_records=e["num_records"]) for e in entries),
        notes={**source.notes, PAINTED: {**painting, **_counts(entries)}},
    )


def _counts(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """How many paintings were taken, and why the others were not."""
    outcomes: Counter[str] = Counter()
    for entry in entries:
        outcomes.update(entry["outcomes"])
    num_painted = outcomes.pop(ACCEPTED, 0)
    return {
        "num_painted": num_painted,
        "num_kept_plain": sum(outcomes.values()),
        "reasons": dict(sorted(outcomes.items())),
    }
