"""Table: one row per network, all of one protocol, with what the network costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from eval.alignment import LABELS, Alignment
from eval.cost import Cost
from eval.score import Scores, mean_metrics


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
    fidelity: dict[str, float] | None
    """The same metrics against the reference's prediction, unaligned; None for the reference itself."""
    cost: Cost | None

    @property
    def label(self) -> str:
        """Name of the row; the alignment is part of it."""
        return f"{self.net}, {LABELS[self.alignment]}"


def table_rows(scores: Scores, costs: Mapping[str, Cost]) -> tuple[Row, ...]:
    """All rows: alignments in their order, networks in theirs."""
    return tuple(_row(scores, costs, net, alignment) for alignment in scores.alignments for net in scores.specs)


def _row(scores: Scores, costs: Mapping[str, Cost], net: str, alignment: Alignment) -> Row:
    images = scores.of(net, alignment)
    fidelity = [score for score in scores.fidelity if score.net == net]
    return Row(
        net=net,
        role=scores.specs[net].role,
        alignment=alignment,
        protocol=scores.protocol.name,
        protocol_sha256=replace(scores.protocol, alignment=alignment).digest(),
        num_frames=len(images),
        num_scenes=len({score.scene for score in images}),
        metrics=scores.mean(net, alignment),
        fidelity=mean_metrics(fidelity, rmse=scores.protocol.rmse) if fidelity else None,
        cost=costs.get(net),
    )


COLUMNS = ("abs_rel", "delta1", "rmse", "rmse_log", "log10", "silog", "sq_rel", "delta2", "delta3")
"""The metrics in the order of reading: a phone shows the first three without scrolling."""
HEADINGS = (*COLUMNS, "M param.", "GMAC", "CPU ms", "abs_rel to ref.", "delta1 to ref.")


def cells(row: Row) -> tuple[str, ...]:
    """The texts of a row, one for each of `HEADINGS`; a dash where nothing was measured."""
    numbers = [f"{row.metrics[name]:.2f}" if name == "silog" else f"{row.metrics[name]:.4f}" for name in COLUMNS]
    return (*numbers, *_cost_cells(row.cost), *_fidelity_cells(row.fidelity))


def _cost_cells(cost: Cost | None) -> tuple[str, str, str]:
    if cost is None:
        return "–", "–", "–"
    low, high = cost.latency_quartiles_s
    spread = (high - low) / 2.0
    return (
        f"{cost.num_parameters / 1e6:.3f}",
        f"{cost.num_macs / 1e9:.3f}",
        f"{cost.latency_s * 1e3:.1f} ±{spread * 1e3:.1f}",
    )


def _fidelity_cells(fidelity: dict[str, float] | None) -> tuple[str, str]:
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
