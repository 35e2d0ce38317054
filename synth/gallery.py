"""Gallery: one page to look at images with their depth and ids. It opens from the disk, nothing else is needed."""

from __future__ import annotations

import io
from base64 import b64encode
from html import escape
from pathlib import Path
from string import Template

import numpy as np
from PIL import Image

from mde.files import write_bytes
from mde.record import Record
from mde.shards import ShardReader
from synth.contact import depth_ends_m, depth_picture, id_picture, spread_numbers

GALLERY = "preview.html"
MAX_RECORDS = 48
PICTURE_WIDTH_PX = 480
GRID_WIDTH = 120
"""Columns of the values that can be pointed at."""
TEMPLATE = Path(__file__).with_name("gallery.html")


def write_gallery(directory: Path, path: Path) -> None:
    """Write the page of records spread evenly over the shards of `directory`."""
    reader = ShardReader(directory, verify=False)
    records = [reader[number] for number in spread_numbers(len(reader), MAX_RECORDS)]
    facts = f"{len(records)} of {len(reader)} images in {directory.name}."
    write_bytes(path, gallery_page(records, title=f"{reader.domain} renders", facts=facts).encode())


def gallery_page(records: list[Record], *, title: str, facts: str) -> str:
    """The page as one HTML file with everything inside."""
    height, width = records[0].camera.size
    is_wide = width > 2 * height  # then the three views lie better on top of each other
    return Template(TEMPLATE.read_text()).substitute(
        title=escape(title),
        facts=escape(facts),
        cards="\n".join(map(_card, records)),
        card_px="400px" if is_wide else "600px",
        columns="1fr" if is_wide else "repeat(3, minmax(0, 1fr))",
        colours=_colours(),
    )


def _card(record: Record) -> str:
    low_m, high_m = depth_ends_m(record.depth_m)
    valid = record.depth_m[record.depth_m > 0]
    median = f"median {np.median(valid):.1f} m" if valid.size else "no depth"
    views = "".join(
        f'<div class="view"><img alt="{name}" src="{_source(picture, form)}"><i></i></div>'
        for name, picture, form in (
            ("image", record.image, "JPEG"),
            ("depth", depth_picture(record.depth_m), "JPEG"),
            ("ids", id_picture(record.ids), "PNG"),
        )
    )
    return (
        f'<div class="card" {_values(record)}>'
        f"<header><b>{escape(record.key)} · {escape(str(record.recipe['scene']))}</b><output>{median}</output></header>"
        f'<div class="views">{views}</div>'
        f'<div class="scale">{low_m:.1f} m<span></span>{high_m:.1f} m</div></div>'
    )


def _source(picture: np.ndarray, form: str) -> str:
    """A picture as the address of an `img`: photographs and depth as JPEG, flat colours as PNG."""
    height, width = picture.shape[:2]
    columns = min(width, PICTURE_WIDTH_PX)
    image = Image.fromarray(picture)
    filtering = Image.Resampling.NEAREST if form == "PNG" else Image.Resampling.BILINEAR
    stream = io.BytesIO()
    image.resize((columns, max(round(height * columns / width), 1)), filtering).save(stream, form, quality=85)
    return f"data:image/{form.lower()};base64,{b64encode(stream.getvalue()).decode()}"


def _values(record: Record) -> str:
    """A coarse grid of depth in centimetres and of ids, each the pixel amid its cell, as 16-bit numbers in base64."""
    height, width = record.camera.size
    columns = min(width, GRID_WIDTH)
    rows = max(round(height * columns / width), 1)
    places = np.ix_(
        ((np.arange(rows) + 0.5) * height / rows).astype(int),
        ((np.arange(columns) + 0.5) * width / columns).astype(int),
    )
    depth_cm = np.rint(record.depth_m[places] * 100).clip(0, 65535)
    depth, ids = (b64encode(grid.astype("<u2").tobytes()).decode() for grid in (depth_cm, record.ids[places]))
    return f'data-rows="{rows}" data-columns="{columns}" data-depth="{depth}" data-ids="{ids}"'


def _colours() -> str:
    """The colours of `depth_picture` from near to far, for the legend."""
    ramp = depth_picture(np.geomspace(1.0, 10.0, 9, dtype=np.float32)[None])[0]
    return ", ".join(f"rgb({red} {green} {blue})" for red, green, blue in ramp)
