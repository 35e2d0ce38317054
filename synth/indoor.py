"""Indoor scenes: a furnished room, seen by somebody who holds a camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mde.camera import Camera
from synth.builder import Builder
from synth.floor_plan import Room, room_rand
from synth.furnisher import Furnisher
from synth.lamps import indoor_light_rand
from synth.opening import openings_rand
from synth.pose import pose_from_angles
from synth.room import build_room
from synth.room_use import USES
from synth.scene import RejectedScene, Scene, Thing
from synth.sight import Sight
from synth.textures import Bank

NEAR_FAR_M = (0.1, 60.0)
DEPTH_END_M = 60.0
CAMERA_GAP_M = 0.35
"""Least distance of the camera from a wall."""
LEAST_HEADROOM_M = 1.4
"""Under a roof slope nobody stands where there is less."""
LENS_SPACE_M = 0.08
HOLLOW = frozenset({"ceiling", "beams"})
"""Kinds of things whose box may hold the camera, because the things themselves are elsewhere in it."""
SHORTEST_VIEW_M, LONGEST_VIEW_M = 1.6, 7.5
"""Distance of the point in the room that the camera looks at."""


def indoor_scene_rand(streams: dict[str, np.random.Generator], bank: Bank, camera: Camera) -> Scene:
    """A room. `streams` holds the generators "layout", "surfaces", "light" and "camera"."""
    layout = streams["layout"]
    name = str(layout.choice(list(USES), p=[use.share for use in USES.values()]))
    use = USES[name]
    room = room_rand(layout, *(float(layout.uniform(*span)) for span in (use.width_m, use.depth_m, use.height_m)))
    camera, pose = _camera_rand(streams["camera"], camera, room)
    builder = Builder(layout, streams["surfaces"], bank)
    openings = openings_rand(layout, room)
    build_room(builder, room, openings)
    Furnisher(builder, layout, room, openings, Sight(pose, camera)).furnish(use)
    lights, surrounding, lighting = indoor_light_rand(streams["light"], room, openings, builder)
    refuse_blocked_view(builder.things, pose[:3, 3])
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


def refuse_blocked_view(things: Sequence[Thing], eye_m: np.ndarray) -> None:
    """Raise RejectedScene when the camera is in the box around a thing, as under a lamp that hangs low."""
    for thing in things:
        low, high = thing.mesh.bounds_m()
        if thing.kind not in HOLLOW and (eye_m > low - LENS_SPACE_M).all() and (eye_m < high + LENS_SPACE_M).all():
            raise RejectedScene(f"the camera is in a {thing.kind}")


def _camera_rand(rng: np.random.Generator, camera: Camera, room: Room) -> tuple[Camera, np.ndarray]:
    """A camera in somebody's hands or on a shelf, looking across the room and a little down."""
    scale = float(np.exp(rng.normal(0.0, 0.012)))
    camera = replace(camera, f_px=(camera.f_px[0] * scale, camera.f_px[1] * scale))
    eye, aim = _line_of_sight_rand(rng, room)
    height = float(np.clip(rng.normal(1.36, 0.23), 0.75, 1.95))
    height = min(height, room.headroom_m(float(eye[0])) - 0.3)
    pitch = rng.normal(np.radians(-9.0), np.radians(8.0))
    pose = pose_from_angles(
        (float(eye[0]), float(eye[1]), height),
        yaw_rad=-float(np.arctan2(*(aim - eye))) + rng.normal(0.0, 0.22),
        pitch_rad=pitch,
        roll_rad=rng.normal(0.0, np.radians(2.2)),
    )
    return camera, pose


def _line_of_sight_rand(rng: np.random.Generator, room: Room) -> tuple[np.ndarray, np.ndarray]:
    """Two points of the floor plan that see one another: where the camera stands and where it looks.

    Raises RejectedScene when the room is too crooked for that.
    """
    size = np.array((room.width_m, room.depth_m))
    for _ in range(60):
        eye, aim = (CAMERA_GAP_M + rng.random(2) * (size - 2 * CAMERA_GAP_M) for _ in range(2))
        if rng.random() < 0.6:  # with the back to a wall, as people step back to have more in the picture
            side = int(rng.integers(2))
            eye[side] = CAMERA_GAP_M if aim[side] > size[side] / 2 else size[side] - CAMERA_GAP_M
        view_m = float(np.linalg.norm(aim - eye))
        x, y = float(eye[0]), float(eye[1])
        stands = room.is_free(x, y, CAMERA_GAP_M - 0.02) and room.headroom_m(x) > LEAST_HEADROOM_M
        if stands and SHORTEST_VIEW_M < view_m < LONGEST_VIEW_M and room.sees(eye, aim):
            return eye, aim
    raise RejectedScene("no view in this room")
