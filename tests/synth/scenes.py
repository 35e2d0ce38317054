"""Small scenes for the tests of renderers, whose depth has a closed form."""

from __future__ import annotations

import numpy as np

from mde.camera import Camera
from mde.domain import DRIVING
from synth.mesh import Material
from synth.pose import pose_from_angles
from synth.scene import Light, Scene, Surrounding, Thing
from synth.shapes import rectangle

GREY = Material(layer=1)
CAMERA = DRIVING.camera.resize(125, 414)
"""A third of the benchmark's picture: three back ends draw it many times."""
GREY_LIGHT = Surrounding(
    ambient_up=(0.2, 0.2, 0.2),
    ambient_side=(0.2, 0.2, 0.2),
    ambient_down=(0.2, 0.2, 0.2),
    sky_zenith=(0.5, 0.5, 0.5),
    sky_horizon=(0.5, 0.5, 0.5),
    sky_ground=(0.5, 0.5, 0.5),
    corner_shade=0.0,
)
SUN = Light(colour=(2.0, 2.0, 2.0), place_m=(0.6, 0.0, 0.8), is_sun=True, has_shadow=True)
LOOKING_AHEAD = pose_from_angles((0.0, 0.0, 1.65), yaw_rad=0.0, pitch_rad=0.0, roll_rad=0.0)


def scene_of(things, *, camera=CAMERA, pose=LOOKING_AHEAD, near_far_m=(0.3, 900.0), lights=(SUN,)) -> Scene:
    return Scene(
        kind="test",
        things=[Thing(kind="test", mesh=mesh) for mesh in things],
        lights=lights,
        surrounding=GREY_LIGHT,
        camera=camera,
        world_from_camera=pose,
        near_far_m=near_far_m,
        shadow_reach_m=(14.0, 60.0),
    )


def rays(camera: Camera) -> np.ndarray:
    """(H,W,3) directions with z = 1 through the pixel centres, written out once more as an oracle."""
    v, u = np.mgrid[0 : camera.height, 0 : camera.width] + 0.5
    return np.stack(
        ((u - camera.c_px[0]) / camera.f_px[0], (v - camera.c_px[1]) / camera.f_px[1], np.ones(u.shape)), -1
    )


def ground(reach_m: float = 400.0):
    return rectangle((-reach_m, -20.0, 0.0), (2 * reach_m, 0.0, 0.0), (0.0, reach_m + 20.0, 0.0), GREY)
