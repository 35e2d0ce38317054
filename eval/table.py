"""Table: one row per network, all of one protocol, with what the network costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.alignment import LABELS, Alignment
from eval.bootstrap import Interval, Unit, Units, bootstrap_means, central_interval, units_of
from eval.cost import Cost
from eval.metrics import RmseMean
from eval.score import ImageScore, Scores, mean_metrics


@dataclass(frozen=True, kw_only=True)
class Row:
    """Means over images of one network under one protocol."""

    net: str
    role: str
    alignment: Alignment
    protocol: str
    protocol_sha256: str
    """Digest of the protocol with this row's alignment."""
    num_frames: int
    num_scenes: int
    metrics: dict[str, float]
    intervals: dict[str, Interval]
    """Central 95 % of each mean when whole scenes are drawn anew (images, where all frames are one scene)."""
    resampled: Unit
    num_resampled: int
    caution: str
    """What a reader must know of the intervals; empty where there are enough scenes."""
    fidelity: dict[str, float] | None
    """The same metrics against the reference's prediction, unaligned; None for the reference itself."""
    cost: Cost | None

    @property
    def label(self) -> str:
        """Name of the row; the alignment is part of it."""
        return f"{self.net}, {LABELS[self.alignment]}"


def table_rows(scores: Scores, costs: Mapping[str, Cost]) -> tuple[Row, ...]:
    """All rows: alignments in their order, networks in theirs. The bootstrap of each row has the fixed seed 0."""
    return tuple(_row(scores, costs, net, alignment) for alignment in scores.alignments for net in scores.specs)


def _row(scores: Scores, costs: Mapping[str, Cost], net: str, alignment: Alignment) -> Row:
    images = scores.of(net, alignment)
    units = units_of([image.scene for image in images])
    fidelity = [score for score in scores.fidelity if score.net == net]
    return Row(
        net=net,
        role=scores.specs[net].role,
        alignment=alignment,
        protocol=scores.protocol.name,
        protocol_sha256=replace(scores.protocol, alignment=alignment).digest(),
        num_frames=len(images),
        num_scenes=units.num_scenes,
        metrics=scores.mean(net, alignment),
        intervals=_intervals(images, units, scores.protocol.rmse),
        resampled=units.unit,
        num_resampled=units.num,
        caution=units.caution(),
        fidelity=mean_metrics(fidelity, rmse=scores.protocol.rmse) if fidelity else None,
        cost=costs.get(net),
    )


def _intervals(images: Sequence[ImageScore], units: Units, rmse: RmseMean) -> dict[str, Interval]:
    """Of every mean over images; of a root of a mean square the roots of its ends."""
    names = tuple(images[0].metrics)
    values = np.array([[image.metrics[name] for name in names] for image in images])
    place = names.index("rmse")
    if rmse == "root_of_means":
        values[:, place] **= 2
    draws = bootstrap_means(np.random.default_rng(0), values, units)
    if rmse == "root_of_means":
        draws[:, place] **= 0.5
    return {name: central_interval(column) for name, column in zip(names, draws.T, strict=True)}


COLUMNS = ("abs_rel", "delta1", "rmse", "rmse_log", "log10", "silog", "sq_rel", "delta2", "delta3")
"""The metrics in the order of reading: a phone shows the first three without scrolling."""
COST_HEADINGS = ("M param.", "GMAC", "CPU ms", "peak MB")
FIDELITY_HEADINGS = ("abs_rel to ref.", "delta1 to ref.")
HEADINGS = ("abs_rel", "95 % interval", *COLUMNS[1:], *COST_HEADINGS, *FIDELITY_HEADINGS)


def cells(row: Row) -> tuple[str, ...]:
    """The texts of a row, one for each of `HEADINGS`; a dash where nothing was measured."""
    first, *others = (number(name, row.metrics[name]) for name in COLUMNS)
    return (first, interval_text(row, "abs_rel"), *others, *cost_cells(row.cost), *fidelity_cells(row.fidelity))


def number(metric: str, value: float) -> str:
    """A figure with the digits that its metric is quoted with."""
    return f"{value:.2f}" if metric == "silog" else f"{value:.4f}"


def signed(value: float) -> str:
    """A difference with its sign; one that rounds to nothing is +0.0000, whichever side it was on."""
    return f"{value:+z.4f}"


def interval_text(row: Row, metric: str) -> str:
    """The interval of a figure; a dash for one image, which has none."""
    if row.num_resampled == 1:
        return "–"
    return "–".join(number(metric, end) for end in row.intervals[metric])


def cost_cells(cost: Cost | None) -> tuple[str, ...]:
    """The texts for `COST_HEADINGS`."""
    if cost is None:
        return ("–",) * len(COST_HEADINGS)
    low, high = cost.latency_quartiles_s
    spread = (high - low) / 2.0
    return (
        f"{cost.num_parameters / 1e6:.3f}",
        f"{cost.num_macs / 1e9:.3f}",
        f"{cost.latency_s * 1e3:.1f} ±{spread * 1e3:.1f}",
        "–" if cost.memory is None else f"{cost.memory.peak_bytes / 1e6:.1f}",
    )


def fidelity_cells(fidelity: dict[str, float] | None) -> tuple[str, ...]:
    """The texts for `FIDELITY_HEADINGS`."""
    return ("–", "–") if fidelity is None else (f"{fidelity['abs_rel']:.4f}", f"{fidelity['delta1']:.4f}")


def markdown_table(rows: Sequence[Row]) -> str:
    """A Markdown table. Raises ValueError for rows of more than one protocol: their figures do not compare."""
    require_one_protocol(rows)
    lines = [("network", *HEADINGS), ("---",) * (len(HEADINGS) + 1), *((row.label, *cells(row)) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def require_one_protocol(rows: Sequence[Row]) -> None:
    """Raise ValueError unless all rows were scored under one protocol."""
    found = {row.protocol_sha256: row.protocol for row in rows}
    if len(found) != 1:
        listed = ", ".join(sorted(f"{name} ({digest[:8]})" for digest, name in found.items()))
        raise ValueError(f"one table holds the rows of one protocol, got {listed or 'no rows'}")
