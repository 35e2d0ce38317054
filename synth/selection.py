"""Selection: which candidates are kept, and the figures that say what that was worth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mde.files import read_json, write_json
from synth.comparison import compare
from synth.coverage import choose

SELECTION = "selection.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """The candidates that are kept, by number."""

    kept: tuple[int, ...]
    """Sorted numbers of samples."""
    num_candidates: int
    seed: int
    figures: dict[str, Any]
    """See `synth.comparison.compare`."""


def select(
    numbers: np.ndarray, points: np.ndarray, num_keep: int, *, seed: int, whole: np.ndarray | None = None
) -> Selection:
    """Keep `num_keep` of the candidates, a pure function of the set.

    `numbers` (N,) are the candidates' sample numbers, ascending, so that nothing depends on the order in which they
    were made; `points` (N,d) where they lie, `whole` (N,D) the vectors of which the points are a part, for the figures.
    """
    assert (np.diff(numbers) > 0).all()
    chosen = choose(points, num_keep, seed=seed)
    figures = compare(points, chosen, seed=seed, whole=whole)
    kept = tuple(int(number) for number in numbers[chosen])
    return Selection(kept=kept, num_candidates=len(numbers), seed=seed, figures=figures)


def write_selection(directory: Path, selection: Selection) -> None:
    """Write `selection.json`, whole or not at all."""
    write_json(directory / SELECTION, selection)


def read_selection(directory: Path) -> Selection:
    """Read `selection.json` back."""
    raw = read_json(directory / SELECTION)
    return Selection(**{**raw, "kept": tuple(raw["kept"])})
