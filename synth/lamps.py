"""Lamps: light in a room, from ceilings, stands and windows; bright, dim, warm and cold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synth.builder import Builder
from synth.floor_plan import Room
from synth.luminaire import LUMINAIRES
from synth.opening import Opening
from synth.scene import Colour, Light, Surrounding

WARM: Colour = (1.0, 0.65, 0.3)
NEUTRAL: Colour = (1.0, 0.92, 0.85)
COLD: Colour = (0.85, 0.97, 1.05)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mood:
    """How a room is lit."""

    share: float
    warmth: tuple[float, float]
    """From 0, cold tubes, over 0.5, neutral, to 1, a warm bulb."""
    ceiling: tuple[float, float]
    """Strength of the ceiling's lamp at 1 m."""
    ambient: tuple[float, float]
    num_stands: tuple[int, int] = (0, 2)
    stand: tuple[float, float] = (0.3, 1.4)
    day_share: float = 0.6
    """How often the sun or the sky shines in, if there is a window."""


MOODS = {
    "even": Mood(share=0.4, warmth=(0.3, 0.9), ceiling=(1.2, 6.0), ambient=(0.25, 0.7)),
    "cold": Mood(share=0.15, warmth=(0.0, 0.35), ceiling=(2.0, 6.0), ambient=(0.3, 0.7)),
    "warm evening": Mood(share=0.2, warmth=(0.75, 1.0), ceiling=(0.6, 4.0), ambient=(0.12, 0.4), day_share=0.1),
    "dim": Mood(
        share=0.1, warmth=(0.3, 1.0), ceiling=(0.1, 0.4), ambient=(0.04, 0.12), num_stands=(1, 3), stand=(0.4, 1.2),
        day_share=0.15,
    ),
    "daylight alone": Mood(
        share=0.15, warmth=(0.4, 0.6), ceiling=(0.0, 0.05), ambient=(0.25, 0.6), num_stands=(0, 1), day_share=1.0,
    ),
}  # fmt: skip


def indoor_light_rand(
    rng: np.random.Generator, room: Room, openings: list[Opening], builder: Builder
) -> tuple[list[Light], Surrounding, str]:
    """Up to four lights, of which the first two cast shadows, the ambient light, and a name for the mixture."""
    windows = [opening for opening in openings if opening.kind == "window"]
    name = str(rng.choice(list(MOODS), p=[mood.share for mood in MOODS.values()]))
    mood = MOODS[name]
    has_day = bool(windows) and rng.random() < mood.day_share
    colour, level = _colour_rand(rng, mood), float(rng.uniform(0.5, 1.3))
    lights = [_ceiling_light(rng, room, builder, _scaled(colour, level * rng.uniform(*mood.ceiling)))]
    if has_day:
        lights.append(_sun_through(rng, windows[int(rng.integers(len(windows)))]))
    for _ in range(int(rng.integers(mood.num_stands[0], mood.num_stands[1] + 1))):
        lights.append(_stand_light(rng, room, _scaled(colour, level * rng.uniform(*mood.stand))))
    if has_day and rng.random() < 0.5:
        lights[0] = replace(lights[0], colour=_scaled(lights[0].colour, 0.15))
    if len(lights) > 1 and not lights[1].is_sun:
        lights[1] = replace(lights[1], has_shadow=True, half_angle_rad=1.3)
    ambient = level * float(rng.uniform(*mood.ambient))
    return lights[:4], _surrounding_rand(rng, room, colour, ambient, has_day), f"{name}, day" if has_day else name


def _colour_rand(rng: np.random.Generator, mood: Mood) -> Colour:
    """A colour on the way from cold over neutral to warm."""
    warmth = float(rng.uniform(*mood.warmth))
    low, high, share = (COLD, NEUTRAL, 2 * warmth) if warmth < 0.5 else (NEUTRAL, WARM, 2 * warmth - 1)
    r, g, b = ((1 - share) * a + share * c for a, c in zip(low, high, strict=True))
    return r, g, b


def _surrounding_rand(
    rng: np.random.Generator, room: Room, colour: Colour, ambient: float, has_day: bool
) -> Surrounding:
    blue = 0.25 * has_day
    mixed = tuple(a * (1 - blue) + blue * b for a, b in zip(colour, (0.8, 0.95, 1.15), strict=True))
    bounce = 1.0, float(rng.uniform(0.85, 1.0)), float(rng.uniform(0.7, 1.0))
    floor_light = tuple(a * b for a, b in zip(mixed, bounce, strict=True))
    return Surrounding(
        ambient_up=_scaled(mixed, ambient),
        ambient_side=_scaled(mixed, ambient * rng.uniform(0.75, 1.0)),
        ambient_down=_scaled(floor_light, ambient * rng.uniform(0.5, 0.95)),
        sky_zenith=_scaled(mixed, 1.3 * ambient),
        sky_horizon=_scaled(mixed, 0.9 * ambient),
        sky_ground=_scaled(floor_light, 0.5 * ambient),
        room_m=((0.0, 0.0, 0.0), (room.width_m, room.depth_m, room.height_m)),
        corner_shade=float(rng.uniform(0.25, 0.55)),
    )


def _ceiling_light(rng: np.random.Generator, room: Room, builder: Builder, colour: Colour) -> Light:
    """One light below the ceiling, and the fittings that it seems to come from."""
    place = _below_ceiling_rand(rng, room)
    make = LUMINAIRES[int(rng.integers(len(LUMINAIRES)))]
    mesh, drop_m = make(*builder.streams(), room, place)
    builder.add("lamp", mesh, casts_shadow=False)
    light_m = (place[0], place[1], room.headroom_m(place[0]) - drop_m - 0.12)
    return Light(colour=colour, place_m=light_m, half_angle_rad=float(np.radians(110)), has_shadow=True)


def _below_ceiling_rand(rng: np.random.Generator, room: Room) -> tuple[float, float]:
    """A point of the floor plan under the level ceiling, away from blocks."""
    for _ in range(30):
        x, y = room.width_m * rng.uniform(0.25, 0.75), room.depth_m * rng.uniform(0.25, 0.75)
        if room.is_free(x, y, 0.35) and room.headroom_m(x) > room.height_m - 0.01:
            return float(x), float(y)
    return max(
        (
            (x * room.width_m, y * room.depth_m)
            for x in np.linspace(0.1, 0.9, 9)
            for y in np.linspace(0.1, 0.9, 9)
            if room.is_free(x * room.width_m, y * room.depth_m, 0.1)
        ),
        key=lambda point: room.headroom_m(float(point[0])),
    )


def _stand_light(rng: np.random.Generator, room: Room, colour: Colour) -> Light:
    for _ in range(30):
        x, y = float(room.width_m * rng.uniform(0.1, 0.9)), float(room.depth_m * rng.uniform(0.1, 0.95))
        if room.is_free(x, y, 0.2) and room.headroom_m(x) > 1.6:
            break
    lift = float(rng.uniform(1.0, max(min(room.headroom_m(x), 2.6) - 0.4, 1.1)))
    return Light(colour=colour, place_m=(x, y, lift), half_angle_rad=float(np.pi))


def _sun_through(rng: np.random.Generator, window: Opening) -> Light:
    """The sun or the bright sky, from outside through a window."""
    elevation, spread = rng.uniform(0.2, 1.0), rng.normal(0.0, 0.5)
    outward = window.wall.turn_rad - np.pi / 2 + spread
    towards = (
        float(np.cos(elevation) * np.cos(outward)),
        float(np.cos(elevation) * np.sin(outward)),
        float(np.sin(elevation)),
    )
    tint = (1.0, 0.95 - 0.2 * (elevation < 0.4), 0.85 - 0.35 * (elevation < 0.4))  # a low sun is warm
    return Light(colour=_scaled(tint, rng.uniform(1.0, 5.5)), place_m=towards, is_sun=True, has_shadow=True)


def _scaled(colour: tuple[float, ...], factor: float) -> Colour:
    r, g, b = (float(c * factor) for c in colour)
    return r, g, b
