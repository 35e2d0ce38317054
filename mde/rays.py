"""Rays: the way between pixels, depth and distance along the ray.

Apart from the camera, which rendering processes use without torch: it would take 300 MB of each.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from mde.camera import Camera


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
