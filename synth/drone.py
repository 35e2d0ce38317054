"""Drone scenes: streets, houses, fields and woods from 20 to 120 m above the ground, oblique to straight down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mde.camera import Camera
from synth.builder import Builder
from synth.daylight import daylight_rand
from synth.district import DISTRICTS, add_district
from synth.land import Land
from synth.pose import pose_from_angles
from synth.scene import Scene
from synth.sight import Sight
from synth.terrain import Terrain, terrain_rand
from synth.textures import Bank

NEAR_FAR_M = (2.0, 900.0)
DEPTH_END_M = 250.0
"""Beyond this a pixel counts as background: 16-bit depth at 256 per metre ends at 256 m."""
HEIGHT_M = (20.0, 120.0)
"""Above the ground below: from the roofs to the height that open flight rules allow."""
SIGHT_M = 170.0
"""The middle of the view meets the ground no farther away."""


def drone_scene_rand(streams: dict[str, np.random.Generator], bank: Bank, camera: Camera) -> Scene:
    """A district from above. `streams` holds the generators "layout", "surfaces", "light" and "camera"."""
    layout = streams["layout"]
    name = str(layout.choice(list(DISTRICTS), p=[district.share for district in DISTRICTS.values()]))
    district = DISTRICTS[name]
    terrain = terrain_rand(layout, relief_m=district.relief_m)
    builder = Builder(layout, streams["surfaces"], bank)
    camera, pose, height_m = _camera_rand(streams["camera"], camera, terrain)
    add_district(Land(builder, terrain, Sight(pose, camera)), layout, district)
    sun, surrounding, weather = daylight_rand(streams["light"])
    return Scene(
        kind=f"drone/{name}",
        things=builder.things,
        lights=[sun],
        surrounding=replace(surrounding, room_m=((-1e4, -1e4, -district.relief_m), (1e4, 1e4, 1e4))),
        camera=camera,
        world_from_camera=pose,
        near_far_m=NEAR_FAR_M,
        shadow_reach_m=(min(0.7 * height_m + 20.0, 70.0), 170.0),
        shadow_middle_m=_ground_ahead(pose, height_m),
        bump_m=0.006,
        closest_m=5.0,
        structure=frozenset({"road", "field", "building"}),
        summary={"weather": weather, "camera_height_m": round(height_m, 4), **builder.counts()},
    )


def _camera_rand(rng: np.random.Generator, camera: Camera, terrain: Terrain) -> tuple[Camera, np.ndarray, float]:
    """Heights are spread evenly in their logarithm; one view in four looks straight down, give or take."""
    scale = float(np.exp(rng.normal(0.0, 0.02)))
    camera = replace(camera, f_px=(camera.f_px[0] * scale, camera.f_px[1] * scale))
    height_m = float(np.exp(rng.uniform(*np.log(HEIGHT_M))))
    flattest_rad = max(np.radians(20.0), float(np.arcsin(height_m / SIGHT_M)))
    is_nadir = rng.random() < 0.25
    down_rad = rng.normal(np.pi / 2, np.radians(3.0)) if is_nadir else rng.uniform(flattest_rad, np.radians(80.0))
    pose = pose_from_angles(
        (0.0, 0.0, float(terrain.height_m(0.0, 0.0)) + height_m),
        yaw_rad=float(rng.normal(0.0, np.radians(4.0))),
        pitch_rad=-float(down_rad),
        roll_rad=float(rng.normal(0.0, np.radians(1.5))),
    )
    return camera, pose, height_m


def _ground_ahead(pose: np.ndarray, height_m: float) -> tuple[float, float, float]:
    """Where the middle of the view meets level ground."""
    eye, ahead = pose[:3, 3], pose[:3, 2]
    x, y, z = (float(value) for value in eye + ahead * (height_m / -ahead[2]))
    return x, y, z
