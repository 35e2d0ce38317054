"""Side by side: the networks of several runs on the same frames, each pair compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from eval.alignment import Alignment
from eval.bootstrap import units_of
from eval.comparison import Comparison, compare_values
from eval.earlier_run import EarlierRun, Judged
from eval.table import Row
from mde.errors import InputError


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Rows and pairs, for each alignment that all runs have."""

    alignments: tuple[Alignment, ...]
    """The primary one of the first run comes first, where all have it."""
    rows: tuple[Row, ...]
    reference: str | None
    pairs: tuple[Comparison, ...]
    """Each network against each that stands before it; of abs_rel."""

    def rows_of(self, alignment: Alignment) -> tuple[Row, ...]:
        """The rows of one table."""
        return tuple(row for row in self.rows if row.alignment == alignment)

    def pairs_of(self, alignment: Alignment) -> tuple[Comparison, ...]:
        """The pairs of one table."""
        return tuple(pair for pair in self.pairs if pair.alignment == alignment)


def side_by_side(runs: Sequence[EarlierRun]) -> SideBySide:
    """Put runs of the same frames and protocol side by side; a network that several of them have stands there once.

    Raises InputError for runs of other frames or protocols, whose figures do not compare.
    """
    alignments = common_alignments(runs)
    judged = _named(runs, alignments)
    pairs = [
        _pair(judged[name, alignment], judged[other, alignment])
        for alignment in alignments
        for other, name in combinations(dict.fromkeys(name for name, _ in judged), 2)
    ]
    return SideBySide(
        alignments=alignments,
        rows=tuple(judged[key].row for alignment in alignments for key in judged if key[1] == alignment),
        reference=next((name for name, _ in judged if name.split("/")[-1] == runs[0].reference), None),
        pairs=tuple(pairs),
    )


def common_alignments(runs: Sequence[EarlierRun]) -> tuple[Alignment, ...]:
    """Alignments that all runs have. Raises InputError where frames or protocols differ."""
    first = runs[0]
    for other in runs[1:]:
        if other.data_sha256 != first.data_sha256:
            raise InputError(
                f"{other.folder} was scored on other frames than {first.folder} (digests {other.data_sha256[:8]}, "
                f"{first.data_sha256[:8]}); run both on the same --root and --split"
            )
    shared = tuple(name for name in first.protocols if all(name in run.protocols for run in runs))
    for other in runs[1:]:
        if not shared or any(other.protocols[name] != first.protocols[name] for name in shared):
            raise InputError(
                f"{other.folder} was scored under another protocol than {first.folder} ({_protocol(other)}, "
                f"{_protocol(first)}); run both with the same --protocol and --alignment"
            )
    return shared


def _protocol(run: EarlierRun) -> str:
    row = next(iter(run.judged.values())).row
    listed = ", ".join(f"{alignment} {digest[:8]}" for alignment, digest in run.protocols.items())
    return f"{row.protocol}: {listed}"


def _named(runs: Sequence[EarlierRun], alignments: Sequence[Alignment]) -> dict[tuple[str, Alignment], Judged]:
    """All different networks by names of their own: with the folder of their run where two would agree."""
    kept: list[tuple[EarlierRun, str]] = []
    for run in runs:
        for net in dict.fromkeys(net for net, _ in run.judged):
            if not any(_is_same(run, net, other, other_net, alignments[0]) for other, other_net in kept):
                kept.append((run, net))
    plain = [net for _, net in kept]
    named: dict[tuple[str, Alignment], Judged] = {}
    for run, net in kept:
        name = net if plain.count(net) == 1 else f"{run.folder.resolve().name}/{net}"
        if (name, alignments[0]) in named:
            name = f"{run.folder}/{net}"
        for alignment in alignments:
            judged = run.judged[net, alignment]
            named[name, alignment] = replace(judged, row=replace(judged.row, net=name))
    return named


def _is_same(run: EarlierRun, net: str, other: EarlierRun, other_net: str, alignment: Alignment) -> bool:
    """The same weights with the same error on every image; an exported file has the digest of its student."""
    mine, theirs = run.judged[net, alignment], other.judged[other_net, alignment]
    return mine.weights_sha256 == theirs.weights_sha256 and all(
        np.array_equal(values, theirs.metrics[name]) for name, values in mine.metrics.items()
    )


def _pair(mine: Judged, other: Judged) -> Comparison:
    if mine.frames != other.frames:
        raise InputError(f"{mine.row.net} and {other.row.net} skipped different frames; run them together")
    values = np.stack((mine.metrics["abs_rel"], other.metrics["abs_rel"]), axis=1)
    names = (mine.row.net, other.row.net)
    units = units_of(mine.scenes)
    return compare_values(np.random.default_rng(0), values, units, pair=names, alignment=mine.row.alignment)
