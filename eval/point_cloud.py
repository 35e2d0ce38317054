"""Point cloud of one picture: every pixel that the network saw, at its depth and in its colour."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import trimesh
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from eval.own_depth import Sight
from mde.camera import Camera
from mde.rays import ray_directions

CloudName = Literal["ply", "glb", "none"]
GRAZING_RAD = math.radians(3.0)
"""Surfaces seen at less than this are taken for the gap between a near and a far one: networks blur outlines over
several pixels, and those stand in the air. On METER's depth of a street it takes away the fans behind outlines and
1.4 % of all pixels; 2 degrees left most, 5 cost the road from 20 m on. Price: level ground beyond 19 times the height
of the camera is lost too, and what a network blurs over dozens of pixels stays."""
AXES = {"ply": "x right, y down, z forward (OpenCV)", "glb": "x right, y up, z backward (glTF)"}
GLTF_FROM_OPENCV = np.array([1.0, -1.0, -1.0])


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Points with colours, in the axes of OpenCV."""

    points_m: np.ndarray
    """(N,3) float32."""
    colours: np.ndarray
    """(N,3) uint8, sRGB."""
    num_dropped: int
    """Pixels at edges of depth, left out."""


def cloud_of(sight: Sight) -> Cloud:
    """The pixels of what the network saw, without those that hang between a near and a far surface."""
    known = sight.depth_m.isfinite()
    kept = known & ~is_edge(sight.depth_m, sight.camera)
    points_m = ray_directions(sight.camera)[kept] * sight.depth_m[kept][:, None]
    colours = (sight.image.permute(1, 2, 0)[kept] * 255.0).round().to(torch.uint8)
    return Cloud(points_m=points_m.numpy(), colours=colours.numpy(), num_dropped=int((known & ~kept).sum()))


def is_edge(depth_m: Float[Tensor, "height width"], camera: Camera) -> Bool[Tensor, "height width"]:
    """Where a surface through the pixel and a neighbour would be seen at less than `GRAZING_RAD`.

    Two neighbours stand 1 / f rad apart, so a surface through depths z and z' is seen at about the angle whose
    tangent is min(z, z') / (f |z - z'|). Measured so, the limit does not depend on the resolution.
    """
    jump_x = _jump(depth_m[:, :-1], depth_m[:, 1:]) * camera.f_px[0]
    jump_y = _jump(depth_m[:-1], depth_m[1:]) * camera.f_px[1]
    limit = 1.0 / math.tan(GRAZING_RAD)
    beside_x, beside_y = (jump_x > limit), (jump_y > limit)
    return (
        F.pad(beside_x, (0, 1))
        | F.pad(beside_x, (1, 0))
        | F.pad(beside_y, (0, 0, 0, 1))
        | F.pad(beside_y, (0, 0, 1, 0))
    )


def _jump(first_m: Tensor, second_m: Tensor) -> Tensor:
    """Difference of depth over the nearer of the two; NaN, which exceeds nothing, where one is unknown."""
    return (first_m - second_m).abs() / torch.minimum(first_m, second_m)


def encode_cloud(cloud: Cloud, form: Literal["ply", "glb"]) -> bytes:
    """A binary file: PLY in the axes of OpenCV with sRGB, GLB in those of glTF with linear colours, as it asks."""
    points_m, colours = cloud.points_m, cloud.colours
    if form == "glb":
        points_m, colours = points_m * GLTF_FROM_OPENCV, linear_colours(colours)
    content: Any = trimesh.PointCloud(points_m, colors=colours).export(file_type=form)
    return bytes(content)


def linear_colours(colours: np.ndarray) -> np.ndarray:
    """Light in place of sRGB (IEC 61966-2-1), still uint8."""
    share = colours / 255.0
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.rint(light * 255.0).astype(np.uint8)
