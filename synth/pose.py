"""Pose: where a camera stands and where it looks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def pose_from_angles(place_m: Sequence[float], *, yaw_rad: float, pitch_rad: float, roll_rad: float) -> np.ndarray:
    """(4,4) `world_from_camera`, OpenCV axes, of a camera that looks along +y of the world when all angles are zero.

    `yaw_rad` turns it left (counter-clockwise from above), `pitch_rad` up, `roll_rad` clockwise as it looks.
    """
    level = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)))  # columns: right, down, forward
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    yaw = np.array(((cos, -sin, 0.0), (sin, cos, 0.0), (0.0, 0.0, 1.0)))
    cos, sin = np.cos(pitch_rad), np.sin(pitch_rad)
    pitch = np.array(((1.0, 0.0, 0.0), (0.0, cos, -sin), (0.0, sin, cos)))
    cos, sin = np.cos(roll_rad), np.sin(roll_rad)
    roll = np.array(((cos, -sin, 0.0), (sin, cos, 0.0), (0.0, 0.0, 1.0)))
    pose = np.eye(4)
    pose[:3, :3] = yaw @ level @ pitch @ roll
    pose[:3, 3] = place_m
    return pose
