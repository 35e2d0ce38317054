"""Student facts: what model card and bill of materials say of a finished student, gathered once from its run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.inputs import FITTED, Inputs
from mde.camera import Camera
from mde.checkpoint import SIDECAR, TENSORS
from mde.domain import DOMAINS
from mde.evidence import TITLES
from mde.files import read_json, sha256_file
from mde.nets.student import STUDENT, StudentCard, read_card
from mde.run_directory import REPORT


@dataclass(frozen=True, kw_only=True)
class StudentFacts:
    """Numbers and names; sentences are made of them elsewhere."""

    card: StudentCard
    camera: Camera
    """In pixels of the native size."""
    weights_sha256: str
    num_bytes: int
    level: str
    why_not_next: str
    teacher_files: tuple[tuple[str, str], ...]
    """Name and SHA-256."""
    index_sha256: str
    num_renders: int
    renders_config: dict[str, Any]
    is_transformed: bool
    owner_statistics_sha256: str | None
    """The file of moments of real images that renders were matched to, if any."""
    figures: dict[str, float]
    """What can be measured without a label, by name."""


def facts_of(out: Path, inputs: Inputs) -> StudentFacts:
    """The facts about the student in `out`, whose report is written."""
    report, folder = read_json(out / REPORT), out / STUDENT
    card = read_card(read_json(folder / SIDECAR), where=folder)
    index = inputs.reader.index
    return StudentFacts(
        card=card,
        camera=inputs.teacher.spec.framing.camera(DOMAINS[card.domain].camera),
        weights_sha256=sha256_file(folder / TENSORS),
        num_bytes=(folder / TENSORS).stat().st_size,
        level=TITLES[report["evidence"]["level"]],
        why_not_next=report["evidence"]["why_not_next"],
        teacher_files=tuple(
            (one.name.removeprefix("teacher:"), (one.digest or {})["sha256"]) for one in inputs.teacher_files()
        ),
        index_sha256=report["parents"]["data"],
        num_renders=index.num_records,
        renders_config=index.config,
        is_transformed=(out / FITTED).is_dir(),
        owner_statistics_sha256=report["parents"].get("statistics"),
        figures=_figures(report),
    )


def _figures(report: dict[str, Any]) -> dict[str, float]:
    final, step = report["training"]["final"], str(report["checkpoint"]["step"])
    figures = {
        "relative error to the teacher on training renders": final["abs_rel_to_teacher"],
        "mean log ratio to the teacher on training renders": final["log_bias"],
        "largest relative error of the ONNX file to the student": report["student"]["max_relative_error"],
    }
    proxy = report["checkpoint"]["proxy"].get(step)
    if proxy is not None:
        figures["mean log error to the teacher on renders of other scenes and cameras"] = proxy["worst"]
    return figures
