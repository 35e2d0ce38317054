"""Sight: what a camera may see, so that nothing is made that no pixel shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mde.camera import Camera
from synth.mesh import Vector


@dataclass(frozen=True, slots=True)
class Sight:
    """The pyramid before a camera."""

    world_from_camera: np.ndarray
    camera: Camera

    def holds(self, place_m: Vector, reach_m: float, *, end_m: float = math.inf) -> bool:
        """Whether some of a ball of radius `reach_m` around a place is in view, and nearer than `end_m`."""
        pose = self.world_from_camera
        x, y, z = ((np.asarray(place_m) - pose[:3, 3]) @ pose[:3, :3]).tolist()
        (fx, fy), (cx, cy) = self.camera.f_px, self.camera.c_px
        wide, high = max(cx, self.camera.width - cx) / fx, max(cy, self.camera.height - cy) / fy
        return (
            -reach_m < z < end_m
            and abs(x) - wide * z < reach_m * math.hypot(1.0, wide)
            and abs(y) - high * z < reach_m * math.hypot(1.0, high)
        )
