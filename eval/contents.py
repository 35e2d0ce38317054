"""Contents: what the report page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eval.alignment import Alignment
from eval.comparison import Comparison
from eval.score import Scores
from eval.shipping import Shipping
from eval.table import Row


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Scores and what was made of them. The first alignment is the primary one: it decides verdict and pictures."""

    title: str
    command: str
    remarks: tuple[str, ...]
    scores: Scores
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    shipping: tuple[Shipping, ...]
    num_worst: int
    environment: dict[str, Any]
    provenance: Mapping[str, str] = field(default_factory=dict)
    """Further facts, by name, of where the figures come from."""

    @property
    def primary(self) -> Alignment:
        """The alignment that decides."""
        return self.scores.alignments[0]

    def rows_of(self, alignment: Alignment) -> tuple[Row, ...]:
        """The rows of one table."""
        return tuple(row for row in self.rows if row.alignment == alignment)
