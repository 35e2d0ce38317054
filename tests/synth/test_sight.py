"""What a camera may see, against the projection of points."""

from __future__ import annotations

import numpy as np

from mde.domain import INDOOR
from synth.pose import pose_from_angles
from synth.sight import Sight


def test_every_ball_with_a_point_in_the_picture_is_held(rng):
    camera = INDOOR.camera
    pose = pose_from_angles((1.0, 2.0, 1.5), yaw_rad=0.7, pitch_rad=-0.2, roll_rad=0.05)
    sight, missed = Sight(pose, camera), 0
    for middle in rng.uniform(-8.0, 8.0, (300, 3)):
        ball = rng.standard_normal((200, 3))
        points = middle + 0.8 * ball / np.linalg.norm(ball, axis=1, keepdims=True)
        x, y, z = ((points - pose[:3, 3]) @ pose[:3, :3]).T
        with np.errstate(divide="ignore", invalid="ignore"):
            u, v = camera.f_px[0] * x / z + camera.c_px[0], camera.f_px[1] * y / z + camera.c_px[1]
        is_seen = ((z > 0) & (u > 0) & (u < camera.width) & (v > 0) & (v < camera.height)).any()
        assert not is_seen or sight.holds(middle, 0.8)
        missed += not sight.holds(middle, 0.8)
    assert missed > 150, "most of what stands around a camera is not in its view"


def test_nothing_is_held_beyond_the_end():
    sight = Sight(pose_from_angles((0.0, 0.0, 1.0), yaw_rad=0.0, pitch_rad=0.0, roll_rad=0.0), INDOOR.camera)
    assert sight.holds((0.0, 3.0, 1.0), 0.1, end_m=3.5)
    assert not sight.holds((0.0, 4.0, 1.0), 0.1, end_m=3.5)
