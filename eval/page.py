"""Page: the report as one HTML file that opens anywhere, offline, on a phone, on a desk and on paper."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from html import escape
from typing import Any

from eval.alignment import LABELS
from eval.bootstrap import NUM_DRAWS
from eval.comparison import Comparison
from eval.contents import Contents
from eval.cost import Cost
from eval.diagrams import render_diagrams
from eval.page_style import CSS
from eval.page_tables import costs_section, render_coverage, render_figures, render_worst
from eval.score import Scores
from eval.shipping import Shipping
from eval.strips import render_strips
from mde.nets.net import NetSpec


def render_page(contents: Contents) -> str:
    """The whole file: no scripts, no references to other files, pictures inside."""
    body = "".join(
        (
            _header(contents),
            render_figures(contents),
            costs_section(contents.rows_of(contents.primary), contents.scores.reference),
            render_diagrams(contents),
            render_coverage(contents),
            render_worst(contents),
            render_strips(contents.scores),
            _skipped(contents.scores),
            _provenance(contents),
        )
    )
    return html_file(contents.title, body)


def html_file(title: str, body: str) -> str:
    """A whole page around its sections."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body><main>{body}</main></body></html>\n"
    )


def _header(contents: Contents) -> str:
    scores = contents.scores
    num_scenes = contents.rows[0].num_scenes
    facts = f"{scores.num_frames} frames of {num_scenes} {'scene' if num_scenes == 1 else 'scenes'}"
    if scores.skipped:
        facts += f", {len(scores.skipped)} skipped"
    primary = {item.net: item for item in contents.comparisons if item.alignment == contents.primary}
    verdicts = "".join(_verdict(contents, answer, primary[answer.net]) for answer in contents.shipping)
    remarks = "".join(f"<p>{escape(remark)}</p>" for remark in contents.remarks)
    return (
        f"<header><h1>{escape(contents.title)}</h1>{verdicts or _alone(contents)}"
        f'<p class="facts">{escape(facts)} · protocol <code>{escape(scores.protocol.name)}</code> · '
        f"{_region(scores)}</p>{remarks}</header>"
    )


def _region(scores: Scores) -> str:
    protocol = scores.protocol
    crop = "no crop" if protocol.crop == "none" else f"crop {protocol.crop}"
    flip = ", flip average" if protocol.flip_average else ""
    return escape(f"depth {protocol.depth_min_m:g} to {protocol.cap_m:g} m, {crop}{flip}")


SIGNS = {"yes": "✓", "no": "✕", "undecided": "?"}
WORDS = {"better": "is more accurate than", "worse": "is less accurate than", "tie": "cannot be told apart from"}


def _verdict(contents: Contents, answer: Shipping, comparison: Comparison) -> str:
    rows = {row.net: row for row in contents.rows_of(contents.primary)}
    student, teacher = rows[answer.net], rows[answer.reference]
    detail = (
        f"{answer.net} {WORDS[comparison.verdict]} {answer.reference}: abs_rel {student.metrics['abs_rel']:.3f} "
        f"against {teacher.metrics['abs_rel']:.3f}, over {comparison.num_resampled} {comparison.resampled}."
    )
    grounds = f"<p>{escape(answer.grounds())}</p><p>{escape(detail + _savings(student.cost, teacher.cost))}</p>"
    return (
        f'<div class="verdict {answer.answer}"><strong><span aria-hidden="true">{SIGNS[answer.answer]}</span> '
        f"{escape(answer.head())}</strong>{grounds}</div>"
    )


def _savings(student: Cost | None, teacher: Cost | None) -> str:
    if student is None or teacher is None:
        return ""
    parts = [
        _times(teacher.num_macs, student.num_macs, "fewer", "more", "operations"),
        _times(teacher.latency_s, student.latency_s, "less", "more", f"time on the {student.device}"),
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


def _alone(contents: Contents) -> str:
    lines = (
        f"<p>{escape(row.label)}: abs_rel {row.metrics['abs_rel']:.3f}, delta1 {row.metrics['delta1']:.3f}</p>"
        for row in contents.rows_of(contents.primary)
    )
    return f'<div class="verdict"><strong>No teacher to compare with</strong>{"".join(lines)}</div>'


def _skipped(scores: Scores) -> str:
    if not scores.skipped:
        return ""
    items = "".join(f"<li>{escape(item.name)}: {escape(item.reason)}</li>" for item in scores.skipped)
    listed = f"<details><summary>{len(scores.skipped)} frames</summary><ul>{items}</ul></details>"
    return f"<section><h2>Skipped frames</h2>{listed}</section>"


def _provenance(contents: Contents) -> str:
    scores = contents.scores
    facts = {
        **{name: _net_facts(spec) for name, spec in scores.specs.items()},
        "data": f"digest of names, pixels, depth and focal lengths of all frames <code>{scores.data_sha256}</code>",
        "protocol": _protocol_facts(scores),
        **{name: escape(fact) for name, fact in contents.provenance.items()},
        "intervals": f"percentile bootstrap, {NUM_DRAWS} draws, seed 0",
        "environment": environment_text(contents.environment),
    }
    items = "".join(f"<dt>{escape(name)}</dt><dd>{fact}</dd>" for name, fact in facts.items())
    again = (
        "<h2>Make this report again</h2><p>With the same frames and weights (the digests above) this line gives the "
        f"same figures, but for times and memory:</p><pre>{escape(contents.command)}</pre>"
    )
    return f"<section><h2>Provenance</h2><dl>{items}</dl>{again}</section>"


def _net_facts(spec: NetSpec) -> str:
    nature = f"{spec.name}, {spec.role}, {spec.domain}, {_size(spec.native_size)}, licence: {spec.licence}"
    facts = f"{escape(nature)}<br>weights <code>{escape(spec.weights_sha256)}</code>"
    if spec.calibration is None:
        return facts
    formula, student = escape(spec.calibration.formula()), escape(spec.calibration.student_sha256)
    return f"{facts}<br>calibrated, {formula}, from the student <code>{student}</code>"


def _protocol_facts(scores: Scores) -> str:
    digests = "".join(
        f"{escape(LABELS[alignment])}: <code>{replace(scores.protocol, alignment=alignment).digest()}</code><br>"
        for alignment in scores.alignments
    )
    fields = escape(json.dumps(asdict(scores.protocol), indent=1))
    return f"{digests}<details><summary>all fields</summary><pre>{fields}</pre></details>"


def _size(size: Sequence[int]) -> str:
    return f"{size[1]}x{size[0]}"


def environment_text(environment: dict[str, Any]) -> str:
    """Versions and machine in one line, as HTML."""
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items() if version)
    plain = (f"{name} {environment[name]}" for name in ("revision", "python", "system", "machine", "processor"))
    return escape(f"{', '.join(plain)}; {packages}")
