"""Coverage page: what a choice is worth against chance, and pictures of what was kept and dropped, in one file."""

from __future__ import annotations

import base64
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from mde.files import write_bytes
from synth.coverage_plots import plot_budget, plot_plane
from synth.selection import Selection

PAGE = "coverage.html"
NUM_PICTURES = 24
"""Pictures shown of the kept, and of the dropped."""
ROWS = (
    ("mean", "mean distance"),
    ("median", "median"),
    ("percentile_95", "95th percentile"),
    ("radius", "coverage radius (largest)"),
)
TABLES = (
    ("held_out", "Held-out candidates, on the covered axes"),
    ("candidates", "The candidates chosen from, on the covered axes"),
    ("all_columns", "Held-out candidates, in the whole descriptor"),
)
CSS = """
:root{--ink:#1b1f24;--soft:#57606a;--line:#d5dae0;--card:#f6f8fa}
body{margin:0;background:#fff;color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:16px}
h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.15rem;margin:1.8rem 0 .4rem}
p{margin:.25rem 0 .75rem}.soft{color:var(--soft)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.93rem}
th,td{padding:5px 8px;text-align:right;border-bottom:1px solid var(--line)}
th:first-child{text-align:left;font-weight:400}thead th{color:var(--soft);font-size:.8rem}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:16px}
.plots img{width:100%}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:8px}
figure{margin:0}figure img{display:block;width:100%;border-radius:3px}
figcaption{font-size:.75rem;color:var(--soft)}
@media (max-width:520px){.plots{grid-template-columns:1fr}}
"""


def write_page(
    out: Path,
    title: str,
    selection: Selection,
    points: np.ndarray,
    is_kept: np.ndarray,
    picture_of: Callable[[int], bytes],
) -> None:
    """Write `coverage.html` into `out`.

    `points` (N,d) and `is_kept` (N,) stand in the order of the candidates' numbers; `picture_of` gives the JPEG of a
    row, and is asked for the few that are shown.
    """
    figures = selection.figures
    tables = "".join(_table(heading, figures[name]) for name, heading in TABLES if name in figures)
    plots = [plot_plane(points, is_kept)] + ([plot_budget(figures["budget"])] if "budget" in figures else [])
    body = (
        f"<h1>{escape(title)}</h1>{_summary(figures)}{tables}"
        f'<h2>Where they lie, and what a smaller budget covers</h2><div class="plots">'
        f"{''.join(_image(plot, 'png') for plot in plots)}</div>"
        f"{_pictures('Kept', _spread(points, np.flatnonzero(is_kept)), picture_of)}"
        f"{_pictures('Dropped', _spread(points, np.flatnonzero(~is_kept)), picture_of)}"
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body><main>{body}</main></body></html>\n"
    )
    write_bytes(out / PAGE, page.encode())


def _summary(figures: dict[str, Any]) -> str:
    occupancy = figures["occupancy"]
    random = occupancy["random"]["empty_share"]
    measured = figures.get("held_out", figures["candidates"])
    who = "unseen candidates" if "held_out" in figures else "candidates"
    return (
        f"<p>{figures['num_kept']} of {figures['num_candidates']} candidates are kept. On the axes that were covered, "
        f"{who} lie <b>{abs(measured['gain']):.0%} {'nearer to' if measured['gain'] >= 0 else 'farther from'}</b> the "
        f"chosen set than to a random one of the same size.</p>"
        f'<p class="soft">Of {occupancy["num_clusters"]} clusters, {occupancy["chosen"]["empty_share"]:.1%} are left '
        f"empty; by chance {random['mean']:.1%} &plusmn; {random['deviation']:.1%}. Random figures are means over "
        f"{figures['num_random']} choices with their standard deviation. Distances have no unit: the mean squared "
        f"distance of two candidates in the whole descriptor is 2.</p>"
    )


def _table(heading: str, figures: dict[str, Any]) -> str:
    rows = []
    for name, label in ROWS:
        ours, random = figures["chosen"][name], figures["random"][name]
        change = ours / random["mean"] - 1.0 if random["mean"] > 0.0 else 0.0
        rows.append(
            f"<tr><th>{label}</th><td>{ours:.4f}</td><td>{random['mean']:.4f} &plusmn; {random['deviation']:.4f}</td>"
            f"<td>{change:+.1%}</td></tr>"
        )
    head = "<tr><th>distance to the nearest kept</th><th>chosen</th><th>random</th><th>change</th></tr>"
    return f"<h2>{heading}</h2><table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _spread(points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """At most NUM_PICTURES of the rows, evenly along the first axis, so that unlike pictures are shown."""
    ordered = rows[np.argsort(points[rows, 0], kind="stable")]
    places = np.linspace(0, len(ordered) - 1, min(NUM_PICTURES, len(ordered))).round().astype(int)
    return ordered[places]


def _pictures(heading: str, rows: np.ndarray, picture_of: Callable[[int], bytes]) -> str:
    if len(rows) == 0:
        return ""
    shown = "".join(f"<figure>{_image(picture_of(int(row)), 'jpeg')}</figure>" for row in rows)
    return f'<h2>{heading}: {len(rows)} along the first axis</h2><div class="pictures">{shown}</div>'


def _image(content: bytes, kind: str) -> str:
    return f'<img alt="" src="data:image/{kind};base64,{base64.b64encode(content).decode()}">'
