"""Verdict: whether a painted image may stand in for the render whose depth it is stored with.

Both checks compare the painting with its own render, so the render itself always passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mde.errors import InputError
from mde.nets.net import DepthNet
from mde.record import Record
from synth.agreement import edge_agreement, has_edges, teacher_error

MIN_RENDER_AGREEMENT = 0.6
"""A render that shows its own depth edges less than this, in the dark or in fog, is no measure of a painting."""
MIN_EDGES_KEPT = 0.65
"""Share of the render's edge agreement above chance that a painting must keep. Over 16 scenes of each domain, the
same scenes with other surfaces and light kept 0.68 or more; images of other scenes 0.47 or less, mirrored ones
0.54, images shifted by a tenth of an indoor frame 0.59."""
MAX_ERROR_RATIO = 1.25
"""The teacher's scaled error on the painting against that on the render; it may grow by a quarter."""

UNJUDGED = "too few depth edges show in the render to judge a painting by"
MOVED_EDGES = "image edges do not lie on depth edges"
OTHER_DEPTH = "the teacher sees another depth"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The answer and the figures behind it."""

    is_accepted: bool
    reason: str | None
    """Why not; None for an accepted painting."""
    figures: dict[str, float]
    """Edge agreement and teacher's error of the painting and of its render."""


class Judge:
    """Judges paintings by their edges, and by a teacher's depth where there is a teacher.

    Its depth may be metric or in an unknown unit, since it is scaled by the medians. Raises InputError for a teacher
    of relative depth: with an offset in its inverse depth, no factor brings it to the render.
    """

    def __init__(self, teacher: DepthNet | None = None) -> None:
        if teacher is not None and teacher.spec.kind == "relative":
            raise InputError(
                f"--reskin-teacher {teacher.spec.name} answers relative depth, which has an offset; paintings are "
                "judged by a factor alone: choose a metric or disparity teacher"
            )
        self._teacher = teacher

    @property
    def identity(self) -> dict[str, Any]:
        """All that a verdict depends on, besides the record and the painting."""
        return {
            "min_render_agreement": MIN_RENDER_AGREEMENT,
            "min_edges_kept": MIN_EDGES_KEPT,
            "max_error_ratio": MAX_ERROR_RATIO,
            "teacher_sha256": None if self._teacher is None else self._teacher.spec.weights_sha256,
        }

    def can_judge(self, record: Record) -> bool:
        """Whether this render shows enough of its depth; asked before any effort is spent on painting it."""
        return has_edges(record.depth_m) and edge_agreement(record.image, record.depth_m) >= MIN_RENDER_AGREEMENT

    def judge(self, record: Record, painted: np.ndarray) -> Verdict:
        """Compare a painting (H,W,3) uint8 with the record that it was painted from."""
        figures = {
            "edge_agreement": edge_agreement(painted, record.depth_m),
            "render_edge_agreement": edge_agreement(record.image, record.depth_m),
        }
        kept = (figures["edge_agreement"] - 0.5) / (figures["render_edge_agreement"] - 0.5)
        if kept < MIN_EDGES_KEPT:
            return _verdict(MOVED_EDGES, figures)
        if self._teacher is None:
            return _verdict(None, figures)
        figures["teacher_error"] = teacher_error(self._teacher, painted, record.depth_m)
        figures["render_teacher_error"] = teacher_error(self._teacher, record.image, record.depth_m)
        is_worse = figures["teacher_error"] > MAX_ERROR_RATIO * figures["render_teacher_error"]
        return _verdict(OTHER_DEPTH if is_worse else None, figures)


def _verdict(reason: str | None, figures: dict[str, float]) -> Verdict:
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return Verdict(is_accepted=reason is None, reason=reason, figures=rounded)
