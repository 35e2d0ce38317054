"""Daylight: sun, sky and haze."""

from __future__ import annotations

import numpy as np

from synth.scene import Colour, Light, Surrounding

FOG_PER_M = (10.0**-2.2, 10.0**-1.5)
"""Half of the light is gone after 110 m in thin and after 22 m in thick fog."""


def daylight_rand(
    rng: np.random.Generator, *, is_foggy: bool = False, is_wet: bool = False
) -> tuple[Light, Surrounding, str]:
    """A sun, the sky around it, and the name of the weather; fog and rain hide the sun."""
    weather = str(rng.choice(("clear", "cloudy", "overcast", "low sun"), p=(0.38, 0.27, 0.23, 0.12)))
    weather = "overcast" if is_foggy or (is_wet and rng.random() < 0.6) else weather
    elevation = float(np.radians(rng.uniform(5, 16) if weather == "low sun" else rng.uniform(20, 65)))
    azimuth = float(rng.uniform(-np.pi, np.pi))
    towards = (
        float(np.cos(elevation) * np.sin(azimuth)),
        float(np.cos(elevation) * np.cos(azimuth)),
        float(np.sin(elevation)),
    )
    warm = float(np.clip(0.9 * np.exp(-elevation / 0.25), 0.0, 0.6))
    strength = {"clear": 3.2, "cloudy": 2.4, "overcast": 0.25, "low sun": 2.6}[weather] * rng.uniform(0.75, 1.25)
    sun = _scaled((1.0, 0.96 - 0.35 * warm, 0.9 - 0.75 * warm), strength)
    blue = rng.uniform(0.3, 1.0) * (0.15 if weather == "overcast" else 1.0)
    level = rng.uniform(0.7, 1.3)
    zenith = _scaled(
        (1.0 - 0.68 * blue, 1.0 - 0.45 * blue, 1.0 - 0.08 * blue), level * (0.95 if weather == "overcast" else 0.75)
    )
    horizon = _scaled((1.0, 1.0 - 0.12 * warm, 1.0 - 0.3 * warm), level * rng.uniform(1.0, 1.4))
    cover = {
        "clear": rng.uniform(0.0, 0.3),
        "cloudy": rng.uniform(0.35, 0.8),
        "overcast": 0.0,
        "low sun": rng.uniform(0, 0.6),
    }
    ambient = rng.uniform(0.3, 0.62) if weather != "overcast" else rng.uniform(0.8, 1.2)
    zenith = _scaled(horizon, 0.9) if is_foggy else zenith
    surrounding = Surrounding(
        ambient_up=_scaled(tuple(0.5 * (a + b) for a, b in zip(zenith, horizon, strict=True)), ambient),
        ambient_side=_scaled(horizon, 0.62 * ambient),
        ambient_down=_scaled((0.8, 0.78, 0.7), 0.28 * ambient * level),
        sky_zenith=zenith,
        sky_horizon=horizon,
        sky_ground=_scaled((0.5, 0.48, 0.45), 0.45 * level),
        sun_direction=towards,
        sun_glow=_scaled(sun, 0.0 if weather == "overcast" else 0.35),
        cloud=(float(cover[weather]), float(rng.uniform(0.04, 0.12)), float(rng.random()), float(rng.random())),
        haze_per_m=_haze_rand(rng, is_foggy),
        corner_shade=0.45,
    )
    return Light(colour=sun, place_m=towards, is_sun=True, has_shadow=weather != "overcast"), surrounding, weather


def _haze_rand(rng: np.random.Generator, is_foggy: bool) -> float:
    return float(np.exp(rng.uniform(*np.log(FOG_PER_M)))) if is_foggy else float(10.0 ** rng.uniform(-4.0, -2.55))


def _scaled(colour: tuple[float, ...], factor: float) -> Colour:
    r, g, b = (float(c * factor) for c in colour)
    return r, g, b
