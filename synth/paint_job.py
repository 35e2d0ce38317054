"""Paint job: everything that `synth.generate --reskin` needs besides the renders, checked before any is made."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mde.device import pick_device
from mde.domain import DomainName
from mde.errors import InputError
from mde.shards import ShardIndex
from synth.painter import Brush, Painter
from synth.pipeline_folder import PipelineFolder, read_pipeline_folder
from synth.prompts import words_of
from synth.reskin import PAINTED, paint_shards
from synth.verdict import Judge

PLAIN = "plain"
"""Folder of the plain renders inside that of the paintings; kept, so that another model can paint them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PaintJob:
    """A checked model folder, how to paint with it, and who judges the paintings."""

    folder: PipelineFolder
    brush: Brush
    judge: Judge


def read_job(
    model_dir: Path, brush: Brush, *, teacher: str | None, weights: Path | None, domain: DomainName
) -> PaintJob:
    """Check all that a user can get wrong. Raises InputError; the pipeline itself is loaded by `run_job`."""
    words_of(domain)
    if weights is not None and teacher is None:
        raise InputError(f"--reskin-weights {weights} belongs to a teacher; add --reskin-teacher NAME")
    return PaintJob(
        folder=read_pipeline_folder(model_dir), brush=brush, judge=Judge(_teacher(teacher, weights, domain))
    )


def _teacher(name: str | None, weights: Path | None, domain: DomainName) -> Any:
    if name is None:
        return None
    from mde.nets import load_teacher  # here, since it brings timm along and hardly any run has a teacher

    return load_teacher(name, weights, domain).to(pick_device("auto"))


def run_job(job: PaintJob, plain: Path, out: Path) -> tuple[ShardIndex, float]:
    """Paint the shards of `plain` into `out` on the best device here; answers the index and the seconds it took.

    The pipeline is loaded here, in one process and after all rendering, so it shares memory with no renderer.
    """
    painter = Painter(job.folder, job.brush, pick_device("auto"))
    start_s = time.monotonic()
    with tqdm(unit="image", desc="painting", smoothing=0.05) as bar:
        index = paint_shards(plain, out, painter, job.judge, on_record=bar.update)
    return index, time.monotonic() - start_s


def painting_text(index: ShardIndex) -> str:
    """What came of painting, and what it means, in one line."""
    notes = index.notes[PAINTED]
    return (
        f"{notes['num_painted']} images painted, {notes['num_kept_plain']} kept plain; painted by {notes['model']} "
        f"(sha256 {notes['model_sha256'][:12]}), a model that was itself trained on real images"
    )
