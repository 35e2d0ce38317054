"""Driving scenes: a road seen from a car, with what stands and moves along it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mde.camera import Camera
from synth.builder import Builder
from synth.buildings import building_rand
from synth.daylight import daylight_rand
from synth.ground import lay_ground
from synth.mesh import Mesh
from synth.paint import Paint
from synth.plants import tree_rand
from synth.pose import pose_from_angles
from synth.road import Road, road_rand
from synth.roadside import Roadside
from synth.scene import Scene
from synth.street_plan import street_plan_rand
from synth.textures import Bank
from synth.traffic import add_traffic

NEAR_FAR_M = (0.3, 900.0)
DEPTH_END_M = 250.0
"""Beyond this a pixel counts as background: 16-bit depth at 256 per metre ends at 256 m."""


def driving_scene_rand(streams: dict[str, np.random.Generator], bank: Bank, camera: Camera) -> Scene:
    """A street scene. `streams` holds the generators "layout", "surfaces", "light" and "camera"."""
    layout = streams["layout"]
    name, street, plan = street_plan_rand(layout)
    road = road_rand(layout, is_straight=street.is_town)
    builder = Builder(layout, streams["surfaces"], bank)
    lay_ground(builder, layout, road, plan, street)
    for side in (plan.left, plan.right):
        Roadside(builder, layout, road, street, side).fill()
    _close_view(builder, layout, road)
    add_traffic(builder, layout, road, plan, street)
    sun, surrounding, weather = daylight_rand(streams["light"])
    camera, pose = _camera_rand(streams["camera"], camera)
    return Scene(
        kind=f"driving/{name}",
        things=builder.things,
        lights=[sun],
        surrounding=surrounding,
        camera=camera,
        world_from_camera=pose,
        near_far_m=NEAR_FAR_M,
        shadow_reach_m=(14.0, 60.0),
        bump_m=0.006,
        closest_m=2.2,
        structure=frozenset({"road", "verge", "field", "building"}),
        summary={"weather": weather, "camera_height_m": round(float(pose[2, 3]), 4), **builder.counts()},
    )


def _camera_rand(rng: np.random.Generator, camera: Camera) -> tuple[Camera, np.ndarray]:
    """KITTI's place on the car: 1.65 m above the road, looking along it; focal lengths differ by one per cent."""
    scale = float(np.exp(rng.normal(0.0, 0.01)))
    camera = replace(camera, f_px=(camera.f_px[0] * scale, camera.f_px[1] * scale))
    is_turning = rng.random() < 0.12
    yaw_rad = rng.normal(0.0, np.radians(2.0)) + is_turning * rng.normal(0.0, np.radians(12.0))
    place_m = (rng.normal(0.0, 0.3), 0.0, rng.normal(1.65, 0.06))
    pitch_rad, roll_rad = rng.normal(0.0, np.radians(0.7)), rng.normal(0.0, np.radians(0.6))
    return camera, pose_from_angles(place_m, yaw_rad=yaw_rad, pitch_rad=pitch_rad, roll_rad=roll_rad)


def _close_view(builder: Builder, rng: np.random.Generator, road: Road) -> None:
    """Trees and houses far away, so that few roads run into the bare horizon."""
    if rng.random() < 0.15:
        return
    for _ in range(int(rng.integers(6, 26))):
        along_m, lateral_m = rng.uniform(110.0, 240.0), rng.normal(0.0, 55.0)
        if abs(lateral_m) < 12.0 and along_m < 200.0:
            continue  # not on the road
        kind, maker = ("tree", _far_tree_rand) if rng.random() < 0.7 else ("building", _far_building_rand)
        place = road.place(along_m, lateral_m, -0.8)
        builder.make(kind, maker, place, yaw_rad=float(rng.uniform(0.0, np.pi)))


def _far_tree_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    return tree_rand(rng, paint, height_m=float(rng.uniform(8.0, 20.0)), is_near=False)


def _far_building_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    length_m, depth_m = float(rng.uniform(10.0, 40.0)), float(rng.uniform(10.0, 16.0))
    return building_rand(rng, paint, length_m=length_m, depth_m=depth_m, is_town=True)
