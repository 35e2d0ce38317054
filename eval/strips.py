"""Strips: for a handful of frames what went in, what is true, and what each network made of it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import torch

from eval.alignment import LABELS
from eval.gallery import Panel, Picture
from eval.page_tables import anchor
from eval.pictures import (
    SPARSE_SHARE,
    Scale,
    data_url,
    depth_scale,
    entropy_scale,
    error_scale,
    map_png,
    photo_jpeg,
    signed_error,
    thicken,
    width_scale,
)
from eval.score import Scores

WORST_HEADING = "<h2>The worst frames, but for those above</h2>"
FLAT_ASPECT = 2.0
"""Wider pictures stand one below the other on a phone, others in pairs."""


def render_strips(scores: Scores) -> str:
    """The section with all panels, their colour bars first."""
    if not scores.panels:
        return ""
    scales = _scales(scores)
    bars = "".join(_colour_bar(scale) for scale in scales.values())
    spread = [panel for panel in scores.panels if panel.reason == "spread"]
    worst = [panel for panel in scores.panels if panel.reason == "worst"]
    return (
        f'<section><h2>Pictures</h2><p>{escape(_explanation(scores))}</p><div class="scales">{bars}</div>'
        f"<h2>Frames spread over the set</h2>{_panels(spread, scales, scores)}"
        f"{WORST_HEADING if worst else ''}{_panels(worst, scales, scores)}</section>"
    )


def _scales(scores: Scores) -> dict[str, Scale]:
    scales = {"depth": depth_scale(scores.protocol.domain), "error": error_scale()}
    entropies = [p.entropy_nat for panel in scores.panels for p in panel.pictures if p.entropy_nat is not None]
    if entropies:
        scales["entropy"] = entropy_scale(max(float(entropy.max()) for entropy in entropies))
    if any(p.relative_width is not None for panel in scores.panels for p in panel.pictures):
        scales["width"] = width_scale()
    return scales


def _explanation(scores: Scores) -> str:
    text = f"Depth and error are {LABELS[scores.alignments[0]]}, one colour scale for all pictures of a kind."
    if any((panel.true_m > 0).float().mean() < SPARSE_SHARE for panel in scores.panels):
        text += " Sparse measurements are drawn three pixels wide."
    if any(picture.entropy_nat is not None for panel in scores.panels for picture in panel.pictures):
        text += " Entropy is that of the depth probability map: high where the network is unsure of the distance."
    if any(picture.relative_width is not None for panel in scores.panels for picture in panel.pictures):
        text += " The width of the interval that holds 80 % of that map is a share of the interval's middle."
    return text + " Errors are shown where pixels were scored."


def _colour_bar(scale: Scale) -> str:
    palette = scale.palette()[1:]
    stops = ",".join("rgb({},{},{})".format(*palette[round(i * (len(palette) - 1) / 15)]) for i in range(16))
    places = (100.0 * float(scale.position(torch.tensor(value, dtype=torch.float64))) for value, _ in scale.ticks)
    marks = "".join(
        f'<span style="left:{place:.1f}%">{label}</span>' for place, (_, label) in zip(places, scale.ticks, strict=True)
    )
    gradient = f'<i style="background:linear-gradient(90deg,{stops})"></i>'
    return f'<div class="scale"><b>{scale.name}</b>{gradient}<div>{marks}</div></div>'


def _panels(panels: Sequence[Panel], scales: dict[str, Scale], scores: Scores) -> str:
    return "".join(_panel(panel, scales, scores) for panel in panels)


def _panel(panel: Panel, scales: dict[str, Scale], scores: Scores) -> str:
    height, width = panel.true_m.shape
    shape = "flat" if width > FLAT_ASPECT * height else "tall"
    truth = map_png(thicken(panel.true_m, panel.true_m), scales["depth"])
    first = _figure(photo_jpeg(panel.image), "image", panel) + _figure(truth, "ground truth", panel)
    rows = "".join(
        f'<div class="row {shape}">{_network(panel, picture, scales)}</div>' for picture in _ordered(panel, scores)
    )
    return (
        f'<div class="panel" id="{anchor(panel.frame)}">'
        f"<h3>{escape(panel.frame)} <small>scene {escape(panel.scene)}</small></h3>"
        f'<div class="row {shape}">{first}</div>{rows}</div>'
    )


def _ordered(panel: Panel, scores: Scores) -> list[Picture]:
    """The reference first, the others in their order."""
    return sorted(panel.pictures, key=lambda picture: picture.net != scores.reference)


def _network(panel: Panel, picture: Picture, scales: dict[str, Scale]) -> str:
    scored_m = torch.where(panel.valid, panel.true_m, 0.0)
    error = thicken(signed_error(picture.depth_m, scored_m), scored_m)
    fit = str(picture.fit) and f", {picture.fit}"
    figures = [
        _figure(map_png(picture.depth_m, scales["depth"]), f"{picture.net}: depth{fit}", panel),
        _figure(map_png(error, scales["error"]), f"{picture.net}: error, abs_rel {picture.abs_rel:.3f}", panel),
    ]
    if picture.entropy_nat is not None:
        figures.append(_figure(map_png(picture.entropy_nat, scales["entropy"]), f"{picture.net}: DPM entropy", panel))
    if picture.relative_width is not None:
        width = map_png(picture.relative_width, scales["width"])
        figures.append(_figure(width, f"{picture.net}: width of the 80 % interval", panel))
    return "".join(figures)


def _figure(content: bytes, caption: str, panel: Panel) -> str:
    height, width = panel.true_m.shape
    return (
        f'<figure><img src="{data_url(content)}" alt="{escape(f"{panel.frame}: {caption}")}" '
        f'width="{width}" height="{height}" loading="lazy"><figcaption>{escape(caption)}</figcaption></figure>'
    )
