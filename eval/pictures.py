"""Pictures: depth, error and entropy as small PNG files, colours that colour-blind readers can tell apart.

A map becomes a palette PNG of 256 colours: 0 means nothing is known here, 1 to 255 run through the
colour map on a scale that is the same for every picture of its kind.
"""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from matplotlib import colormaps
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from mde.domain import DomainName

NONE_COLOUR = (32, 36, 42)
NUM_COLOURS = 255
JPEG_QUALITY = 82
SPARSE_SHARE = 0.5
"""Below this share of measured pixels each is drawn three pixels wide, or a reader would see nothing."""
# Narrower than what is scored, for contrast; depth outside takes the colour of the nearer end.
DISPLAY_RANGE_M: dict[DomainName, tuple[float, float]] = {
    "driving": (3.0, 80.0),
    "indoor": (0.5, 10.0),
    "warehouse": (0.7, 20.0),
    "drone": (10.0, 200.0),
}
TICKS_M: dict[DomainName, tuple[float, ...]] = {
    "driving": (3, 5, 10, 20, 40, 80),
    "indoor": (0.5, 1, 2, 5, 10),
    "warehouse": (1, 2, 5, 10, 20),
    "drone": (10, 20, 50, 100, 200),
}
ERROR_LIMIT = 0.5


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How numbers become colours, and how the colour bar is marked."""

    name: str
    colour_map: str
    low: float
    high: float
    spacing: Literal["linear", "log"]
    ticks: tuple[tuple[float, str], ...]
    """(value, label)."""

    def position(self, values: Tensor) -> Tensor:
        """Place on the scale, 0 at the low end and 1 at the high end, clamped."""
        if self.spacing == "log":
            share = (values / self.low).log() / math.log(self.high / self.low)
        else:
            share = (values - self.low) / (self.high - self.low)
        return share.clamp(0.0, 1.0)

    def palette(self) -> np.ndarray:
        """(256,3) uint8, the colour of `none` first."""
        colours = colormaps[self.colour_map](np.linspace(0.0, 1.0, NUM_COLOURS))[:, :3]
        return np.concatenate((np.array([NONE_COLOUR]), np.rint(colours * 255.0))).astype(np.uint8)


def depth_scale(domain: DomainName) -> Scale:
    """Depth on a logarithmic scale: near is bright, far is dark."""
    low, high = DISPLAY_RANGE_M[domain]
    ticks = tuple((tick, f"{tick:g} m") for tick in TICKS_M[domain])
    return Scale(name="depth", colour_map="viridis_r", low=low, high=high, spacing="log", ticks=ticks)


def error_scale() -> Scale:
    """Signed relative error (p - g) / g: orange is too near, purple is too far."""
    ticks = ((-0.5, "−50 % too near"), (0.0, "0"), (0.5, "too far +50 %"))
    limit = ERROR_LIMIT
    return Scale(name="error", colour_map="PuOr", low=-limit, high=limit, spacing="linear", ticks=ticks)


def entropy_scale(highest_nat: float) -> Scale:
    """Entropy of the depth probability map from 0 to the next whole nat above the highest shown."""
    high = max(1, math.ceil(highest_nat))
    ticks = tuple((nat, f"{nat} nat") for nat in range(high + 1))
    return Scale(name="entropy", colour_map="magma", low=0.0, high=float(high), spacing="linear", ticks=ticks)


def width_scale() -> Scale:
    """Width of an interval as a share of its middle, from 0 to the largest that there is, 2."""
    ticks = tuple((share, f"{share:.0%}") for share in (0.0, 0.5, 1.0, 1.5, 2.0))
    return Scale(name="80 % interval", colour_map="cividis", low=0.0, high=2.0, spacing="linear", ticks=ticks)


def map_png(values: Float[Tensor, "height width"], scale: Scale) -> bytes:
    """A map on its scale; NaN means none."""
    known = ~values.isnan()
    index = torch.where(known, 1 + scale.position(values.nan_to_num()) * (NUM_COLOURS - 1), 0.0).round()
    image = Image.fromarray(index.to(torch.uint8).numpy())
    image.putpalette(scale.palette().tobytes())  # makes a palette image of a grey one
    return _bytes(image, "PNG", optimize=True)


def photo_jpeg(image: Float[Tensor, "3 height width"]) -> bytes:
    """An RGB image in [0, 1]."""
    pixels = (image * 255.0).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    return _bytes(Image.fromarray(pixels), "JPEG", quality=JPEG_QUALITY)


def _bytes(image: Image.Image, form: str, **options: int | bool) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def signed_error(
    pred_m: Float[Tensor, "height width"], true_m: Float[Tensor, "height width"]
) -> Float[Tensor, "height width"]:
    """(p - g) / g where truth is known (positive), else NaN."""
    return torch.where(true_m > 0, (pred_m - true_m) / true_m.clamp_min(1e-6), torch.nan)


def thicken(values: Float[Tensor, "height width"], true_m: Float[Tensor, "height width"]) -> Tensor:
    """Values at measured pixels, NaN elsewhere; where they are sparse each also fills its eight neighbours.

    Of two that claim a pixel the one nearer to the camera wins, as it would hide the other.
    """
    known = true_m > 0
    if known.float().mean() >= SPARSE_SHARE:
        return torch.where(known, values, torch.nan)
    source = nearest_source(true_m)
    return torch.where(source >= 0, values.flatten()[source.clamp_min(0)], torch.nan)


def nearest_source(true_m: Float[Tensor, "height width"]) -> Int[Tensor, "height width"]:
    """Flat index of the nearest measurement among a pixel and its eight neighbours, -1 for none."""
    nearness = torch.where(true_m > 0, -true_m, -torch.inf)[None, None]
    found, index = F.max_pool2d(nearness, 3, stride=1, padding=1, return_indices=True)
    return torch.where(found.isfinite(), index, -1)[0, 0]


def data_url(content: bytes) -> str:
    """A picture as it stands inside the page."""
    kind = "jpeg" if content.startswith(b"\xff\xd8") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
