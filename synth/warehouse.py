"""Warehouse scenes: long aisles between pallet racks, open floor, trucks and loading doors under a high roof.

The domain is this file and `pallet_racks`: it is registered in `mde.domain` and `synth.sample`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mde.camera import Camera
from synth.builder import Builder
from synth.clutter import carton_rand
from synth.fittings import crates_rand
from synth.floor_plan import Room, Wall
from synth.furniture import PieceMaker, fitted
from synth.indoor import refuse_blocked_view
from synth.mesh import Material, Mesh, merged
from synth.occupancy import Occupancy, around, turned_area
from synth.paint import Paint
from synth.pallet_racks import (
    BAY_M,
    BEAM_COLOURS,
    RACK_COLOURS,
    RACK_DEPTH_M,
    barrier_rand,
    cage_rand,
    forklift_rand,
    pallet_stack_rand,
    pallet_truck_rand,
    rack_bay_rand,
)
from synth.pose import pose_from_angles
from synth.residents import standing_rand
from synth.room import wall_mesh
from synth.scene import Colour, Light, Scene, Surrounding
from synth.shapes import box, boxes, cylinder, rectangle
from synth.storage import cabinet_rand, desk_rand
from synth.textures import Bank
from synth.workplace import ladder_rand, lockers_rand, tyres_rand, workbench_rand

NEAR_FAR_M = (0.1, 120.0)
DEPTH_END_M = 60.0
NEAR_M = 8.0
"""Bays within this distance are built in full."""
UNSEEN_M = 3.0
"""Bays so far behind the camera are seen by nobody and shade nothing that is seen."""
PILLAR_M = 0.25
"""Depth of what stands at the walls by itself: pillars, frames of doors."""
LOOSE: tuple[PieceMaker, ...] = (
    pallet_stack_rand, pallet_stack_rand, pallet_stack_rand, pallet_stack_rand, forklift_rand, pallet_truck_rand,
    cage_rand, cage_rand, crates_rand, barrier_rand, barrier_rand, ladder_rand, tyres_rand,
)  # fmt: skip
AT_WALLS: tuple[PieceMaker, ...] = (
    pallet_stack_rand, pallet_stack_rand, cage_rand, lockers_rand, workbench_rand, desk_rand, cabinet_rand, tyres_rand,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Where the racks are: rows along y, each with its backs to another row or to nothing."""

    room: Room
    rows_x_m: tuple[tuple[float, bool], ...]
    """Middle of every row, and whether goods are taken from its +x side."""
    aisles_x_m: tuple[float, ...]
    racks_y_m: tuple[float, float]
    aisle_m: float


def warehouse_scene_rand(streams: dict[str, np.random.Generator], bank: Bank, camera: Camera) -> Scene:
    """A hall with racks. `streams` holds the generators "layout", "surfaces", "light" and "camera"."""
    layout = streams["layout"]
    plan = plan_rand(layout)
    camera, pose = _camera_rand(streams["camera"], camera, plan)
    builder, room = Builder(layout, streams["surfaces"], bank), plan.room
    _add_hall(builder, room)
    space = Occupancy(room)
    eye, ahead = pose[:2, 3], pose[:2, 2]
    space.take(around(float(eye[0]), float(eye[1]), 0.4), 0.0, room.height_m)
    before = eye + 0.9 * ahead
    space.take(around(float(before[0]), float(before[1]), 0.5), 0.0, room.height_m)
    _add_racks(builder, layout, plan, space, pose)
    _add_loose(builder, layout, plan, space, eye)
    lights, surrounding, lighting = _light_rand(streams["light"], room, eye)
    refuse_blocked_view(builder.things, pose[:3, 3])
    return Scene(
        kind="warehouse/aisles" if plan.rows_x_m else "warehouse/open floor",
        things=builder.things,
        lights=lights,
        surrounding=surrounding,
        camera=camera,
        world_from_camera=pose,
        near_far_m=NEAR_FAR_M,
        shadow_reach_m=(20.0, 1.0),
        bump_m=0.002,
        closest_m=0.6,
        structure=frozenset({"wall", "floor", "roof"}),
        summary={"light": lighting, "camera_height_m": round(float(pose[2, 3]), 4), **builder.counts()},
    )


def plan_rand(rng: np.random.Generator) -> Plan:
    """Rows of racks, single at the walls and double between aisles, or an open floor."""
    width, depth, height = float(rng.uniform(12.0, 28.0)), float(rng.uniform(18.0, 44.0)), float(rng.uniform(5.5, 11.0))
    aisle, begin = float(rng.uniform(2.4, 3.8)), float(rng.uniform(3.0, 8.0))
    end = depth - float(rng.uniform(0.5, 6.0))
    rows: list[tuple[float, bool]] = []
    aisles: list[float] = []
    x = float(rng.uniform(0.3, 1.5))
    while rng.random() > 0.12 or not rows:
        if not rows:
            rows.append((x + RACK_DEPTH_M / 2, True))
            x += RACK_DEPTH_M
        if x + aisle + RACK_DEPTH_M > width - 0.3:
            break
        aisles.append(x + aisle / 2)
        x += aisle
        rows.append((x + RACK_DEPTH_M / 2, False))
        x += RACK_DEPTH_M + 0.2
        if x + RACK_DEPTH_M + aisle > width - 0.3:
            break
        rows.append((x + RACK_DEPTH_M / 2, True))
        x += RACK_DEPTH_M
    if rng.random() < 0.12:
        rows, aisles = [], []
    return Plan(
        room=Room(width, depth, height),
        rows_x_m=tuple(rows),
        aisles_x_m=tuple(aisles),
        racks_y_m=(begin, end),
        aisle_m=aisle,
    )


def _camera_rand(rng: np.random.Generator, camera: Camera, plan: Plan) -> tuple[Camera, np.ndarray]:
    """In an aisle looking along it or at a rack, or on the open floor before the racks; by hand or on a truck."""
    scale = float(np.exp(rng.normal(0.0, 0.012)))
    camera = replace(camera, f_px=(camera.f_px[0] * scale, camera.f_px[1] * scale))
    room, (begin, end) = plan.room, plan.racks_y_m
    if plan.aisles_x_m and rng.random() < 0.65:
        x = float(rng.choice(plan.aisles_x_m)) + float(rng.uniform(-0.3, 0.3)) * plan.aisle_m
        y, forth = float(rng.uniform(begin - 1.5, end - 1.5)), rng.random() < 0.7
        yaw = rng.normal(0.0, 0.35) + (0.0 if forth else np.pi)
    else:
        x, y = float(rng.uniform(1.0, room.width_m - 1.0)), float(rng.uniform(0.8, begin - 0.8))
        aim = np.array((rng.uniform(0.1, 0.9) * room.width_m, rng.uniform(begin, begin + 8.0)))
        yaw = -float(np.arctan2(aim[0] - x, aim[1] - y)) + rng.normal(0.0, 0.3)
    height = float(np.clip(rng.normal(1.5, 0.25), 0.9, 2.4))
    pitch = rng.normal(np.radians(-3.0), np.radians(6.0))
    return camera, pose_from_angles((x, y, height), yaw_rad=yaw, pitch_rad=pitch, roll_rad=rng.normal(0.0, 0.03))


def _add_hall(builder: Builder, room: Room) -> None:
    """Floor, walls with doors, and a roof on beams."""
    rng, paint = builder.streams()
    w, d, h = room.width_m, room.depth_m, room.height_m
    tints = ((0.75, 0.75, 0.73), (0.55, 0.55, 0.55), (0.45, 0.52, 0.5), (0.7, 0.66, 0.6))
    floor = paint.of(
        "concrete", "plain", "asphalt", tint=paint.colour(tints), tile_m=(2.0, 4.0), gloss=float(rng.uniform(0.1, 0.6))
    )
    builder.add("floor", rectangle((-0.05, -0.05, 0), (w + 0.1, 0, 0), (0, d + 0.1, 0), floor))
    coats = ((0.85, 0.86, 0.87), (0.6, 0.65, 0.7), (0.75, 0.72, 0.65), (0.5, 0.5, 0.5))
    coat = paint.of(
        "plain", "concrete", "panels", "corrugated", tint=paint.colour(coats), tile_m=(2.0, 4.0), spread=0.1
    )
    for wall in room.walls:
        builder.add("wall", wall_mesh(room, wall, [], coat))
        _add_doors(builder, rng, wall)
    roof = paint.of("plain", "panels", "metal", "corrugated", tint=paint.colour(coats), tile_m=2.0, variation=0.1)
    builder.add("roof", rectangle((-0.05, d + 0.05, h), (w + 0.1, 0, 0), (0, -d - 0.1, 0), roof))
    builder.add("beams", _beams(rng, paint, room))
    builder.add("lamp", _bay_lamps(rng, paint, room), casts_shadow=False)
    builder.add("lines", _lines(rng, paint, room), casts_shadow=False)


def _add_doors(builder: Builder, rng: np.random.Generator, wall: Wall) -> None:
    """Loading doors with their frames, numbers and bumpers; some stand open to the daylight."""
    if rng.random() < 0.45:
        return
    for along in np.arange(3.0, wall.length_m - 2.5, float(rng.uniform(4.5, 7.5))):
        shape, paint = builder.streams()
        wide, high, place_turn = 2.6, float(shape.uniform(2.6, 3.4)), wall.at(float(along))
        steel = paint.of("metal", "plain", tint=(0.85, 0.65, 0.05), spread=0.3, gloss=0.3)
        if shape.random() < 0.25:
            leaf = paint.of(
                "plain", "facade", tint=(1.0, 1.02, 1.05), tile_m=4.0, emission=float(shape.uniform(0.3, 0.9))
            )
        else:
            leaf = paint.of("metal", "plain", "panels", tint=(0.75, 0.77, 0.8), spread=0.3, tile_m=1.3, gloss=0.3)
        posts = np.array([(s * (wide / 2 + 0.1), 0.1, 0.0) for s in (-1, 1)])
        parts = [
            box((wide, 0.03, high), leaf, at_m=(0, 0.02, 0)),
            boxes(np.tile((0.2, 0.2, high + 0.2), (2, 1)), posts, steel),
        ]
        parts.append(box((wide + 0.4, 0.2, 0.25), steel, at_m=(0, 0.1, high)))
        sign = paint.of("text", "plain", "picture", tile_m=0.6)
        parts.append(box((0.5, 0.03, 0.5), sign, at_m=(0, 0.03, high + 0.4)))
        builder.add("door", merged(parts).moved(place_turn[0], yaw_rad=place_turn[1]))


def _beams(rng: np.random.Generator, paint: Paint, room: Room) -> Mesh:
    """Trusses across the hall and pillars at the walls."""
    steel = paint.of("metal", "plain", tint=paint.colour((*RACK_COLOURS, (0.7, 0.7, 0.7))), gloss=0.3)
    y = np.arange(float(rng.uniform(1.0, 3.0)), room.depth_m - 0.5, float(rng.uniform(4.5, 7.0)))
    w, h = room.width_m, room.height_m
    beams = np.stack((0 * y + w / 2, y, 0 * y + h - 0.45), axis=1)
    pillars = np.concatenate([np.stack((0 * y + x, y, 0 * y), axis=1) for x in (0.12, w - 0.12)])
    return merged(
        [
            boxes(np.tile((w, 0.2, 0.4), (len(y), 1)), beams, steel),
            boxes(np.tile((0.22, 0.22, h - 0.45), (len(pillars), 1)), pillars, steel),
        ]
    )


def _bay_lamps(rng: np.random.Generator, paint: Paint, room: Room) -> Mesh:
    """Rows of lamps or skylights under the roof."""
    glow = paint.of("plain", tint=(1.0, 0.97, 0.92), emission=float(rng.uniform(0.7, 1.4)), variation=0.0)
    pitch = float(rng.uniform(3.0, 5.0))
    x, y = np.meshgrid(np.arange(pitch / 2, room.width_m - 0.8, pitch), np.arange(pitch / 2, room.depth_m - 0.8, pitch))
    places = np.stack((x.ravel(), y.ravel(), np.full(x.size, room.height_m - 0.62)), axis=1)
    if rng.random() < 0.5:
        return boxes(np.tile((0.2, 1.5, 0.1), (len(places), 1)), places, glow)
    return merged([cylinder(0.24, 0.2, glow, at_m=place, top=0.5, sections=10) for place in places])


def _lines(rng: np.random.Generator, paint: Paint, room: Room) -> Mesh:
    """Painted lines on the floor, across the hall and along its sides."""
    yellow = paint.of(
        "plain", tint=paint.colour(((0.85, 0.65, 0.05), (0.9, 0.9, 0.9), (0.7, 0.1, 0.05))), variation=0.4
    )
    y = np.array([float(rng.uniform(1.5, 2.8)) + float(rng.uniform(0.0, 6.0)) * k for k in range(2)])
    across = np.stack((0 * y + room.width_m / 2, np.minimum(y, room.depth_m - 1.0), 0 * y + 0.0005), axis=1)
    return boxes(np.tile((room.width_m - 1.0, 0.1, 0.003), (len(y), 1)), across, yellow)


def _add_racks(builder: Builder, rng: np.random.Generator, plan: Plan, space: Occupancy, pose: np.ndarray) -> None:
    """One thing per bay, so that ids tell them apart; bays behind the camera are left out."""
    if not plan.rows_x_m:
        return
    _, paint = builder.streams()
    style: tuple[Material, Material] = (
        paint.of("plain", "metal", tint=paint.colour(RACK_COLOURS), spread=0.2, gloss=0.35),
        paint.of("plain", tint=paint.colour(BEAM_COLOURS), spread=0.2, gloss=0.35),
    )
    pitch = float(rng.uniform(1.3, 1.95))
    levels_m = np.arange(max(min(int((plan.room.height_m - 2.4) / pitch) + 1, 5), 2)) * pitch
    begin, end = plan.racks_y_m
    for x, takes_right in plan.rows_x_m:
        side = 1.0 if takes_right else -1.0
        space.take((x - RACK_DEPTH_M / 2, begin - 0.1, x + RACK_DEPTH_M / 2, end), 0.0, plan.room.height_m)
        for y in np.arange(begin + BAY_M / 2, end - BAY_M / 2, BAY_M):
            streams, away = builder.streams(), np.array((x, y)) - pose[:2, 3]
            if away @ pose[:2, 2] < -UNSEEN_M:
                continue
            is_near = float(np.linalg.norm(away)) < NEAR_M
            mesh = rack_bay_rand(*streams, levels_m=levels_m, style=style, is_near=is_near)
            place = (x - side * RACK_DEPTH_M / 2, float(y), 0.0)
            builder.add("rack", mesh.moved(place, yaw_rad=-side * np.pi / 2))


def _add_loose(builder: Builder, rng: np.random.Generator, plan: Plan, space: Occupancy, eye: np.ndarray) -> None:
    """Trucks, pallets, cages and people on the free floor; boxes here and there; pieces along the walls."""
    room = plan.room
    for _ in range(int(rng.integers(8, 26))):
        _stand(builder, rng, space, room, LOOSE[int(rng.integers(len(LOOSE)))], eye)
    for _ in range(int(rng.integers(4, 14))):
        _stand_at_wall(builder, rng, space, room, AT_WALLS[int(rng.integers(len(AT_WALLS)))])
    for _ in range(rng.poisson(1.0)):
        x, y = (float(v) for v in rng.uniform((0.5, 0.5), (room.width_m - 0.5, room.depth_m - 0.5)))
        if space.is_free(around(x, y, 0.35)) and np.hypot(x - eye[0], y - eye[1]) > 2.0:
            space.take(around(x, y, 0.35))
            builder.make("person", standing_rand, (x, y, 0.0), yaw_rad=float(rng.uniform(0, 2 * np.pi)))
    for _ in range(rng.poisson(5.0)):
        x, y = (float(v) for v in rng.uniform((0.5, 0.5), (room.width_m - 0.5, room.depth_m - 0.5)))
        if space.is_free(around(x, y, 0.25), 0.0, 0.4):
            builder.make("clutter", carton_rand, (x, y, 0.0), yaw_rad=float(rng.uniform(0, 2 * np.pi)))


def _stand(
    builder: Builder, rng: np.random.Generator, space: Occupancy, room: Room, maker: PieceMaker, eye: np.ndarray
) -> None:
    """Put a piece where there is room, near the camera more often than far away."""
    piece = fitted(maker(*builder.streams()))
    width, depth, height = piece.size_m
    for _ in range(6):
        turn = float(rng.choice((0.0, np.pi / 2, np.pi, -np.pi / 2)) + rng.normal(0.0, 0.1))
        middle = eye + rng.normal(0.0, 6.0, 2) if rng.random() < 0.6 else rng.random(2) * (room.width_m, room.depth_m)
        x, y = float(middle[0]), float(middle[1])
        area = turned_area(x, y, width, depth, turn)
        if space.is_free(area, 0.0, height, 0.05):
            space.take(area, 0.0, height)
            back = np.array((-np.sin(turn), np.cos(turn), 0.0)) * depth / 2
            builder.add(
                maker.__name__.removesuffix("_rand").replace("_", " "),
                piece.mesh.moved(np.array((x, y, 0.0)) - back, yaw_rad=turn),
            )
            return


def _stand_at_wall(builder: Builder, rng: np.random.Generator, space: Occupancy, room: Room, maker: PieceMaker) -> None:
    """Put a piece with its back to a wall, clear of the pillars."""
    piece = fitted(maker(*builder.streams()))
    wall = room.walls[int(rng.integers(len(room.walls)))]
    width, depth, height = piece.size_m
    along = float(rng.uniform(1.0 + width / 2, wall.length_m - 1.0 - width / 2))
    area = wall.area(along, width, PILLAR_M + depth)
    if space.is_free(area, 0.0, height, 0.05):
        space.take(area, 0.0, height)
        place, turn = wall.at(along, PILLAR_M)
        name = maker.__name__.removesuffix("_rand").replace("_", " ")
        builder.add(name, piece.mesh.moved(place, yaw_rad=turn))


def _light_rand(rng: np.random.Generator, room: Room, eye: np.ndarray) -> tuple[list[Light], Surrounding, str]:
    """Lamps under the roof ahead of and above the camera, the first two with shadows, and much ambient light."""
    cold = float(rng.random())
    colour: Colour = (1.0 - 0.12 * cold, 0.95, 0.8 + 0.25 * cold)
    level = float(rng.uniform(0.5, 1.3))
    lights = []
    for number in range(3):
        at = np.clip(eye + rng.normal(0.0, 4.0, 2), 1.0, np.array((room.width_m, room.depth_m)) - 1.0)
        strength = level * float(rng.uniform(12.0, 40.0))
        place = float(at[0]), float(at[1]), room.height_m - 0.7
        shade = Light(
            colour=_scaled(colour, strength),
            place_m=place,
            half_angle_rad=float(np.radians(105)),
            has_shadow=number < 2,
        )
        lights.append(shade)
    ambient = level * float(rng.uniform(0.3, 0.7))
    surrounding = Surrounding(
        ambient_up=_scaled(colour, ambient),
        ambient_side=_scaled(colour, 0.8 * ambient),
        ambient_down=_scaled(colour, 0.55 * ambient),
        sky_zenith=_scaled(colour, 1.2 * ambient),
        sky_horizon=_scaled(colour, 0.8 * ambient),
        sky_ground=_scaled(colour, 0.4 * ambient),
        haze_per_m=float(rng.choice((0.0, rng.uniform(0.0, 0.005)))),
        room_m=((0.0, 0.0, 0.0), (room.width_m, room.depth_m, room.height_m)),
        corner_shade=float(rng.uniform(0.2, 0.5)),
    )
    return lights, surrounding, "cold" if cold > 0.5 else "warm"


def _scaled(colour: Colour, factor: float) -> Colour:
    r, g, b = (float(c * factor) for c in colour)
    return r, g, b
