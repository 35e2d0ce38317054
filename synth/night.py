"""Night: street lamps, the own headlights and a sky that is nearly black."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.scene import Colour, Light, Surrounding

MAX_LAMPS = 3
"""Street lamps that give light; with the headlights that makes the renderer's four."""


def night_rand(
    rng: np.random.Generator, lamps_m: Sequence[np.ndarray], pose: np.ndarray, *, is_foggy: bool
) -> tuple[list[Light], Surrounding, str]:
    """Headlights and the lamps that light most of the view, the dark around them, and a name for the mixture."""
    eye, ahead = pose[:3, 3], pose[:3, 2]
    warm = float(rng.beta(2.0, 1.5))
    lamp_colour = (1.0, 0.95 - 0.3 * warm, 0.95 - 0.65 * warm)
    power = float(rng.uniform(25.0, 60.0))
    near = sorted(lamps_m, key=lambda place: abs(float((place - eye) @ ahead) - 14.0))[:MAX_LAMPS]
    lights = [_headlights(rng, eye, ahead)]
    lights += [
        Light(colour=_scaled(lamp_colour, power * rng.uniform(0.8, 1.2)), place_m=_triple(place), half_angle_rad=1.45)
        for place in near
    ]
    level = float(rng.uniform(0.012, 0.05)) * (1.0 if near else 0.4)
    glow = _scaled(lamp_colour, level)
    is_dusk = rng.random() < 0.35
    sky = _scaled((0.35, 0.5, 1.0), level * (rng.uniform(2.0, 5.0) if is_dusk else 0.35))
    horizon = tuple(
        a + b for a, b in zip(_scaled((1.0, 0.75, 0.6), level * (4.0 if is_dusk else 0.7)), sky, strict=True)
    )
    surrounding = Surrounding(
        ambient_up=_triple(np.add(glow, np.multiply(0.6, sky))),
        ambient_side=_scaled(glow, 1.1),
        ambient_down=_scaled(glow, 0.5),
        sky_zenith=sky,
        sky_horizon=_triple(np.array(horizon)),
        sky_ground=_scaled(glow, 0.6),
        haze_per_m=float(10.0 ** (rng.uniform(-2.2, -1.6) if is_foggy else rng.uniform(-4.0, -2.8))),
        corner_shade=0.3,
    )
    return lights, surrounding, "dusk" if is_dusk else "night"


def _headlights(rng: np.random.Generator, eye: np.ndarray, ahead: np.ndarray) -> Light:
    """Both headlights as one lamp, below and before the camera."""
    place = eye + 1.2 * ahead - (0.0, 0.0, 0.85)
    axis = ahead - (0.0, 0.0, float(rng.uniform(0.02, 0.05)))
    axis /= np.linalg.norm(axis)
    return Light(
        colour=_scaled((1.0, 0.95, 0.88), float(rng.uniform(120.0, 400.0))),
        place_m=_triple(place),
        axis=_triple(axis),
        half_angle_rad=0.45,
    )


def _scaled(colour: Sequence[float], factor: float) -> Colour:
    return _triple(np.multiply(colour, factor))


def _triple(values: np.ndarray) -> Colour:
    x, y, z = (float(value) for value in values)
    return x, y, z
