"""Coverage page: what a choice is worth against chance, and pictures of what was kept and dropped, in one file."""

from __future__ import annotations

import base64
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from mde.files import write_bytes
from synth.coverage import nearest
from synth.coverage_plots import plot_budget, plot_plane

PAGE = "coverage.html"
NUM_PICTURES = 24
"""Pictures shown of the kept."""
NUM_PAIRS = 12
"""Dropped pictures that are shown beside the kept one that stands for them."""
ROWS = (
    ("mean", "mean"),
    ("median", "median"),
    ("percentile_95", "95th percentile"),
    ("radius", "largest: coverage radius"),
)
TABLES = (
    ("held_out", "Held-out candidates"),
    ("candidates", "The candidates chosen from"),
    ("whole", "Held-out candidates, in all features of the teacher"),
)
OF_NUMBERS = (
    "Every candidate is four numbers: scale (median depth), clutter (instances in view), relief (90th over 10th "
    "percentile of depth) and contrast, each counting a fifth as far as the one before. One deviation of scale is 1."
)
OF_FEATURES = "Candidates are compared on the first principal axes of what the teacher makes of them."
CSS = """
:root{--ink:#1b1f24;--soft:#57606a;--line:#d5dae0;--card:#f6f8fa;--kept:#0072b2}
body{margin:0;background:#fff;color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:16px}
h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .4rem}
p{margin:.25rem 0 .75rem;max-width:75ch}.soft{color:var(--soft)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;margin:16px 0}
.card{background:var(--card);border-radius:8px;padding:12px 16px}
.card b{display:block;font-size:1.9rem;line-height:1.2;color:var(--kept);font-variant-numeric:tabular-nums}
.tables{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:20px 32px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.93rem}
th,td{padding:5px 8px;text-align:right;border-bottom:1px solid var(--line)}
th:first-child{text-align:left;font-weight:400}thead th{color:var(--soft);font-size:.8rem}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:16px}
.plots img{width:100%}
.pictures{display:grid;grid-template-columns:repeat(8,1fr);gap:10px}
.pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:16px}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:4px;background:var(--card);border-radius:8px;padding:8px}
figure{margin:0}figure img{display:block;width:100%;border-radius:4px}
.pair figure:first-child img{opacity:.75}
figcaption{font-size:.75rem;color:var(--soft)}
@media (max-width:800px){.pictures{grid-template-columns:repeat(4,1fr)}}
@media (max-width:520px){.plots,.tables{grid-template-columns:1fr}table{font-size:.8rem}th,td{padding:4px}}
"""


def write_page(
    out: Path,
    title: str,
    figures: dict[str, Any],
    descriptors: np.ndarray,
    points: np.ndarray,
    is_kept: np.ndarray,
    picture_of: Callable[[int], bytes],
) -> None:
    """Write `coverage.html` into `out`.

    `descriptors` (N,4), `points` (N,d), in which the choice was made, and `is_kept` (N,) stand in the order of the
    candidates' numbers; `picture_of` gives the JPEG of a row, and is asked for the few that are shown.
    """
    tables = "".join(_table(heading, figures[name]) for name, heading in TABLES if name in figures)
    plots = [plot_plane(descriptors, is_kept)] + ([plot_budget(figures["budget"])] if "budget" in figures else [])
    shown = _Pictures(descriptors, picture_of)
    body = (
        f"<h1>{escape(title)}</h1>{_summary(figures)}"
        f'<div class="plots">{"".join(_image(plot, "png") for plot in plots)}</div>'
        f'<h2>Distance to the nearest kept candidate</h2><div class="tables">{tables}</div>'
        f"{shown.row('Kept, from near to far', _spread(descriptors, np.flatnonzero(is_kept)))}"
        f"{_pairs(shown, points, is_kept)}"
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body><main>{body}</main></body></html>\n"
    )
    write_bytes(out / PAGE, page.encode())


def _summary(figures: dict[str, Any]) -> str:
    occupancy = figures["occupancy"]
    by_chance = occupancy["random"]["empty_share"]["mean"]
    measured = figures.get("held_out", figures["candidates"])
    changes = {name: _change(measured, name) for name in ("mean", "percentile_95", "radius")}
    who = "Held-out candidates" if "held_out" in figures else "Candidates"
    cards = (
        (_change_text(changes["mean"]), "mean distance to the nearest kept, against random choices"),
        (_change_text(changes["percentile_95"]), "95th percentile of that distance"),
        (_change_text(changes["radius"]), "coverage radius, the largest of them"),
        (
            f"{occupancy['chosen']['empty_share']:.1%}",
            f"of {occupancy['num_clusters']} clusters left empty, by chance {by_chance:.1%}",
        ),
    )
    bound = (
        f" Keeping every candidate would make the mean {figures['bound']:.0%} shorter: no choice from them does more."
        if "bound" in figures
        else ""
    )
    return (
        f"<p>{figures['num_kept']} of {figures['num_candidates']} candidates are kept. {who} are compared with "
        f"{figures['num_random']} random choices of the same size.{bound}</p>"
        f'<p class="soft">{OF_FEATURES if "whole" in figures else OF_NUMBERS}</p>'
        f'<div class="cards">{"".join(f"<div class=card><b>{value}</b>{what}</div>" for value, what in cards)}</div>'
    )


def _change_text(change: float) -> str:
    return f"{abs(change):.0%} {'longer' if change > 0 else 'shorter'}"


def _change(figures: dict[str, Any], name: str) -> float:
    """Change of a distance against the mean of random choices; negative is nearer."""
    ours, random = figures["chosen"][name], figures["random"][name]["mean"]
    return float(ours / random - 1.0) if random > 0.0 else 0.0


def _table(heading: str, figures: dict[str, Any]) -> str:
    rows = []
    for name, label in ROWS:
        random = figures["random"][name]
        rows.append(
            f"<tr><th>{label}</th><td>{figures['chosen'][name]:.4f}</td>"
            f"<td>{random['mean']:.4f} &plusmn; {random['deviation']:.4f}</td>"
            f"<td>{_change(figures, name):+.1%}</td></tr>"
        )
    head = f"<tr><th>{heading}</th><th>chosen</th><th>random</th><th>change</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _spread(descriptors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """At most NUM_PICTURES of the rows, evenly along the first number, so that unlike pictures are shown."""
    return _evenly(rows[np.argsort(descriptors[rows, 0], kind="stable")], NUM_PICTURES)


def _evenly(ordered: np.ndarray, num: int) -> np.ndarray:
    return ordered[np.linspace(0, len(ordered) - 1, min(num, len(ordered))).round().astype(int)]


def _pairs(shown: _Pictures, points: np.ndarray, is_kept: np.ndarray) -> str:
    """Dropped pictures, each beside the kept one that stands for it, from the best stand-in to the worst."""
    kept, dropped = np.flatnonzero(is_kept), np.flatnonzero(~is_kept)
    if len(dropped) == 0:
        return ""
    gap, stand_in = nearest(points[dropped], points[kept])
    pairs = "".join(
        f'<div class="pair">{shown.figure(int(dropped[place]), "dropped, ")}'
        f"{shown.figure(int(kept[stand_in[place]]), 'kept, ')}"
        f"<figcaption>distance {gap[place]:.3f}</figcaption></div>"
        for place in _evenly(np.argsort(gap, kind="stable"), NUM_PAIRS)
    )
    return (
        "<h2>Dropped, each beside the kept one that stands for it</h2>"
        '<p class="soft">From the best stand-in to the worst: alike in what was compared, not in colour or place.'
        f'</p><div class="pairs">{pairs}</div>'
    )


class _Pictures:
    """Candidates as figures with their depth and number of things."""

    def __init__(self, descriptors: np.ndarray, picture_of: Callable[[int], bytes]) -> None:
        self._descriptors = descriptors
        self._picture_of = picture_of

    def figure(self, row: int, role: str = "") -> str:
        scale, clutter = self._descriptors[row, :2]
        caption = f"{role}{np.exp(scale):.1f} m, {np.expm1(clutter):.0f} things"
        return f"<figure>{_image(self._picture_of(row), 'jpeg')}<figcaption>{caption}</figcaption></figure>"

    def row(self, heading: str, rows: np.ndarray) -> str:
        shown = "".join(self.figure(int(row)) for row in rows)
        return f'<h2>{heading}</h2><div class="pictures">{shown}</div>'


def _image(content: bytes, kind: str) -> str:
    return f'<img alt="" src="data:image/{kind};base64,{base64.b64encode(content).decode()}">'
