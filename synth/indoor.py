"""Indoor scenes: a furnished room, seen by somebody who holds a camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mde.camera import Camera
from synth.builder import Builder
from synth.furnisher import Furnisher
from synth.lamps import indoor_light_rand
from synth.pose import pose_from_angles
from synth.room import Room, build_room, openings_rand
from synth.room_use import USES
from synth.scene import Scene
from synth.textures import Bank

NEAR_FAR_M = (0.1, 60.0)
DEPTH_END_M = 60.0


def indoor_scene_rand(streams: dict[str, np.random.Generator], bank: Bank, camera: Camera) -> Scene:
    """A room. `streams` holds the generators "layout", "surfaces", "light" and "camera"."""
    layout = streams["layout"]
    name = str(layout.choice(list(USES), p=[use.share for use in USES.values()]))
    use = USES[name]
    room = Room(*(float(layout.uniform(*span)) for span in (use.width_m, use.depth_m, (2.3, 3.1))))
    camera, pose = _camera_rand(streams["camera"], camera, room)
    builder = Builder(layout, streams["surfaces"], bank)
    openings = openings_rand(layout, room)
    build_room(builder, room, openings)
    Furnisher(builder, layout, room, openings, pose).furnish(use)
    lights, surrounding, lighting = indoor_light_rand(streams["light"], room, openings, builder)
    return Scene(
        kind=f"indoor/{name}",
        things=builder.things,
        lights=lights,
        surrounding=surrounding,
        camera=camera,
        world_from_camera=pose,
        near_far_m=NEAR_FAR_M,
        shadow_reach_m=(max(room.width_m, room.depth_m), 1.0),
        bump_m=0.002,
        closest_m=0.45,
        structure=frozenset({"wall", "floor", "ceiling"}),
        summary={"light": lighting, "camera_height_m": round(float(pose[2, 3]), 4), **builder.counts()},
    )


def _camera_rand(rng: np.random.Generator, camera: Camera, room: Room) -> tuple[Camera, np.ndarray]:
    """A camera in somebody's hands or on a shelf: mostly near one wall, looking across the room and a little down."""
    scale = float(np.exp(rng.normal(0.0, 0.012)))
    camera = replace(camera, f_px=(camera.f_px[0] * scale, camera.f_px[1] * scale))
    x = rng.uniform(0.4, room.width_m - 0.4)
    y = rng.uniform(0.35, 0.35 + 0.45 * (room.depth_m - 0.7))
    towards = np.arctan2(rng.uniform(0.2, 0.8) * room.width_m - x, room.depth_m - y)  # a point on the far wall
    height = float(np.clip(rng.normal(1.38, 0.2), 0.85, 1.85))
    pitch = rng.normal(np.radians(-9.0), np.radians(8.0))
    pose = pose_from_angles(
        (x, y, height),
        yaw_rad=-towards + rng.normal(0.0, 0.3),
        pitch_rad=pitch,
        roll_rad=rng.normal(0.0, np.radians(2.2)),
    )
    return camera, pose
