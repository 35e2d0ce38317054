"""Report: what a scored run leaves on disk, for programs (JSON, CSV), for notes (Markdown) and for people (HTML)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from eval.breakdown import CURVE_STEP, Breakdown
from eval.comparison import Comparison, compare
from eval.contents import Contents
from eval.cost import Cost
from eval.doubt import MASS
from eval.metrics import METRICS
from eval.page import render_page
from eval.regions import REGIONS
from eval.score import Scores
from eval.shipping import ACCEPTED_LOSS, Shipping, judge_shipping
from eval.table import Row, markdown_table, table_rows
from mde.files import write_bytes
from mde.run_directory import environment, write_run_report

KIND = "eval"
PER_IMAGE = "per_image.csv"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was written, for the caller to print or to build upon."""

    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    shipping: tuple[Shipping, ...]
    page: Path


def write_report(
    out: Path,
    scores: Scores,
    costs: Mapping[str, Cost],
    *,
    title: str,
    command: str,
    remarks: Sequence[str] = (),
    accepted_loss: float = ACCEPTED_LOSS,
    num_worst: int = 10,
    provenance: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Report:
    """Write `report.json`, `table.md`, `per_image.csv` and the self-contained `report.html` into the folder `out`.

    `command` is the line that makes the same report again; `remarks` are sentences shown under the verdict, before
    those of the scores; `accepted_loss` is the relative loss of abs_rel at which a student may still take its teacher's
    place; the `num_worst` frames of largest error are listed; `provenance` are further facts for that section of the
    page, by name; `extra` is kept in the JSON file beside what is known
    here. The figures do not depend on where the frames came from. The bootstrap has the fixed seed 0: the same scores
    give the same report.
    """
    rows, said = table_rows(scores, costs), (*remarks, *scores.remarks)
    comparisons = _comparisons(scores)
    write_bytes(out / PER_IMAGE, per_image_csv(scores).encode())
    write_bytes(out / "table.md", tables(rows, scores).encode())
    primary = [item for item in comparisons if item.alignment == scores.alignments[0]]
    shipping = tuple(judge_shipping(item, accepted_loss) for item in primary if _is_judged(scores, item.net))
    contents = Contents(
        title=title,
        command=command,
        remarks=said,
        scores=scores,
        rows=rows,
        comparisons=comparisons,
        shipping=shipping,
        num_worst=num_worst,
        environment=environment(),
        provenance=provenance or {},
    )
    write_bytes(out / "report.html", render_page(contents).encode())
    figures = {**_figures(scores, rows, comparisons), "shipping": [asdict(item) for item in shipping]}
    write_run_report(
        out, {**(extra or {}), "kind": KIND, "title": title, "command": command, "remarks": list(said), **figures}
    )
    return Report(rows=rows, comparisons=comparisons, shipping=shipping, page=out / "report.html")


def _comparisons(scores: Scores) -> tuple[Comparison, ...]:
    others = [net for net in scores.specs if scores.reference is not None and net != scores.reference]
    return tuple(
        compare(np.random.default_rng(0), scores, net, alignment) for alignment in scores.alignments for net in others
    )


def _is_judged(scores: Scores, net: str) -> bool:
    """Students are judged; a second teacher is shown beside them."""
    return scores.specs[net].role == "student"


def _figures(scores: Scores, rows: Sequence[Row], comparisons: Sequence[Comparison]) -> dict[str, Any]:
    protocols = [replace(scores.protocol, alignment=alignment) for alignment in scores.alignments]
    return {
        "protocols": [{"sha256": protocol.digest(), **asdict(protocol)} for protocol in protocols],
        "num_frames": scores.num_frames,
        "skipped": [asdict(item) for item in scores.skipped],
        "data_sha256": scores.data_sha256,
        "reference": scores.reference,
        "nets": {name: asdict(spec) for name, spec in scores.specs.items()},
        "rows": [asdict(row) for row in rows],
        "comparisons": [asdict(comparison) for comparison in comparisons],
        "coverage": [
            {"net": net, "alignment": alignment, "mass": MASS, "share": found.share, "num_pixels": found.num_pixels}
            for (net, alignment), found in scores.coverage.items()
        ],
        "breakdowns": [
            {"net": net, "alignment": alignment, **_breakdown(found)}
            for (net, alignment), found in scores.breakdowns.items()
        ],
    }


def _breakdown(found: Breakdown) -> dict[str, Any]:
    bands, regions = found.num_pixels.sum(1).tolist(), found.num_pixels.sum(0).tolist()
    return {
        "bands": {"edges_m": found.edges_m, "num_pixels": bands, "abs_rel": found.by_band()},
        "regions": {"names": REGIONS, "num_pixels": regions, "abs_rel": found.by_region()},
        "curve": {"step": CURVE_STEP, "share_below": found.share_below()},
    }


def tables(rows: Sequence[Row], scores: Scores) -> str:
    """One Markdown table for each protocol, and what must be known of its networks."""
    blocks = []
    for alignment in scores.alignments:
        chosen = [row for row in rows if row.alignment == alignment]
        heading = f"{chosen[0].protocol}, alignment {alignment} ({chosen[0].protocol_sha256[:12]}), "
        blocks.append(f"{heading}{chosen[0].num_frames} frames\n\n{markdown_table(chosen)}")
    return "\n".join((*blocks, *(f"{remark}\n" for remark in scores.remarks)))


def per_image_csv(scores: Scores) -> str:
    """Every figure of every image, in the order of the frames; the mean of a column is the figure in the table.

    Other than that: `rmse` of protocols that take the root of the mean square.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("net", "alignment", "scene", "frame", "num_pixels", "scale", "shift", *METRICS))
    for score in scores.images:
        figures = (f"{score.metrics[name]:.9g}" for name in METRICS)
        place = (score.net, score.alignment, score.scene, score.frame)
        writer.writerow((*place, score.num_pixels, f"{score.scale:.9g}", f"{score.shift:.9g}", *figures))
    return stream.getvalue()
