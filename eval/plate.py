"""Plate: pictures and a map in colours with its scale bar, one PNG that needs no legend."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn import functional as F

from eval.pictures import NUM_COLOURS, Scale

PANEL_PX = 720
"""Longer side of a panel; smaller pictures are enlarged by whole numbers as far as that allows."""
MARGIN_PX, BAR_PX, LABEL_PX, FONT_PX = 12, 20, 62, 15
PAPER, INK = (255, 255, 255), (27, 31, 36)
MIN_RATIO = 2.0
"""Least far end of a scale over its near end, so that a wall seen head on is not all colours."""
STEPS = ((1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0))
"""First digits of round numbers, from few to many."""
MIN_TICKS = 4


def own_depth_scale(depth_m: Float[Tensor, "height width"]) -> Scale:
    """Depth on a logarithmic scale of this picture alone, between its first and last hundredth: near is bright."""
    low, high = _ends(depth_m, 0.01, 0.99)
    middle = math.sqrt(low * high)
    low, high = min(low, middle / math.sqrt(MIN_RATIO)), max(high, middle * math.sqrt(MIN_RATIO))
    ticks = tuple((value, f"{value:g} m") for value in _round_numbers(low, high))
    return Scale(name="depth", colour_map="viridis_r", low=low, high=high, spacing="log", ticks=ticks)


def interval_scale(interval_m: Float[Tensor, "height width"]) -> Scale:
    """Width of an interval from 0 to the last hundredth of this picture: bright is undecided."""
    high = max(_ends(interval_m, 0.99, 0.99)[1], 1e-3)
    step = 10.0 ** math.floor(math.log10(high / 6.0))
    step *= next(factor for factor in (1.0, 2.0, 5.0, 10.0) if high / (step * factor) <= 6.0)
    ticks = tuple((i * step, f"{i * step:g} m") for i in range(int(high / step) + 1))
    return Scale(name="interval", colour_map="magma", low=0.0, high=high, spacing="linear", ticks=ticks)


def plate_png(
    photo: Float[Tensor, "3 height width"], values: Float[Tensor, "height width"], scale: Scale, *, title: str
) -> bytes:
    """Photograph and map, beside each other or, where they are wide, one below the other, and the bar at the right."""
    panels = [_photo_panel(photo), _map_panel(values, scale)]
    height, width = panels[0].height, panels[0].width
    is_wide = width > 1.6 * height
    columns, rows = (1, 2) if is_wide else (2, 1)
    grid_width = columns * width + (columns - 1) * MARGIN_PX
    grid_height = rows * height + (rows - 1) * MARGIN_PX
    top = 2 * MARGIN_PX + FONT_PX
    size = (grid_width + 3 * MARGIN_PX + BAR_PX + LABEL_PX, top + grid_height + MARGIN_PX)
    plate = Image.new("RGB", size, PAPER)
    for index, panel in enumerate(panels):
        down, right = (index, 0) if is_wide else (0, index)
        plate.paste(panel, (MARGIN_PX + right * (width + MARGIN_PX), top + down * (height + MARGIN_PX)))
    draw = ImageDraw.Draw(plate)
    draw.text((MARGIN_PX, MARGIN_PX), title, fill=INK, font=_font())
    _draw_bar(plate, draw, scale, left=grid_width + 2 * MARGIN_PX, top=top, height=grid_height)
    stream = io.BytesIO()
    plate.save(stream, "PNG")
    return stream.getvalue()


def _ends(values: Tensor, first: float, last: float) -> tuple[float, float]:
    """Quantiles of what is known."""
    known = np.asarray(values[values.isfinite()])
    low, high = np.quantile(known, (first, last))
    return float(low), float(high)


def _round_numbers(low: float, high: float) -> Sequence[float]:
    """Round numbers between the ends, few where few suffice, the ends themselves where there are too few."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in STEPS:
        found = [step * 10.0**exponent for exponent in exponents for step in steps]
        inside = [float(f"{value:.3g}") for value in found if low <= value <= high]
        if len(inside) >= MIN_TICKS:
            return inside
    between = np.linspace(low, high, MIN_TICKS)
    return [float(f"{value:.3g}") for value in between]


def _panel_size(height: int, width: int) -> tuple[int, int]:
    """(height, width) of a panel."""
    longer = max(height, width)
    if longer > PANEL_PX:
        return max(1, round(height * PANEL_PX / longer)), max(1, round(width * PANEL_PX / longer))
    times = PANEL_PX // longer
    return height * times, width * times


def _photo_panel(photo: Tensor) -> Image.Image:
    pixels = (_to_panel(photo) * 255.0).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(pixels)


def _map_panel(values: Tensor, scale: Scale) -> Image.Image:
    shown = _to_panel(values[None])[0]
    known = ~shown.isnan()
    index = torch.where(known, 1 + scale.position(shown.nan_to_num(nan=scale.low)) * (NUM_COLOURS - 1), 0.0).round()
    return Image.fromarray(scale.palette()[index.to(torch.uint8).numpy()])


def _to_panel(planes: Float[Tensor, "planes height width"]) -> Float[Tensor, "planes _ _"]:
    """Means over areas where a panel is smaller, whole pixels where it is larger."""
    size = _panel_size(*planes.shape[-2:])
    if size[0] < planes.shape[-2]:
        return F.adaptive_avg_pool2d(planes[None], size)[0]
    return F.interpolate(planes[None], size=size, mode="nearest-exact")[0]


def _draw_bar(plate: Image.Image, draw: ImageDraw.ImageDraw, scale: Scale, *, left: int, top: int, height: int) -> None:
    """The colours from the low end at the bottom to the high end at the top, with marks."""
    shares = np.linspace(1.0, 0.0, height)
    colours = scale.palette()[np.rint(1 + shares * (NUM_COLOURS - 1)).astype(int)]
    plate.paste(Image.fromarray(np.repeat(colours[:, None], BAR_PX, axis=1)), (left, top))
    last = math.inf
    for value, label in scale.ticks:
        row = round(top + (1.0 - float(scale.position(torch.tensor(value, dtype=torch.float64)))) * (height - 1))
        if last - row < FONT_PX:  # the label below would be written over
            continue
        last = row
        draw.line((left + BAR_PX, row, left + BAR_PX + 4, row), fill=INK)
        text_row = min(max(row, top + FONT_PX // 2), top + height - FONT_PX // 2)
        draw.text((left + BAR_PX + 8, text_row), label, fill=INK, font=_font(), anchor="lm")


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(FONT_PX)
