"""Depth file: metres in a 16-bit PNG that says its own unit."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from mde.record import DEPTH_LEVEL, UINT16_MAX

UNITS = (1000, 256, 100, 25, 10, 5, 2, 1)
"""Units per metre, from fine to coarse: to 65 m, 256 m, 655 m and so on, off by at most half a unit."""


@dataclass(frozen=True, kw_only=True)
class DepthFile:
    """A depth map on its way to the disk."""

    content: bytes
    """16-bit grey PNG, 0 = none; its text entries `units_per_metre`, `kind` and `invalid` say so too."""
    units_per_metre: int
    num_none: int
    num_capped: int
    """Pixels beyond what 16 bits hold, which are written as the largest number."""

    @property
    def rounding_m(self) -> float:
        """The most by which a pixel is off for being a whole number of units."""
        return 0.5 / self.units_per_metre


def encode_depth_file(depth_m: Float[Tensor, "height width"], *, units_per_metre: int, farthest_m: float) -> DepthFile:
    """Round metres to units; NaN becomes 0, and no known depth does, however near.

    The unit is that of the domain, or the finest coarser one in which `farthest_m` fits.
    """
    units = next((u for u in UNITS if u <= units_per_metre and farthest_m * u <= UINT16_MAX), UNITS[-1])
    metres = depth_m.double().numpy()
    is_known = np.isfinite(metres)
    scaled = np.rint(np.where(is_known, metres, 0.0) * units)
    stored = np.where(is_known, scaled.clip(1, UINT16_MAX), 0).astype(np.uint16)
    words = PngInfo()
    for key, value in {"kind": "z", "unit": "metre", "units_per_metre": str(units), "invalid": "0"}.items():
        words.add_text(key, value)
    stream = io.BytesIO()
    Image.fromarray(stored).save(stream, "PNG", compress_level=DEPTH_LEVEL, pnginfo=words)
    return DepthFile(
        content=stream.getvalue(),
        units_per_metre=units,
        num_none=int((~is_known).sum()),
        num_capped=int((scaled > UINT16_MAX).sum()),
    )
