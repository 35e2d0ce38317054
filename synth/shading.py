"""Shading: linear radiance of what rays have met, by array arithmetic; twin of shaders/colour.frag.

The model is the same: Lambert plus a glossy lobe, ambient light from a sky-side-ground gradient, darkening beside
the room's planes, the mirrored sky, haze. Shadows are rays instead of maps, so they are sharp and never leak.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.rays import Hits, Tracer, between, footprint
from synth.scene import Light, Scene
from synth.sky import sky_picture, sky_radiance, smoothstep
from synth.soup import Soup
from synth.texels import Texels, level_of, patches, red_at

CHUNK = 32_768
"""Rays that are shaded at once: their arrays fit in the caches."""
LIFT_M, LIFT_SHARE = 0.005, 0.001
"""How far above its surface a shadow ray starts, and its growth with the distance from the eye."""
DETAIL_BIAS = -0.5
"""Mipmap levels to the sharp side, as the texture bank on a graphics card has it."""


@dataclass(frozen=True, slots=True)
class _Surface:
    """Where N rays ended, and what is there. All (N,...) float32."""

    place_m: np.ndarray
    """(N,3) in the world."""
    view: np.ndarray
    """(N,3) unit, towards the eye."""
    range_m: np.ndarray
    normal: np.ndarray
    """(N,3) unit, with the relief of the texture."""
    smooth: np.ndarray
    """(N,3) unit, without it."""
    albedo: np.ndarray
    """(N,3)."""
    gloss: np.ndarray
    emission: np.ndarray
    metal: np.ndarray
    is_leafy: np.ndarray
    """(N,) bool: light shines through."""


class Shading:
    """The light of one scene on its triangles."""

    def __init__(self, scene: Scene, soup: Soup, texels: Texels, tracer: Tracer) -> None:
        self._scene, self._soup, self._texels, self._tracer = scene, soup, texels, tracer
        self._eye = scene.world_from_camera[:3, 3]
        self._is_outdoors = len(scene.lights) == 1 and scene.lights[0].is_sun

    def radiance(self, directions: np.ndarray, hits: Hits, edges: np.ndarray) -> np.ndarray:
        """(N,3) float32 for rays along (N,3) directions of unit depth; `edges` as in `Tracer.first_hits`."""
        found = np.empty((len(directions), 3), dtype=np.float32)
        for begin in range(0, len(directions), CHUNK):
            rows = slice(begin, begin + CHUNK)
            found[rows] = self._chunk(
                directions[rows], Hits(hits.triangle[rows], hits.depth_m[rows], hits.share[rows]), edges
            )
        return found

    def _chunk(self, directions: np.ndarray, hits: Hits, edges: np.ndarray) -> np.ndarray:
        radiance = np.empty((len(directions), 3), dtype=np.float32)
        is_hit = hits.triangle >= 0
        if not is_hit.all():
            away = directions[~is_hit]
            away = (away / np.linalg.norm(away, axis=1, keepdims=True)).astype(np.float32)
            radiance[~is_hit] = sky_picture(self._scene.surrounding, away, self._texels)
        if is_hit.any():
            met = Hits(hits.triangle[is_hit], hits.depth_m[is_hit], hits.share[is_hit])
            radiance[is_hit] = self._shaded(self._surface(directions[is_hit], met, edges))
        return radiance

    def _surface(self, directions: np.ndarray, hits: Hits, edges: np.ndarray) -> _Surface:
        soup, hit = self._soup, hits.triangle
        look = soup.look[hit]
        away = directions * hits.depth_m[:, None]
        range_m = np.linalg.norm(away, axis=1)
        uv = between(soup.uv[hit], hits.share)
        smooth = _unit(between(soup.normals[hit], hits.share))
        macro = red_at(self._texels, uv * np.float32(0.17) + np.float32(0.37), 3) - np.float32(0.5)
        tint = look[:, :3] * (1.0 + 1.6 * look[:, 8] * macro)[:, None]
        level = level_of(self._texels, footprint(soup, hit, directions, hits.depth_m, edges), DETAIL_BIAS)
        patch = patches(self._texels, look[:, 4].astype(np.int32), uv, level, tint / np.float32(3.0))
        is_leafy = soup.is_leafy[hit]
        relief = np.einsum("nc,nck->nk", patch.slope, soup.uv_slope[hit]) * np.float32(self._scene.bump_m)
        return _Surface(
            place_m=(away + self._eye).astype(np.float32),
            view=(away / -range_m[:, None]).astype(np.float32),
            range_m=range_m.astype(np.float32),
            normal=_unit(np.where(is_leafy[:, None], smooth, smooth - relief)),
            smooth=smooth,
            albedo=np.minimum(patch.rgb * tint, np.float32(0.92)),  # nothing is whiter than snow
            gloss=look[:, 3] * np.where(is_leafy, np.float32(1.0), patch.alpha),
            emission=look[:, 5],
            metal=look[:, 6],
            is_leafy=is_leafy,
        )

    def _shaded(self, at: _Surface) -> np.ndarray:
        around = self._scene.surrounding
        matt = at.albedo * (1.0 - at.metal)[:, None]
        mirror = 0.04 + (at.albedo - np.float32(0.04)) * at.metal[:, None]
        away = (1.0 - np.clip(_dot(at.normal, at.view), 0.0, 1.0))[:, None]
        fresnel = mirror + (np.maximum(at.gloss[:, None], mirror) - mirror) * away**5
        reflected = 2.0 * _dot(at.normal, at.view)[:, None] * at.normal - at.view
        ambient = matt * self._ambient(at.normal) + fresnel * at.gloss[:, None] * sky_radiance(around, reflected)
        total = at.albedo * (4.0 * at.emission)[:, None] + ambient * self._openness(at)[:, None]
        for light in self._scene.lights:
            total += self._lit(light, at, matt, fresnel)
        if around.haze_per_m > 0.0:
            clear = np.exp(-np.float32(around.haze_per_m) * at.range_m)[:, None]
            total = np.asarray(around.sky_horizon, dtype=np.float32) * (1.0 - clear) + total * clear
        return total

    def _ambient(self, normal: np.ndarray) -> np.ndarray:
        around = self._scene.surrounding
        up, side, down = (
            np.asarray(colour, dtype=np.float32)
            for colour in (around.ambient_up, around.ambient_side, around.ambient_down)
        )
        z = normal[:, 2:]
        return np.asarray(side + (np.where(z > 0.0, up, down) - side) * np.abs(z))

    def _openness(self, at: _Surface) -> np.ndarray:
        """(N,) share of the ambient light that arrives beside the room's planes, out of doors beside the ground."""
        around = self._scene.surrounding
        low, high = (np.asarray(corner, dtype=np.float32) for corner in around.room_m)
        across = 1.0 - at.normal**2
        if self._is_outdoors:
            height_m = np.maximum(at.place_m[:, 2] - low[2], 0.0)
            return np.asarray(1.0 - around.corner_shade * np.exp2(-4.0 * height_m) * across[:, 2])
        beside_low = np.exp2(-4.0 * np.maximum(at.place_m - low, 0.0)) * across
        beside_high = np.exp2(-4.0 * np.maximum(high - at.place_m, 0.0)) * across
        shade = (1.0 - around.corner_shade * beside_low) * (1.0 - around.corner_shade * beside_high)
        return np.asarray(shade.prod(axis=1))

    def _lit(self, light: Light, at: _Surface, matt: np.ndarray, fresnel: np.ndarray) -> np.ndarray:
        """(N,3) light of one lamp or of the sun that reaches the eye."""
        way, length_m, strength = self._way_to(light, at)
        nl = np.clip(_dot(at.normal, way), 0.0, 1.0)
        nl = np.where(at.is_leafy, 0.25 + 0.75 * nl, nl)
        arriving = strength * nl
        if light.has_shadow:
            arriving *= self._is_reached(at, way, length_m, arriving > 0.0)
        shininess = np.exp2(1.0 + 10.0 * at.gloss)
        peak = np.maximum(_dot(at.normal, _unit(way + at.view)), 1e-4) ** shininess
        lobe = fresnel * (at.gloss * (shininess + 8.0) / 25.0 * peak)[:, None]
        return np.asarray(light.colour, dtype=np.float32) * arriving[:, None] * (matt + lobe)

    def _way_to(self, light: Light, at: _Surface) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit direction, distance and strength of the light at N places, without shadows."""
        place = np.asarray(light.place_m, dtype=np.float32)
        if light.is_sun:
            num = len(at.place_m)
            return np.broadcast_to(place, (num, 3)), np.full(num, np.inf, np.float32), np.ones(num, np.float32)
        to_light = place - at.place_m
        square = _dot(to_light, to_light)
        inverse_m = 1.0 / np.sqrt(square + np.float32(0.05))  # a lamp has a size: its strength stays finite
        way = to_light * inverse_m[:, None]
        edge = float(np.cos(light.half_angle_rad))
        cone = smoothstep(edge, edge + 0.35, -(way @ np.asarray(light.axis, dtype=np.float32)))
        return way, np.sqrt(square), inverse_m**2 * cone

    def _is_reached(self, at: _Surface, way: np.ndarray, length_m: np.ndarray, is_asked: np.ndarray) -> np.ndarray:
        """(N,) 0 or 1: nothing stands before the light; rays that carry no light are not followed."""
        lift_m = (LIFT_M + LIFT_SHARE * at.range_m)[:, None]
        start = (at.place_m - self._eye).astype(np.float32) + at.smooth * lift_m
        reached = np.zeros(len(way), dtype=np.float32)
        reached[is_asked] = self._tracer.is_lit(start[is_asked], _unit(way[is_asked]), length_m[is_asked])
        return reached


def _dot(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("nk,nk->n", first, second))


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.sqrt(_dot(vectors, vectors))
    return np.asarray(vectors / np.maximum(length, 1e-12)[:, None], dtype=np.float32)
