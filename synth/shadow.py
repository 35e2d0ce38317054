"""Where the shadow maps look from."""

from __future__ import annotations

import numpy as np

from synth.scene import Light, Scene

SUN_HEIGHT_M = 150.0
"""Half length of the sun's shadow box along its rays: nothing that matters is farther from its middle."""


def sun_matrix(scene: Scene, light: Light, reach_m: float, map_px: int) -> tuple[np.ndarray, float]:
    """(clip_from_world, offset along normals in metres) of a box around the ground before the camera.

    The box is `2 * reach_m` wide; unless the scene says where its middle is, it begins a little behind the camera.
    """
    forward = scene.world_from_camera[:3, 2] * (1.0, 1.0, 0.0)
    length = max(float(np.linalg.norm(forward)), 1e-6)  # a camera that looks straight down has no way ahead
    middle = scene.world_from_camera[:3, 3] + forward * (0.8 * reach_m / length)
    middle = middle if scene.shadow_middle_m is None else np.array(scene.shadow_middle_m)
    rotation = _looking(-np.asarray(light.place_m, dtype=np.float64))
    view = np.eye(4)
    view[:3, :3] = rotation
    view[:3, 3] = -rotation @ middle
    scale = np.diag((1.0 / reach_m, 1.0 / reach_m, -1.0 / SUN_HEIGHT_M, 1.0))
    return scale @ view, 2.5 * reach_m / map_px


def lamp_matrix(light: Light, map_px: int) -> tuple[np.ndarray, float]:
    """(clip_from_world, offset along normals in metres) of a lamp's cone, at most 150 degrees wide."""
    half_angle_rad = min(light.half_angle_rad, np.radians(75.0))
    rotation = _looking(np.asarray(light.axis, dtype=np.float64))
    view = np.eye(4)
    view[:3, :3] = rotation
    view[:3, 3] = -rotation @ np.asarray(light.place_m)
    near_m, far_m = 0.05, 30.0
    widen = 1.0 / np.tan(half_angle_rad)
    projection = np.array(
        (
            (widen, 0.0, 0.0, 0.0),
            (0.0, widen, 0.0, 0.0),
            (0.0, 0.0, (far_m + near_m) / (near_m - far_m), 2.0 * far_m * near_m / (near_m - far_m)),
            (0.0, 0.0, -1.0, 0.0),
        )
    )
    return projection @ view, 4.0 * 2.5 / widen / map_px * 2.0


def _looking(direction: np.ndarray) -> np.ndarray:
    """(3,3) rotation from world axes to OpenGL camera axes (it looks along -z)."""
    z = -direction / np.linalg.norm(direction)
    x = np.cross((0.0, 1.0, 0.0) if abs(z[2]) > 0.9 else (0.0, 0.0, 1.0), z)
    x /= np.linalg.norm(x)
    return np.stack((x, np.cross(z, x), z))
