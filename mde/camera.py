"""Pinhole camera: its numbers, and how they move with the image."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Camera:
    """A pinhole with OpenCV axes, in pixels of the image that it travels with.

    Pixel centres lie at half-integers: column j is u = j + 0.5, the image spans [0, width].
    """

    f_px: tuple[float, float]
    """Focal lengths (fx, fy)."""
    c_px: tuple[float, float]
    """Principal point (cx, cy)."""
    height: int
    """Rows."""
    width: int
    """Columns."""

    def __post_init__(self) -> None:
        numbers = (*self.f_px, *self.c_px)
        if self.height < 1 or self.width < 1 or not all(map(math.isfinite, numbers)) or min(self.f_px) <= 0:
            raise ValueError(f"{self} needs a positive size, positive focal lengths and finite numbers")

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.height, self.width

    @property
    def fov_rad(self) -> tuple[float, float]:
        """Full horizontal and vertical field of view, exact also when the centre is off the middle."""
        (fx, fy), (cx, cy) = self.f_px, self.c_px
        return (
            math.atan(cx / fx) + math.atan((self.width - cx) / fx),
            math.atan(cy / fy) + math.atan((self.height - cy) / fy),
        )

    def crop(self, top: int, left: int, height: int, width: int) -> Camera:
        """Camera of the crop `image[top:top + height, left:left + width]`."""
        cx, cy = self.c_px
        return Camera(f_px=self.f_px, c_px=(cx - left, cy - top), height=height, width=width)

    def flip(self) -> Camera:
        """Camera of the image mirrored left to right: cx becomes width - cx."""
        cx, cy = self.c_px
        return Camera(f_px=self.f_px, c_px=(self.width - cx, cy), height=self.height, width=self.width)

    def resize(self, height: int, width: int) -> Camera:
        """Camera of the image resampled to height x width."""
        (fx, fy), (cx, cy) = self.f_px, self.c_px
        sx, sy = width / self.width, height / self.height
        return Camera(f_px=(fx * sx, fy * sy), c_px=(cx * sx, cy * sy), height=height, width=width)
