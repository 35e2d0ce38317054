"""Plain scene: a floor and boxes with exact depth, to try a teacher on before anything is rendered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mde.camera import Camera
from mde.domain import Domain, DomainName

CAMERA_HEIGHT_M: dict[DomainName, float] = {"indoor": 1.4, "driving": 1.65, "warehouse": 1.6, "drone": 40.0}
SHADES = np.array([0.7, 1.0, 0.85])
"""Brightness of surfaces that face along x, y and z, so that corners can be seen."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """An image and, where something stands, how far it is."""

    image: Float[Tensor, "3 height width"]
    """RGB in [0, 1]."""
    depth_m: Float[Tensor, "1 height width"]
    """Planar z; 0 for the sky."""


def plain_frame(domain: Domain, size: tuple[int, int], *, number: int) -> Frame:
    """Frame `number` of a domain at `size` (height, width), with the field of view of the domain's camera.

    Rooms are seen from inside a box; elsewhere a ground reaches to the horizon. Six boxes stand on it.
    """
    rng = np.random.default_rng([2026, number])
    camera = domain.camera.resize(*size)
    rays = _rays(camera)
    ground_m, far_m = CAMERA_HEIGHT_M[domain.name], 0.75 * domain.depth_range_m[1]
    is_room = domain.name in ("indoor", "warehouse")
    half_m = 0.35 * far_m
    depth_m, axis = (
        _leave_box(rays, np.array([-half_m, -0.2 * far_m, -1.0]), np.array([half_m, ground_m, far_m]))
        if is_room
        else _meet_ground(rays, ground_m, domain.depth_range_m[1])
    )
    colour = np.where(axis[..., None] == 1, rng.uniform(0.3, 0.5, 3), 0.8) * SHADES[axis][..., None]
    for _ in range(6):
        low, high = _box_rand(rng, ground_m, far_m, half_m)
        near_m, side = _enter_box(rays, low, high)
        is_nearer = near_m < np.where(depth_m > 0, depth_m, np.inf)
        depth_m = np.where(is_nearer, near_m, depth_m)
        colour = np.where(is_nearer[..., None], rng.uniform(0.15, 0.9, 3) * SHADES[side][..., None], colour)
    points_m = rays * depth_m[..., None]
    tiles = np.floor(points_m[..., (0, 2)] / (0.08 * far_m)).sum(-1) % 2
    is_ground = np.abs(points_m[..., 1] - ground_m) < 1e-6 * ground_m
    colour = np.where(is_ground[..., None], colour * (0.85 + 0.3 * tiles[..., None]), colour)
    colour = np.where(depth_m[..., None] > 0, colour, (0.6, 0.75, 0.95)) + rng.normal(0.0, 0.01, rays.shape)
    return Frame(
        image=torch.from_numpy(colour.clip(0.0, 1.0).astype(np.float32)).permute(2, 0, 1),
        depth_m=torch.from_numpy(depth_m.astype(np.float32))[None],
    )


def _rays(camera: Camera) -> np.ndarray:
    """(H,W,3) directions with z = 1, so that a multiple of a ray is a planar depth."""
    (fx, fy), (cx, cy) = camera.f_px, camera.c_px
    x = (np.arange(camera.width) + 0.5 - cx) / fx
    y = (np.arange(camera.height) + 0.5 - cy) / fy
    columns, rows = np.meshgrid(x, y)
    return np.stack((columns, rows, np.ones_like(rows)), axis=-1)


def _crossings(rays: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depths (H,W,3) at which a ray enters and leaves the three slabs of a box."""
    safe = np.where(np.abs(rays) < 1e-9, 1e-9, rays)  # a ray along a slab crosses it very far away
    first, second = low / safe, high / safe
    return np.minimum(first, second), np.maximum(first, second)


def _enter_box(rays: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth of a box from outside, infinite where it is missed, and the axis of the face."""
    enter, leave = _crossings(rays, low, high)
    near_m = enter.max(-1)
    is_hit = (near_m < leave.min(-1)) & (near_m > 0)
    return np.where(is_hit, near_m, np.inf), enter.argmax(-1)


def _leave_box(rays: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth of the walls around a camera, and the axis of the wall."""
    _, leave = _crossings(rays, low, high)
    return leave.min(-1), leave.argmin(-1)


def _meet_ground(rays: np.ndarray, ground_m: float, limit_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Depth of a level ground below the camera, 0 for the sky and beyond the limit."""
    down = rays[..., 1]
    depth_m = ground_m / np.maximum(down, 1e-9)
    return np.where(depth_m < limit_m, depth_m, 0.0), np.ones(down.shape, np.int64)


def _box_rand(rng: np.random.Generator, ground_m: float, far_m: float, half_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Two corners of a box that stands on the ground in front of the camera."""
    x, z = rng.uniform(-half_m, half_m), rng.uniform(0.2, 0.9) * far_m
    width, height, depth = rng.uniform(0.05, 0.18, 3) * far_m
    return np.array([x, ground_m - height, z]), np.array([x + width, ground_m, z + depth])
