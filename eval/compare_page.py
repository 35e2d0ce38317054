"""Compare page: several runs side by side as one HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from eval.alignment import LABELS, Alignment
from eval.comparison import Comparison
from eval.diagrams import cost_section
from eval.earlier_run import EarlierRun
from eval.page import environment_text, html_file
from eval.page_tables import costs_section, figures_section, line, table, with_note
from eval.side_by_side import SideBySide
from eval.table import signed

MIRRORED = {"better": "worse", "worse": "better", "tie": "tie"}


def render_compare_page(
    found: SideBySide, runs: Sequence[EarlierRun], *, command: str, environment: dict[str, Any]
) -> str:
    """The whole file: no scripts, no references to other files."""
    primary = found.rows_of(found.alignments[0])
    body = "".join(
        (
            _header(found),
            *(figures_section(found.rows_of(alignment), found.reference) for alignment in found.alignments),
            *(_pairs_section(found, alignment) for alignment in found.alignments),
            costs_section(primary, found.reference),
            cost_section(primary),
            _provenance(runs, command, environment),
        )
    )
    return html_file("Runs side by side", body)


def _header(found: SideBySide) -> str:
    rows = found.rows_of(found.alignments[0])
    pairs = found.pairs_of(found.alignments[0])
    caution = f" Mind that {rows[0].caution}." if rows[0].caution else ""
    facts = f"{rows[0].num_frames} frames, {rows[0].num_resampled} {rows[0].resampled}, protocol {rows[0].protocol}."
    num_sure = sum(pair.verdict != "tie" for pair in pairs)
    counted = f"{num_sure} of {len(pairs)} differences of pairs are more than chance.{caution}"
    return (
        f'<header><h1>Runs side by side</h1><div class="verdict"><strong>{escape(summary(found))}</strong>'
        f'<p>{escape(counted)}</p></div><p class="facts">{escape(facts)}</p></header>'
    )


def summary(found: SideBySide) -> str:
    """Which network is most accurate, and from which it cannot be told apart."""
    alignment = found.alignments[0]
    best = min(found.rows_of(alignment), key=lambda row: row.metrics["abs_rel"])
    ties = [
        pair.reference if pair.net == best.net else pair.net
        for pair in found.pairs_of(alignment)
        if pair.verdict == "tie" and best.net in (pair.net, pair.reference)
    ]
    text = f"{best.net} has the lowest abs_rel, {best.metrics['abs_rel']:.4f} ({LABELS[alignment]})"
    return f"{text}; it cannot be told apart from {', '.join(ties)}." if ties else f"{text}, by more than chance."


def pair_sentence(pair: Comparison) -> str:
    """One difference in words."""
    words = {"better": "is more accurate than", "worse": "is less accurate than", "tie": "cannot be told apart from"}
    low, high = pair.interval
    return (
        f"{pair.net} {words[pair.verdict]} {pair.reference} ({LABELS[pair.alignment]}): abs_rel "
        f"{signed(pair.difference)} ({signed(low)} to {signed(high)})"
    )


def _pairs_section(found: SideBySide, alignment: Alignment) -> str:
    names = [row.net for row in found.rows_of(alignment)]
    cells = {(pair.net, pair.reference): _cell(pair, is_mirrored=False) for pair in found.pairs_of(alignment)}
    cells |= {(pair.reference, pair.net): _cell(pair, is_mirrored=True) for pair in found.pairs_of(alignment)}
    lines = [line(name, "minus", [cells.get((name, other), "") for other in names]) for name in names]
    return (
        f"<section><h2>Differences, {LABELS[alignment]}</h2><p>abs_rel of the network at the left minus that of the "
        "one above, on the same images, with its 95 % interval; below zero the left one is better. A difference whose "
        "interval holds zero may be chance. Each interval is for its own pair: of twenty, one may be wrong.</p>"
        f"{table(('network', *names), lines)}</section>"
    )


def _cell(pair: Comparison, *, is_mirrored: bool) -> str:
    sign = -1.0 if is_mirrored else 1.0
    low, high = sorted(sign * end for end in pair.interval)
    verdict = MIRRORED[pair.verdict] if is_mirrored else pair.verdict
    figure = with_note(signed(sign * pair.difference), f"{signed(low)} to {signed(high)}")
    return f'<span class="{verdict}">{figure}</span>'


def _provenance(runs: Sequence[EarlierRun], command: str, environment: dict[str, Any]) -> str:
    items = "".join(
        f"<dt>{escape(run.folder.name)}</dt><dd>revision {escape(run.revision or 'unknown')}<br>"
        f"<code>{escape(run.command)}</code></dd>"
        for run in runs
    )
    protocols = "".join(f"{LABELS[name]}: <code>{digest}</code><br>" for name, digest in runs[0].protocols.items())
    return (
        f"<section><h2>Provenance</h2><dl>{items}<dt>data</dt><dd><code>{runs[0].data_sha256}</code></dd>"
        f"<dt>protocol</dt><dd>{protocols}</dd><dt>environment</dt><dd>{environment_text(environment)}</dd></dl>"
        f"<h2>Make this page again</h2><pre>{escape(command)}</pre></section>"
    )
