"""Page tables: figures with their intervals, differences, costs and the worst frames, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from eval.alignment import LABELS, Alignment
from eval.comparison import Comparison
from eval.contents import Contents
from eval.cost import Cost
from eval.doubt import MASS, MAX_PIXELS
from eval.table import COLUMNS, Row, fidelity_cells, interval_text, number, require_one_protocol, signed
from eval.worst import WorstFrame, worst_frames

VERDICTS = {"better": "better", "worse": "worse", "tie": "may be chance"}


def table(headings: Sequence[str], lines: Sequence[str]) -> str:
    """A table that scrolls sideways by itself where the page is narrow."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def line(name: str, note: str, cells: Sequence[str], *, is_reference: bool = False) -> str:
    """One row: a name with a small note, and cells that are HTML already."""
    mark = ' class="reference"' if is_reference else ""
    numbers = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr{mark}><th scope="row">{escape(name)}<small>{escape(note)}</small></th>{numbers}</tr>'


def with_note(text: str, note: str) -> str:
    """A figure with a small line underneath."""
    return f"{escape(text)}<small>{escape(note)}</small>"


def render_figures(contents: Contents) -> str:
    """One table of figures for each alignment, and the differences."""
    return "".join(_figures(contents, alignment) for alignment in contents.scores.alignments) + _differences(contents)


def _figures(contents: Contents, alignment: Alignment) -> str:
    return figures_section(contents.rows_of(alignment), contents.scores.reference)


def figures_section(rows: Sequence[Row], reference: str | None) -> str:
    """The figures of rows of one protocol with their intervals."""
    require_one_protocol(rows)
    alignment = rows[0].alignment
    note = (
        "Predictions are judged in metres as they stand."
        if alignment == "none"
        else f"Each prediction is fitted to the measured depth of its image ({LABELS[alignment]}) before it is scored."
    )
    lines = [
        line(row.net, row.role, [_figure(row, name) for name in COLUMNS], is_reference=row.net == reference)
        for row in rows
    ]
    return (
        f"<section><h2>Figures, {escape(LABELS[alignment])}</h2><p>{note} Mean over images, with "
        f"{_interval_note(rows[0])}. Every image is in <code>per_image.csv</code>. Protocol digest "
        f"<code>{rows[0].protocol_sha256[:12]}</code>.</p>"
        f"{table(('network', *COLUMNS), lines)}</section>"
    )


def _figure(row: Row, metric: str) -> str:
    return with_note(number(metric, row.metrics[metric]), interval_text(row, metric))


def _interval_note(row: Row) -> str:
    caution = f" ({row.caution})" if row.caution else ""
    return escape(f"the 95 % interval when {row.num_resampled} {row.resampled} are drawn anew{caution}")


def _differences(contents: Contents) -> str:
    if not contents.comparisons:
        return ""
    fidelity = {row.net: row.fidelity for row in contents.rows}
    reference = contents.comparisons[0].reference
    lines = [_difference(item, fidelity[item.net]) for item in contents.comparisons]
    return (
        f"<section><h2>Differences from {escape(reference)}</h2><p>Of abs_rel, on the same images; a difference is "
        "more than chance where its 95 % interval leaves out zero. “To it” is the error against the depth of "
        f"{escape(reference)}, unaligned, in place of the truth: how well it was copied.</p>"
        f"{table(('network', 'difference', 'relative', 'verdict', 'abs_rel to it', 'delta1 to it'), lines)}</section>"
    )


def _difference(item: Comparison, fidelity: dict[str, float] | None) -> str:
    low, high = item.interval
    relative_low, relative_high = item.relative_interval
    cells = (
        with_note(signed(item.difference), f"{signed(low)} to {signed(high)}"),
        with_note(f"{item.relative:+z.1%}", f"{relative_low:+z.1%} to {relative_high:+z.1%}"),
        f'<span class="{item.verdict}">{VERDICTS[item.verdict]}</span>',
        *map(escape, fidelity_cells(fidelity)),
    )
    return line(item.net, LABELS[item.alignment], cells)


def costs_section(rows: Sequence[Row], reference: str | None) -> str:
    """What each network costs, and how that was measured; nothing where no cost was."""
    if all(row.cost is None for row in rows):
        return ""
    lines = [line(row.net, row.role, _cost_cells(row.cost), is_reference=row.net == reference) for row in rows]
    headings = ("network", "parameters", "GMAC", "time", "peak memory", "image", "device")
    return (
        "<section><h2>Cost</h2><p>One image at a time, of each network’s own size. Time is the median, underneath the "
        "quartiles. GMAC counts multiply-accumulates of convolutions and products; those of an exported file were "
        "counted before it was written. Memory is what a process that holds everything else already grows by: weights, "
        f"and the largest that one image needs beside them.</p>{table(headings, lines)}</section>"
    )


def _cost_cells(cost: Cost | None) -> Sequence[str]:
    if cost is None:
        return ("–",) * 6
    low, high = cost.latency_quartiles_s
    memory = cost.memory
    threads = "thread" if cost.num_threads == 1 else "threads"
    return (
        f"{cost.num_parameters / 1e6:.3f} M",
        f"{cost.num_macs / 1e9:.3f}",
        with_note(f"{cost.latency_s * 1e3:.1f} ms", f"{low * 1e3:.1f}–{high * 1e3:.1f}, {cost.num_repeats} runs"),
        "not measured"
        if memory is None
        else with_note(
            f"{memory.peak_bytes / 1e6:.1f} MB",
            f"weights {memory.weights_bytes / 1e6:.1f}, image {memory.passes_bytes / 1e6:.1f}",
        ),
        f"{cost.width}x{cost.height}",
        f"{escape(cost.device)}, {cost.num_threads} {threads}",
    )


def render_coverage(contents: Contents) -> str:
    """How often the interval of each network with a DPM holds the truth."""
    lines = [
        line(net, LABELS[alignment], ("–" if found.share is None else f"{found.share:.1%}", f"{found.num_pixels:,}"))
        for (net, alignment), found in contents.scores.coverage.items()
    ]
    if not lines:
        return ""
    return (
        "<section><h2>Does the network know when it does not know?</h2><p>Share of measured pixels whose depth lies in "
        f"the central interval that holds {MASS:.0%} of the depth probability map. {MASS:.0%} is right: less means too "
        f"sure, more too unsure. Up to {MAX_PIXELS:,} pixels of each frame are looked at.</p>"
        f"{table(('network', 'inside', 'pixels'), lines)}</section>"
    )


def render_worst(contents: Contents) -> str:
    """The list of the worst frames; each leads to its pictures."""
    frames = worst_frames(contents.scores, contents.num_worst)
    if not frames:
        return ""
    nets = tuple(contents.scores.specs)
    shown = {panel.frame for panel in contents.scores.panels}
    lines = [_worst_line(item, nets, is_shown=item.frame in shown) for item in frames]
    return (
        f"<section><h2>The worst {len(frames)} of {contents.scores.num_frames} frames</h2><p>By abs_rel, "
        f"{escape(LABELS[contents.primary])}, of whichever judged network errs most.</p>"
        f"{table(('frame', 'scene', *nets), lines)}</section>"
    )


def _worst_line(item: WorstFrame, nets: Sequence[str], *, is_shown: bool) -> str:
    name = f'<a href="#{anchor(item.frame)}">{escape(item.frame)}</a>' if is_shown else escape(item.frame)
    numbers = "".join(f"<td>{item.abs_rel[net]:.3f}</td>" for net in nets)
    return f'<tr><th scope="row">{name}</th><td>{escape(item.scene)}</td>{numbers}</tr>'


def anchor(frame: str) -> str:
    """Where the pictures of a frame stand in the page."""
    return "frame-" + "".join(letter if letter.isalnum() else f"-{ord(letter):x}-" for letter in frame)
