"""Selection: which candidates are kept, and the figures that say what that was worth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mde.files import read_json, write_json
from synth.comparison import compare
from synth.coverage import choose, fit_axes
from synth.descriptor import fit_scaling

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
    numbers: np.ndarray, vectors: np.ndarray, num_keep: int, *, seed: int, is_scaled: bool = False
) -> tuple[Selection, np.ndarray]:
    """Keep `num_keep` of the candidates; answers the selection and the (N,d) points in the order of their numbers.

    `numbers` (N,) are the candidates' sample numbers, in any order, `vectors` (N,D) their descriptors, or features
    that need no scaling. The same set gives the same selection.
    """
    order = np.argsort(numbers, kind="stable")
    numbers, vectors = numbers[order], vectors[order]
    scaled = vectors if is_scaled else fit_scaling(vectors).apply(vectors)
    points = fit_axes(scaled).project(scaled)
    chosen = choose(points, num_keep, seed=seed)
    figures = compare(points, scaled, chosen, seed=seed)
    kept = tuple(int(number) for number in numbers[chosen])
    return Selection(kept=kept, num_candidates=len(numbers), seed=seed, figures=figures), points


def write_selection(directory: Path, selection: Selection) -> None:
    """Write `selection.json`, whole or not at all."""
    write_json(directory / SELECTION, selection)


def read_selection(directory: Path) -> Selection:
    """Read `selection.json` back."""
    raw = read_json(directory / SELECTION)
    return Selection(**{**raw, "kept": tuple(raw["kept"])})
