"""Light of the sealed world: what each ray sees, with lamps, cast shadows and dark corners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval.sealed.material import albedo
from eval.sealed.plan import Place
from eval.sealed.raycast import NO_SOLID, cast, exit_room, normals
from eval.sealed.room import Lamp, Scene


@dataclass(frozen=True, kw_only=True)
class Hits:
    """Where the camera's rays end."""

    depth_m: np.ndarray
    """(rays,) planar z."""
    surface: np.ndarray
    """(rays,) row of `Scene.materials`: a solid, or one of the room's faces after them."""
    instance: np.ndarray
    """(rays,) 0 for the room."""
    points_m: np.ndarray
    """(3, rays) in the world."""
    directions: np.ndarray
    """(3, rays) in the world, unit z in the camera."""


def look(scene: Scene, directions: np.ndarray) -> Hits:
    """Follow rays from the camera; `directions` (3, rays) are in the camera's frame with z = 1, so t is z."""
    world = scene.world_from_camera @ directions
    shell, face = exit_room(scene.size_m, scene.eye_m, world)
    depth, owner = cast(scene.solids, scene.eye_m, world, shell)
    in_room = owner == NO_SOLID
    return Hits(
        depth_m=depth,
        surface=np.where(in_room, len(scene.instance) + face, owner),
        instance=np.where(in_room, 0, scene.instance[owner]),
        points_m=scene.eye_m[:, None] + depth * world,
        directions=world,
    )


def radiance(scene: Scene, hits: Hits, pixel_rad: float) -> np.ndarray:
    """(3, rays) linear RGB that reaches the camera; a pixel spans about `pixel_rad`."""
    normal = _normals(scene, hits)
    view = -hits.directions / np.linalg.norm(hits.directions, axis=0)
    slant = np.maximum(np.abs((view * normal).sum(axis=0)), 0.15)
    colour = albedo(scene.materials, hits.surface, _surface_points(scene, hits), hits.depth_m * pixel_rad / slant)
    colour = _skirting(scene, hits, colour)
    sky = 0.75 + 0.25 * normal[2]  # more light from above than from the floor
    light = scene.ambient[:, None] * sky * _openness(scene, hits)
    shine = np.zeros_like(light)
    gloss = scene.materials.gloss[hits.surface]
    for lamp in scene.lamps:
        arriving, towards = _arriving(scene, hits, lamp)
        facing = (towards * normal).sum(axis=0)
        light += arriving * np.clip((facing + 0.1) / 1.1, 0.0, None)  # 0.1 softens the terminator
        half = towards + view
        half /= np.maximum(np.linalg.norm(half, axis=0), 1e-9)
        shine += arriving * gloss * np.clip((half * normal).sum(axis=0), 0.0, None) ** 24 * (facing > 0.0)
    return colour * (light + scene.materials.emission[hits.surface]) + shine


def _normals(scene: Scene, hits: Hits) -> np.ndarray:
    num = len(scene.instance)
    normal = np.empty_like(hits.points_m)
    on_solid = hits.surface < num
    normal[:, on_solid] = normals(scene.solids, hits.surface[on_solid], hits.points_m[:, on_solid])
    face = hits.surface[~on_solid] - num
    inward = np.where(face % 2 == 0, 1.0, -1.0)
    normal[:, ~on_solid] = inward * (np.arange(3)[:, None] == face // 2)
    return normal


def _surface_points(scene: Scene, hits: Hits) -> np.ndarray:
    """Points in the frame of what they lie on, so that patterns keep to their object."""
    num = len(scene.instance)
    points = hits.points_m.copy()
    rays = np.flatnonzero(hits.surface < num)
    owner = hits.surface[rays]
    away = points[:, rays] - scene.solids.centre_m[owner].T
    points[:, rays] = np.einsum("nij,jn->in", scene.solids.axes[owner], away) + 1.37 * owner  # not all alike
    return points


def _skirting(scene: Scene, hits: Hits, colour: np.ndarray) -> np.ndarray:
    face = hits.surface - len(scene.instance)
    band = (face >= 0) & (face < 4) & (hits.points_m[2] < scene.skirting_m)
    return np.where(band, 0.3 * colour, colour)


def _arriving(scene: Scene, hits: Hits, lamp: Lamp) -> tuple[np.ndarray, np.ndarray]:
    """Light of one lamp at the points, (3, rays), and unit directions to it. Falls off softly near the lamp."""
    away = hits.points_m - lamp.place_m[:, None]
    reach = np.full(away.shape[1], 1.0 - 1e-3)  # a surface does not shade itself
    t, _ = cast(scene.solids, lamp.place_m, away, reach)
    lit = np.where(t < reach, 0.12, 1.0)  # 0.12: lamps are wide, no shadow is black
    square = (away**2).sum(axis=0)
    return lamp.colour[:, None] * (lit / (1.0 + square)), -away / np.sqrt(np.maximum(square, 1e-9))


def _openness(scene: Scene, hits: Hits) -> np.ndarray:
    """Share of the ambient light that gets to a point: less in corners of the room and beside furniture."""
    gap = np.sort(np.concatenate((hits.points_m, scene.size_m[:, None] - hits.points_m)), axis=0)
    corner = np.where(hits.instance == 0, gap[1], gap[0])  # a point of the shell is at distance 0 of its own face
    share = 1.0 - 0.45 * np.exp(-np.maximum(corner, 0.0) / 0.3)
    for number, place in enumerate(scene.places, start=1):
        if place.item.name in ("rug", "picture", "window", "door", "ceiling lamp"):
            continue
        near = np.flatnonzero((hits.instance != number) & (_distance(place, hits.points_m) < 0.8))
        share[near] *= 1.0 - 0.5 * np.exp(-_distance(place, hits.points_m[:, near]) / 0.22)
    return share


def _distance(place: Place, points_m: np.ndarray) -> np.ndarray:
    """Distance from points to the upright box around an item."""
    x, y = points_m[0] - place.foot_m[0], points_m[1] - place.foot_m[1]
    cosine, sine = np.cos(place.yaw_rad), np.sin(place.yaw_rad)
    half_x, half_y = place.item.footprint_m
    out_x = np.maximum(np.abs(cosine * x + sine * y) - half_x, 0.0)
    out_y = np.maximum(np.abs(cosine * y - sine * x) - half_y, 0.0)
    out_z = np.maximum(points_m[2] - place.item.height_m, 0.0)
    return np.sqrt(out_x**2 + out_y**2 + out_z**2)
