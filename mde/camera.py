"""Pinhole camera: the way between pixels, depth and distance along the ray."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


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


def ray_directions(camera: Camera, *, dtype: torch.dtype = torch.float32) -> Float[Tensor, "height width 3"]:
    """Directions ((u - cx) / fx, (v - cy) / fy, 1) through all pixel centres: unit z, not unit length."""
    (fx, fy), (cx, cy) = camera.f_px, camera.c_px
    u = (torch.arange(camera.width, dtype=dtype) + 0.5 - cx) / fx
    v = (torch.arange(camera.height, dtype=dtype) + 0.5 - cy) / fy
    y, x = torch.meshgrid(v, u, indexing="ij")
    return torch.stack((x, y, torch.ones_like(x)), dim=-1)


def range_to_z(range_m: Float[Tensor, "*batch height width"], camera: Camera) -> Float[Tensor, "*batch height width"]:
    """Turn distance along each pixel's ray into depth along the optical axis.

    A ray caster measures range; benchmarks and teachers speak z. For the ray through the pixel
    centre (u, v), z = range / |((u - cx) / fx, (v - cy) / fy, 1)|. The result is never larger
    than the input, and equal only on the optical axis. Inverse: `z_to_range`.

    >>> camera = Camera(f_px=(1.0, 1.0), c_px=(1.0, 0.5), height=1, width=2)
    >>> range_to_z(torch.full((1, 2), 2.0), camera)
    tensor([[1.7889, 1.7889]])
    """
    return range_m / _ray_length(range_m, camera)


def z_to_range(depth_m: Float[Tensor, "*batch height width"], camera: Camera) -> Float[Tensor, "*batch height width"]:
    """Turn depth along the optical axis into distance along each pixel's ray; inverse of `range_to_z`."""
    return depth_m * _ray_length(depth_m, camera)


def _ray_length(plane: Tensor, camera: Camera) -> Tensor:
    if tuple(plane.shape[-2:]) != camera.size:
        raise ValueError(f"a map of {tuple(plane.shape[-2:])} pixels does not belong to a camera of {camera.size}")
    return ray_directions(camera, dtype=plane.dtype).norm(dim=-1).to(plane.device)
