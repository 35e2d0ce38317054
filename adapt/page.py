"""Report page of a fit: what it did to the distance, to pictures and to colours, in one file."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any

from adapt.fitting import Fit
from mde.files import write_bytes
from mde.nets.net import NetSpec

PAGE = "report.html"
DISTANCES, CURVE, SAMPLES = "distances.png", "curve.png", "samples.png"
NUM_LAYERS = 12
"""Layers listed, those that are farthest from home after the fit."""
CSS = """
:root{--ink:#1b1f24;--soft:#57606a;--line:#d5dae0;--card:#f6f8fa;--adapted:#0072b2}
body{margin:0;background:#fff;color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:960px;margin:0 auto;padding:16px}
h1{font-size:1.6rem;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .4rem}
p{margin:.25rem 0 .75rem;max-width:75ch}.soft{color:var(--soft)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;margin:16px 0}
.card{background:var(--card);border-radius:8px;padding:12px 16px}
.card b{display:block;font-size:1.9rem;line-height:1.2;color:var(--adapted);font-variant-numeric:tabular-nums}
img{display:block;width:100%}img.narrow{max-width:600px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.93rem}
th,td{padding:5px 10px;text-align:right;border-bottom:1px solid var(--line)}
th:first-child{text-align:left;font-weight:400;overflow-wrap:anywhere}thead th{color:var(--soft);font-size:.8rem}
"""


def write_page(out: Path, fit: Fit, teacher: NetSpec, report: dict[str, Any]) -> None:
    """Write `report.html` into `out`, where the three pictures lie already."""
    title = f"{teacher.name}, {teacher.domain}: renders brought home by {report['rung']}"
    worst = sorted(fit.after, key=fit.after.__getitem__, reverse=True)[:NUM_LAYERS]
    body = (
        f"<h1>{escape(title)}</h1>{_summary(fit, report)}"
        f"<h2>Renders, and what the teacher will see</h2>{_image(out / SAMPLES)}"
        f"<h2>Distance of every layer</h2>{_image(out / DISTANCES)}"
        f"<h2>The fit</h2>{_image(out / CURVE, 'narrow')}"
        f"<h2>Farthest layers after it</h2>{_layers(fit, worst)}"
        f"<h2>Colours</h2>{_colours(report)}"
        f"<h2>Made from</h2>{_origin(report)}"
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body><main>{body}</main></body></html>\n"
    )
    write_bytes(out / PAGE, page.encode())


def _summary(fit: Fit, report: dict[str, Any]) -> str:
    sources = ", ".join(f"{num} from {name}" for name, num in report["sources"].items())
    nearer = sum(fit.after[name] < fit.before[name] for name in fit.before)
    cards = (
        (f"{fit.mean_before:.3f}", "mean distance of untouched renders"),
        (f"{fit.mean_after:.3f}", "mean distance of transformed renders"),
        (f"{nearer} of {len(fit.before)}", "layers are nearer than before"),
        (f"{report['num_parameters']:,}", "parameters fitted"),
    )
    idle = report["layers_idle"]
    said = f" {len(idle)} layers never run and do not count: {escape(', '.join(idle[:3]))}." if idle else ""
    return (
        "<p>The distance of a layer compares mean and variance of what enters it with what the teacher expects: "
        "0 at home, 1 about one standard deviation away. A small distance does not promise a good student; only a "
        "student's error does.</p>"
        f'<p class="soft">Layers compared: {sources}.{said}</p>'
        f'<div class="cards">{"".join(f"<div class=card><b>{value}</b>{what}</div>" for value, what in cards)}</div>'
    )


def _layers(fit: Fit, names: list[str]) -> str:
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{fit.before[name]:.3f}</td><td>{fit.after[name]:.3f}</td></tr>"
        for name in names
    )
    head = "<tr><th>layer</th><th>before</th><th>after</th></tr>"
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _colours(report: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{name}</th>{''.join(f'<td>{value:+.3f}</td>' for value in row)}<td>{offset:+.3f}</td></tr>"
        for name, row, offset in zip(("red", "green", "blue"), report["matrix"], report["offset"], strict=True)
    )
    head = "<tr><th>of colours normalised as ImageNet's</th><th>red</th><th>green</th><th>blue</th><th>offset</th></tr>"
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _origin(report: dict[str, Any]) -> str:
    parents = report["parents"]
    options = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in report["fit"].items())
    return (
        f'<p class="soft" style="overflow-wrap:anywhere">Teacher {parents["teacher"]}; renders {parents["data"]}; '
        f"{escape(options)}. All figures: report.json.</p>"
    )


def _image(path: Path, look: str = "wide") -> str:
    content = base64.b64encode(path.read_bytes()).decode()
    return f'<img class="{look}" alt="{escape(path.stem)}" src="data:image/png;base64,{content}">'
