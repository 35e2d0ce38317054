"""Sky: the radiance of what lies behind all objects, by array arithmetic; twin of shaders/sky.glsl and sky.frag."""

from __future__ import annotations

import numpy as np

from synth.scene import Surrounding
from synth.texels import Texels, red_at


def sky_radiance(around: Surrounding, directions: np.ndarray) -> np.ndarray:
    """(N,3) float32 along (N,3) unit directions: horizon to zenith, the ground below, a glow around the sun."""
    up = np.clip(directions[:, 2:], 0.0, 1.0)
    colour = _mix(_row(around.sky_horizon), _row(around.sky_zenith), up * (2.0 - up))
    colour = _mix(colour, _row(around.sky_ground), smoothstep(0.0, -0.12, directions[:, 2:]))
    towards_sun = np.clip(directions @ _row(around.sun_direction), 0.0, 1.0)
    return np.asarray(colour + _row(around.sun_glow) * (0.25 * towards_sun**6)[:, None])


def sky_picture(around: Surrounding, directions: np.ndarray, texels: Texels) -> np.ndarray:
    """(N,3) float32 as a camera sees it along (N,3) unit directions: with clouds and the disc of the sun."""
    colour = sky_radiance(around, directions)
    cover, scale, *offset = around.cloud
    if cover > 0.0:
        spread = np.float32(scale) / (np.maximum(directions[:, 2:], 0.0) + np.float32(0.12))
        place = directions[:, :2] * spread + _row(offset)
        puff = (red_at(texels, place, 1) * 0.65 + red_at(texels, place * np.float32(3.1), 1) * 0.35)[:, None]
        share = smoothstep(1.0 - cover, 1.25 - cover, puff + 0.12) * smoothstep(0.0, 0.12, directions[:, 2:])
        colour = _mix(colour, _row(around.sky_horizon) * (0.75 + 0.6 * puff), share)
    disc = np.clip(directions @ _row(around.sun_direction), 0.0, 1.0) ** 350
    return np.asarray(colour + _row(around.sun_glow) * (6.0 * disc)[:, None], dtype=np.float32)


def smoothstep(low: float, high: float, values: np.ndarray) -> np.ndarray:
    """0 at `low`, 1 at `high`, a cubic between; `low` may be the larger one."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


def _mix(low: np.ndarray, high: np.ndarray, share: np.ndarray) -> np.ndarray:
    return np.asarray(low + (high - low) * share)


def _row(numbers: object) -> np.ndarray:
    return np.asarray(numbers, dtype=np.float32)
