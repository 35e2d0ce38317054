"""Worst: the frames on which the networks under judgement fail most."""

from __future__ import annotations

from dataclasses import dataclass

from eval.score import Scores


@dataclass(frozen=True, kw_only=True)
class WorstFrame:
    """One frame and the error of each network on it."""

    frame: str
    scene: str
    abs_rel: dict[str, float]
    error: float
    """The largest among the networks that are judged, which is what the list is sorted by."""


def worst_frames(scores: Scores, num: int) -> tuple[WorstFrame, ...]:
    """The `num` frames of largest abs_rel under the primary alignment, the worst first.

    The reference is not judged, unless it is alone.
    """
    found: dict[str, dict[str, float]] = {}
    scenes: dict[str, str] = {}
    for image in scores.images:
        if image.alignment == scores.alignments[0]:
            found.setdefault(image.frame, {})[image.net] = image.metrics["abs_rel"]
            scenes[image.frame] = image.scene
    judged = [net for net in scores.specs if net != scores.reference] or list(scores.specs)
    frames = [
        WorstFrame(frame=name, scene=scenes[name], abs_rel=errors, error=max(errors[net] for net in judged))
        for name, errors in found.items()
    ]
    return tuple(sorted(frames, key=lambda item: -item.error)[:num])
