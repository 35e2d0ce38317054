"""Driving scenes: a road seen from a car, with what stands and moves along it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mde.camera import Camera
from synth.builder import Builder
from synth.buildings import building_rand
from synth.daylight import daylight_rand
from synth.ground import lay_ground
from synth.junction import fill_junction
from synth.mesh import Mesh
from synth.night import night_rand
from synth.overpass import add_overpass
from synth.paint import Paint
from synth.plants import tree_rand
from synth.pose import pose_from_angles
from synth.road import Road, road_rand
from synth.roadside import Roadside
from synth.scene import Light, Scene, Surrounding
from synth.sight import Sight
from synth.site import Site
from synth.street_kinds import Street
from synth.street_plan import Plan, street_plan_rand
from synth.textures import Bank
from synth.traffic import add_traffic
from synth.tunnel_light import tunnel_light_rand
from synth.weather import weather_rand

NEAR_FAR_M = (0.3, 900.0)
DEPTH_END_M = 250.0
"""Beyond this a pixel counts as background: 16-bit depth at 256 per metre ends at 256 m."""
OWN_CAR_M = (1.1, 2.6)
"""Half width and length of the car that carries the camera; nothing stands in it."""


def driving_scene_rand(streams: dict[str, np.random.Generator], bank: Bank, camera: Camera) -> Scene:
    """A street scene. `streams` holds the generators "layout", "surfaces", "light" and "camera"."""
    layout = streams["layout"]
    name, street, plan = street_plan_rand(layout)
    road = road_rand(layout, is_straight=street.is_town or plan.crossing_m is not None)
    weather = weather_rand(streams["surfaces"])
    camera, pose = _camera_rand(streams["camera"], camera, road, plan)
    site = Site(Builder(layout, streams["surfaces"], bank), road, weather, Sight(pose, camera))
    _fill(site, layout, plan, street)
    lights, surrounding, light_name = _light_rand(streams["light"], site, street, pose)
    return Scene(
        kind=f"driving/{name}",
        things=site.builder.things,
        lights=lights,
        surrounding=surrounding,
        camera=camera,
        world_from_camera=pose,
        near_far_m=NEAR_FAR_M,
        shadow_reach_m=(80.0, 80.0) if street.is_tunnel else (14.0, 60.0),
        bump_m=0.006,
        closest_m=2.2,
        structure=frozenset({"road", "verge", "field", "building", "tunnel", "bank"}),
        summary={
            "weather": " ".join(filter(None, (light_name, weather.name))),
            "camera_height_m": round(float(pose[2, 3]), 4),
            **site.builder.counts(),
        },
    )


def _fill(site: Site, rng: np.random.Generator, plan: Plan, street: Street) -> None:
    """Ground first, then what is large, so that small things find what is left."""
    site.plots.take(site.road.place(0.0, 0.0), OWN_CAR_M, 0.0)
    lay_ground(site, rng, plan, street)
    covered_m = add_overpass(site, rng, plan, street)
    fill_junction(site, rng, plan, street)
    add_traffic(site, rng, plan, street)
    for side in (plan.left, plan.right):
        Roadside(site, rng, street, side, covered_m=covered_m).fill()
    _close_view(site, rng)


def _light_rand(
    rng: np.random.Generator, site: Site, street: Street, pose: np.ndarray
) -> tuple[list[Light], Surrounding, str]:
    weather = site.weather
    if weather.is_dark:
        return night_rand(rng, site.lamps_m, pose, is_foggy=weather.is_foggy)
    sun, surrounding, name = daylight_rand(rng, is_foggy=weather.is_foggy, is_wet=weather.is_wet)
    if street.is_tunnel:
        return *tunnel_light_rand(rng, sun, surrounding, site.lamps_m), name
    return [sun], surrounding, name


def _camera_rand(rng: np.random.Generator, camera: Camera, road: Road, plan: Plan) -> tuple[Camera, np.ndarray]:
    """KITTI's place on the car: 1.65 m above the road, looking along it; focal lengths differ by one per cent.

    The car stands on the road's slope. One in eight turns, nearly one in two where a side road is near.
    """
    scale = float(np.exp(rng.normal(0.0, 0.01)))
    camera = replace(camera, f_px=(camera.f_px[0] * scale, camera.f_px[1] * scale))
    turns = 0.4 if plan.crossing_m is not None and plan.crossing_m[0] < 20.0 else 0.12
    is_turning = rng.random() < turns
    yaw_rad = float(rng.normal(0.0, np.radians(2.0)) + is_turning * rng.normal(0.0, np.radians(14.0)))
    yaw_rad -= float(road.heading_rad(0.0))
    place_m = road.place(0.0, rng.normal(0.0, 0.3), rng.normal(1.65, 0.06))
    pitch_rad = float(rng.normal(0.0, np.radians(0.7)) + np.arctan(road.grade_at(0.0)))
    roll_rad = float(rng.normal(0.0, np.radians(0.6)))
    return camera, pose_from_angles(place_m.tolist(), yaw_rad=yaw_rad, pitch_rad=pitch_rad, roll_rad=roll_rad)


def _close_view(site: Site, rng: np.random.Generator) -> None:
    """Trees and houses far away, so that few roads run into the bare horizon."""
    if rng.random() < 0.15:
        return
    for _ in range(int(rng.integers(6, 26))):
        along_m, lateral_m = rng.uniform(110.0, 240.0), rng.normal(0.0, 55.0)
        if abs(lateral_m) < 12.0 and along_m < 200.0:
            continue  # not on the road
        kind, maker = ("tree", _far_tree_rand) if rng.random() < 0.7 else ("building", _far_building_rand)
        site.put(kind, maker, site.road.place(along_m, lateral_m, -0.8), float(rng.uniform(0.0, np.pi)))


def _far_tree_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    return tree_rand(rng, paint, height_m=float(rng.uniform(8.0, 20.0)), is_near=False)


def _far_building_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    length_m, depth_m = float(rng.uniform(10.0, 40.0)), float(rng.uniform(10.0, 16.0))
    return building_rand(rng, paint, length_m=length_m, depth_m=depth_m, is_town=True)
