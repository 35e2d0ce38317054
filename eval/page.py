"""Page: the report as one HTML file that opens anywhere, offline, on a phone as on a desk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from typing import Any

from eval.alignment import LABELS, Alignment
from eval.comparison import Comparison
from eval.cost import Cost
from eval.page_style import CSS
from eval.score import Scores
from eval.strips import render_strips
from eval.table import HEADINGS, Row, cells, require_one_protocol
from mde.nets.net import NetSpec

SERIES_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Told apart by colour-blind readers (Okabe and Ito, 2008)."""

FEW = 6
"""Below this number of scenes an interval is rough, and the page says so."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the page shows."""

    title: str
    command: str
    remarks: tuple[str, ...]
    scores: Scores
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    environment: dict[str, Any]


def render_page(page: Page) -> str:
    """The whole file: no scripts, no references to other files, pictures inside."""
    body = "".join(
        (
            _header(page),
            *(_table(page, alignment) for alignment in page.scores.alignments),
            _bands(page.scores),
            render_strips(page.scores),
            _skipped(page.scores),
            _provenance(page),
        )
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(page.title)}</title><style>{CSS}</style></head><body><main>{body}</main></body></html>\n"
    )


def _header(page: Page) -> str:
    scores = page.scores
    num_scenes = len({score.scene for score in scores.images})
    facts = f"{scores.num_frames} frames of {num_scenes} {'scene' if num_scenes == 1 else 'scenes'}"
    if scores.skipped:
        facts += f", {len(scores.skipped)} skipped"
    verdicts = "".join(_verdict(page, comparison) for comparison in page.comparisons if _is_primary(page, comparison))
    remarks = "".join(f"<p>{escape(remark)}</p>" for remark in page.remarks)
    return (
        f"<header><h1>{escape(page.title)}</h1>"
        f'<p class="facts">{escape(facts)} · protocol <code>{escape(scores.protocol.name)}</code> · '
        f"{_region(scores)}</p>{verdicts or _alone(page)}{remarks}</header>"
    )


def _is_primary(page: Page, item: Comparison | Row) -> bool:
    return item.alignment == page.scores.alignments[0]


def _region(scores: Scores) -> str:
    protocol = scores.protocol
    crop = "no crop" if protocol.crop == "none" else f"crop {protocol.crop}"
    flip = ", flip average" if protocol.flip_average else ""
    return escape(f"depth {protocol.depth_min_m:g} to {protocol.cap_m:g} m, {crop}{flip}")


def _verdict(page: Page, comparison: Comparison) -> str:
    rows = {row.net: row for row in page.rows if row.alignment == comparison.alignment}
    student, teacher = rows[comparison.net], rows[comparison.reference]
    low, high = comparison.interval
    words = {"better": "is more accurate than", "worse": "is less accurate than", "tie": "cannot be told apart from"}
    relative = comparison.difference / teacher.metrics["abs_rel"]
    sentence = (
        f"abs_rel {student.metrics['abs_rel']:.3f} against {teacher.metrics['abs_rel']:.3f} "
        f"({LABELS[comparison.alignment]}), {relative:+.0%}; difference {comparison.difference:+.3f}, "
        f"95 % interval {low:+.3f} to {high:+.3f} over {comparison.num_resampled} {comparison.resampled}"
        f"{', which are few' if comparison.num_resampled < FEW else ''}."
    )
    return (
        f'<div class="verdict {comparison.verdict}"><strong>{escape(comparison.net)} {words[comparison.verdict]} '
        f"{escape(comparison.reference)}</strong><p>{escape(sentence)}{escape(_savings(student.cost, teacher.cost))}"
        "</p></div>"
    )


def _savings(student: Cost | None, teacher: Cost | None) -> str:
    if student is None or teacher is None:
        return ""
    parts = [
        _times(teacher.num_macs, student.num_macs, "fewer", "more", "operations"),
        _times(teacher.latency_s, student.latency_s, "less", "more", "time on this CPU"),
        _times(teacher.num_parameters, student.num_parameters, "fewer", "more", "parameters"),
    ]
    if teacher.memory and student.memory:
        parts.append(_times(teacher.memory.peak_bytes, student.memory.peak_bytes, "less", "more", "memory"))
    return f" Cost: {', '.join(parts)}."


def _times(teacher: float, student: float, down: str, up: str, noun: str) -> str:
    """How a cost of the student stands to the teacher's; a network without layers of a kind costs 0 of them."""
    if not teacher or not student:
        return f"{student:g} against {teacher:g} {noun}"
    ratio = teacher / student
    if 0.95 < ratio < 1.05:
        return f"about the same {noun}"
    return f"{ratio:.1f}× {down} {noun}" if ratio > 1.0 else f"{1.0 / ratio:.1f}× {up} {noun}"


def _alone(page: Page) -> str:
    lines = (
        f"<p>{escape(row.label)}: abs_rel {row.metrics['abs_rel']:.3f}, delta1 {row.metrics['delta1']:.3f}</p>"
        for row in page.rows
        if _is_primary(page, row)
    )
    return f'<div class="verdict"><strong>No reference to compare with</strong>{"".join(lines)}</div>'


def _table(page: Page, alignment: Alignment) -> str:
    rows = [row for row in page.rows if row.alignment == alignment]
    require_one_protocol(rows)
    heading = f"Figures, {LABELS[alignment]}"
    head = "".join(f"<th>{escape(name)}</th>" for name in ("network", *HEADINGS))
    body = "".join(_table_row(row, page.scores.reference) for row in rows)
    note = (
        "Each prediction is scaled by the ratio of medians of its image before it is scored."
        if alignment == "median"
        else "Predictions are judged in metres as they stand."
    )
    if page.scores.reference is not None:
        note += f" The columns “to ref.” compare with the unscaled depth of {escape(page.scores.reference)}."
    return (
        f"<section><h2>{escape(heading)}</h2><p>{note} Unweighted mean over images; per-image figures are in "
        f"<code>per_image.csv</code>. Protocol digest <code>{rows[0].protocol_sha256[:12]}</code>.</p>"
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></section>'
    )


def _table_row(row: Row, reference: str | None) -> str:
    mark = ' class="reference"' if row.net == reference else ""
    numbers = "".join(f"<td>{escape(cell)}</td>" for cell in cells(row))
    return f'<tr{mark}><th scope="row">{escape(row.net)}<small>{escape(row.role)}</small></th>{numbers}</tr>'


def _bands(scores: Scores) -> str:
    alignment = scores.alignments[0]
    series = [(net, scores.breakdowns[net, alignment]) for net in scores.specs]
    edges, counts = series[0][1].edges_m, series[0][1].num_pixels.sum(1).tolist()
    means = [found.by_band() for _, found in series]
    highest = max(value for mean in means for value in mean if value is not None)
    groups = []
    for index, count in enumerate(counts):
        values = [mean[index] for mean in means]
        bars = "".join(_bar(number, value, highest) for number, value in enumerate(values) if value is not None)
        label = f"{edges[index]:g}–{edges[index + 1]:g} m"
        if bars:
            groups.append(f'<div class="band"><b>{label}<small>{count:,} px</small></b><div>{bars}</div></div>')
    legend = "".join(
        f'<span><i style="background:{SERIES_COLOURS[number % len(SERIES_COLOURS)]}"></i>{escape(net)}</span>'
        for number, (net, _) in enumerate(series)
    )
    return (
        f"<section><h2>Error by distance</h2><p>Mean of |p − g| / g over all pixels of a band of true depth, "
        f'{LABELS[alignment]}.</p><p class="legend">{legend}</p>{"".join(groups)}</section>'
    )


def _bar(number: int, value: float, highest: float) -> str:
    colour = SERIES_COLOURS[number % len(SERIES_COLOURS)]
    width = 100.0 * value / highest if highest else 0.0
    return f'<div class="bar"><i style="width:{width:.1f}%;background:{colour}"></i><span>{value:.3f}</span></div>'


def _skipped(scores: Scores) -> str:
    if not scores.skipped:
        return ""
    items = "".join(f"<li>{escape(item.name)}: {escape(item.reason)}</li>" for item in scores.skipped)
    listed = f"<details><summary>{len(scores.skipped)} frames</summary><ul>{items}</ul></details>"
    return f"<section><h2>Skipped frames</h2>{listed}</section>"


def _provenance(page: Page) -> str:
    scores = page.scores
    facts = {
        **{name: _net_facts(spec) for name, spec in scores.specs.items()},
        "data": f"digest of names, pixels, depth and focal lengths of all frames <code>{scores.data_sha256}</code>",
        "protocol": _protocol_facts(scores),
        "latency": _latency_facts(page.rows),
        "environment": _environment(page.environment),
    }
    items = "".join(f"<dt>{escape(name)}</dt><dd>{fact}</dd>" for name, fact in facts.items())
    again = f"<h2>Make this report again</h2><pre>{escape(page.command)}</pre>"
    return f"<section><h2>Provenance</h2><dl>{items}</dl>{again}</section>"


def _net_facts(spec: NetSpec) -> str:
    nature = f"{spec.name}, {spec.role}, {spec.domain}, {_size(spec.native_size)}, licence: {spec.licence}"
    return f"{escape(nature)}<br>weights <code>{escape(spec.weights_sha256)}</code>"


def _protocol_facts(scores: Scores) -> str:
    digests = "".join(
        f"alignment {alignment}: <code>{replace(scores.protocol, alignment=alignment).digest()}</code><br>"
        for alignment in scores.alignments
    )
    fields = escape(json.dumps(asdict(scores.protocol), indent=1))
    return f"{digests}<details><summary>all fields</summary><pre>{fields}</pre></details>"


def _latency_facts(rows: Sequence[Row]) -> str:
    costs = {row.net: row.cost for row in rows if row.cost is not None}
    lines = (
        f"{net}: one image of {_size((cost.height, cost.width))} on the CPU, {cost.num_threads} "
        f"{'thread' if cost.num_threads == 1 else 'threads'}, median of {cost.num_repeats} runs ± half the distance "
        f"between their quartiles"
        for net, cost in costs.items()
    )
    return "<br>".join(map(escape, lines)) or "not measured"


def _size(size: Sequence[int]) -> str:
    return f"{size[1]}x{size[0]}"


def _environment(environment: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items() if version)
    plain = (f"{name} {environment[name]}" for name in ("revision", "python", "system", "machine", "processor"))
    return escape(f"{', '.join(plain)}; {packages}")
