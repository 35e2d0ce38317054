"""Rooms of the sealed world: furnished floor plan, lamps, materials of the shell, camera."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from eval.sealed.item import Part
from eval.sealed.material import Material, Materials, colour_rand, floor_rand, stack_materials, wall_rand
from eval.sealed.plan import Place, Plan, ceiling_lamp_rand, furnish_rand, hang_pictures_rand, open_walls_rand
from eval.sealed.raycast import Shape, Solids, stack_solids


@dataclass(frozen=True, kw_only=True)
class Lamp:
    """A point of light."""

    place_m: np.ndarray
    colour: np.ndarray
    """Linear RGB at one metre."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that a picture is made from."""

    size_m: np.ndarray
    """(3,) the room spans [0, size]."""
    places: tuple[Place, ...]
    """Instance n is place n - 1; instance 0 is the room's shell."""
    solids: Solids
    instance: np.ndarray
    """(S,) instance of each solid."""
    materials: Materials
    """S rows for the solids, then six for the room's faces."""
    skirting_m: float
    """Height of the dark band at the foot of the walls."""
    lamps: tuple[Lamp, ...]
    ambient: np.ndarray
    """(3,) linear RGB of light from everywhere."""
    eye_m: np.ndarray
    """(3,) the camera's centre."""
    world_from_camera: np.ndarray
    """(3,3) rotation; its columns are the camera's right, down and forward."""


def scene_rand(rng: np.random.Generator) -> Scene:
    """A furnished room with a camera in it. Parts have streams of their own, so one does not reshuffle another."""
    layout, look, light, view = rng.spawn(4)
    size = np.array([layout.uniform(3.0, 8.0), layout.uniform(3.0, 7.0), layout.uniform(2.4, 3.0)])
    eye, world_from_camera = pose_rand(view, size)
    plan = Plan(size, eye)
    windows = open_walls_rand(layout, plan)
    furnish_rand(layout, plan)
    hang_pictures_rand(layout, plan)
    lamps, ambient = _lights(light, plan, windows)
    rows, instance, materials = [], [], []
    for number, place in enumerate(plan.places, start=1):
        for part in place.item.parts:
            rows.append(_solid(part, place))
            instance.append(number)
            materials.append(part.material)
    return Scene(
        size_m=size,
        places=tuple(plan.places),
        solids=stack_solids(rows),
        instance=np.array(instance),
        materials=stack_materials(materials + _shell(look)),
        skirting_m=float(look.choice([0.0, look.uniform(0.06, 0.15)], p=[0.3, 0.7])),
        lamps=lamps,
        ambient=ambient,
        eye_m=eye,
        world_from_camera=world_from_camera,
    )


def pose_rand(rng: np.random.Generator, size_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eye, mostly near a wall and 1.0 to 1.8 m high, and rotation, towards another part of the room."""
    ground, inset = size_m[:2], 0.45
    while True:
        eye = inset + rng.beta(0.6, 0.6, 2) * (ground - 2 * inset)
        aim = inset + rng.random(2) * (ground - 2 * inset)
        if np.hypot(*(aim - eye)) > 1.8:
            break
    heading = math.atan2(aim[1] - eye[1], aim[0] - eye[0])
    pitch = float(np.clip(rng.normal(math.radians(-9), math.radians(7)), math.radians(-28), math.radians(10)))
    roll = float(np.clip(rng.normal(0.0, math.radians(2.5)), -0.12, 0.12))
    height = float(np.clip(rng.normal(1.4, 0.17), 1.0, 1.8))
    return np.array([*eye, height]), rotation(heading, pitch, roll)


def rotation(heading_rad: float, pitch_rad: float, roll_rad: float) -> np.ndarray:
    """World (z up) from camera (OpenCV): heading from +x to +y, pitch upwards, roll about the optical axis."""
    cosine, sine = math.cos(heading_rad), math.sin(heading_rad)
    forward = np.array([cosine * math.cos(pitch_rad), sine * math.cos(pitch_rad), math.sin(pitch_rad)])
    right = np.array([sine, -cosine, 0.0])
    down = np.cross(forward, right)
    turn = math.cos(roll_rad), math.sin(roll_rad)
    return np.stack((turn[0] * right + turn[1] * down, turn[0] * down - turn[1] * right, forward), axis=1)


def _lights(
    rng: np.random.Generator, plan: Plan, windows: list[tuple[np.ndarray, Material]]
) -> tuple[tuple[Lamp, ...], np.ndarray]:
    """A ceiling lamp, a window, or both; and what the walls throw back."""
    warm = np.array(colour_rand(rng, saturation=(0.0, 0.3), value=(0.9, 1.0)))
    lamps = []
    if not windows or rng.random() < 0.6:
        x, y = rng.uniform(0.3, 0.7, 2) * plan.size_m[:2]
        drop = rng.uniform(0.08, 0.7)
        plan.places.append(
            Place(item=ceiling_lamp_rand(rng, plan, warm, drop), foot_m=(float(x), float(y)), yaw_rad=0.0)
        )
        below = np.array([x, y, plan.size_m[2] - drop - 0.12])
        lamps.append(Lamp(place_m=below, colour=warm * rng.uniform(1.5, 4.0)))
    if windows:
        place, glass = windows[int(rng.integers(len(windows)))]
        lamps.append(Lamp(place_m=place, colour=np.array(glass.first) * rng.uniform(2.0, 6.0)))
    tint = np.array(colour_rand(rng, saturation=(0.0, 0.35), value=(0.9, 1.0)))
    return tuple(lamps), tint * rng.uniform(0.08, 0.35)


def _shell(rng: np.random.Generator) -> list[Material]:
    """Materials of the faces x = 0, far x, y = 0, far y, floor, ceiling; sometimes one wall differs."""
    walls = [wall_rand(rng)] * 4
    if rng.random() < 0.4:
        walls[int(rng.integers(4))] = wall_rand(rng)
    colour = colour_rand(rng, saturation=(0.0, 0.15), value=(0.6, 0.95))
    beams = rng.random() < 0.15
    second = (colour[0] * 0.5, colour[1] * 0.4, colour[2] * 0.3)
    ceiling = Material(pattern="planks" if beams else "plain", first=colour, second=second, scale_m=0.3)
    return [*walls, floor_rand(rng), ceiling]


def _solid(part: Part, place: Place) -> tuple[Shape, np.ndarray, np.ndarray, np.ndarray, float]:
    """The part's shape, centre, half extents, axes and taper in the room."""
    yaw = place.yaw_rad
    ground = np.array([[math.cos(yaw), -math.sin(yaw)], [math.sin(yaw), math.cos(yaw)]])
    centre = np.array([*(np.array(place.foot_m) + ground @ np.array(part.centre_m[:2])), part.centre_m[2]])
    cosine, sine = math.cos(yaw + part.yaw_rad), math.sin(yaw + part.yaw_rad)
    axes = np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    return part.shape, centre, np.array(part.half_m), axes, part.taper
