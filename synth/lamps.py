"""Lamps: light in a room, from ceilings, stands and windows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synth.builder import Builder
from synth.mesh import merged
from synth.room import Opening, Room
from synth.scene import Colour, Light, Surrounding
from synth.shapes import box, cylinder


def indoor_light_rand(
    rng: np.random.Generator, room: Room, openings: list[Opening], builder: Builder
) -> tuple[list[Light], Surrounding, str]:
    """Up to four lights, of which the first two cast shadows, the ambient light, and a name for the mixture."""
    windows = [opening for opening in openings if opening.kind == "window"]
    has_day = bool(windows) and rng.random() < 0.7
    warm = float(rng.beta(2.0, 1.6))
    lamp_colour = (1.0, 0.92 - 0.27 * warm, 0.85 - 0.55 * warm)
    level = float(rng.uniform(0.5, 1.3))
    lights = [_ceiling_lamp(rng, room, builder, _scaled(lamp_colour, level * rng.uniform(2.0, 6.0)))]
    if has_day:
        lights.append(_sun_through(rng, room, windows[0]))
    for _ in range(int(rng.integers(0, 3))):
        lights.append(_stand_light(rng, room, _scaled(lamp_colour, level * rng.uniform(0.3, 1.4))))
    if has_day and rng.random() < 0.5:
        lights[0] = replace(lights[0], colour=_scaled(lights[0].colour, 0.15))
    if len(lights) > 1 and not lights[1].is_sun:
        lights[1] = replace(lights[1], has_shadow=True, half_angle_rad=1.3)
    blue = 0.25 * has_day
    mixed = tuple(a * (1 - blue) + blue * b for a, b in zip(lamp_colour, (0.8, 0.95, 1.15), strict=True))
    ambient = level * float(rng.uniform(0.22, 0.6))
    bounce = _scaled((1.0, float(rng.uniform(0.85, 1.0)), float(rng.uniform(0.7, 1.0))), 1.0)
    floor_light = tuple(a * b for a, b in zip(mixed, bounce, strict=True))
    surrounding = Surrounding(
        ambient_up=_scaled(mixed, ambient),
        ambient_side=_scaled(mixed, ambient * rng.uniform(0.75, 1.0)),
        ambient_down=_scaled(floor_light, ambient * rng.uniform(0.5, 0.95)),
        sky_zenith=_scaled(mixed, 1.3 * ambient),
        sky_horizon=_scaled(mixed, 0.9 * ambient),
        sky_ground=_scaled(floor_light, 0.5 * ambient),
        room_m=((0.0, 0.0, 0.0), (room.width_m, room.depth_m, room.height_m)),
        corner_shade=float(rng.uniform(0.25, 0.55)),
    )
    return lights[:4], surrounding, "daylight" if has_day else "lamps"


def _ceiling_lamp(rng: np.random.Generator, room: Room, builder: Builder, colour: Colour) -> Light:
    x, y = room.width_m * rng.uniform(0.3, 0.7), room.depth_m * rng.uniform(0.3, 0.7)
    drop = float(rng.choice((0.06, rng.uniform(0.3, 0.7)), p=(0.6, 0.4)))
    _, paint = builder.streams()
    glow = paint.of("plain", tint=(1.0, 0.95, 0.85), emission=1.2, variation=0.0)
    shape = [cylinder(float(rng.uniform(0.1, 0.25)), 0.07, glow, at_m=(0, 0, -0.07), sections=18)]
    if drop > 0.1:
        cord = paint.of("plain", tint=(0.1, 0.1, 0.1))
        shape.append(box((0.012, 0.012, drop), cord, at_m=(0, 0, 0)))
    else:
        drop = 0.0
    builder.add("lamp", merged(shape).moved((x, y, room.height_m - drop - 0.001)), casts_shadow=False)
    place = (float(x), float(y), float(room.height_m - drop - 0.12))
    return Light(colour=colour, place_m=place, half_angle_rad=float(np.radians(110)), has_shadow=True)


def _stand_light(rng: np.random.Generator, room: Room, colour: Colour) -> Light:
    place = (
        float(room.width_m * rng.uniform(0.1, 0.9)),
        float(room.depth_m * rng.uniform(0.1, 0.95)),
        float(rng.uniform(1.3, room.height_m - 0.4)),
    )
    return Light(colour=colour, place_m=place, half_angle_rad=float(np.pi))


def _sun_through(rng: np.random.Generator, room: Room, window: Opening) -> Light:
    """The sun or the bright sky, from outside through the first window."""
    _, turn = room.at_wall(window.wall, window.along_m)
    elevation, spread = rng.uniform(0.3, 1.0), rng.normal(0.0, 0.5)
    outward = turn - np.pi / 2 + spread
    towards = (
        float(np.cos(elevation) * np.cos(outward)),
        float(np.cos(elevation) * np.sin(outward)),
        float(np.sin(elevation)),
    )
    return Light(
        colour=_scaled((1.0, 0.95, 0.85), rng.uniform(1.0, 5.0)), place_m=towards, is_sun=True, has_shadow=True
    )


def _scaled(colour: tuple[float, ...], factor: float) -> Colour:
    r, g, b = (float(c * factor) for c in colour)
    return r, g, b
