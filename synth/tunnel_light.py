"""Tunnel light: lamps under the vault, and the day at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from synth.scene import Colour, Light, Surrounding

NUM_LAMPS = 3
INSIDE = 0.18
"""Share of the ambient light of the open sky that the vault's walls pass on."""


def tunnel_light_rand(
    rng: np.random.Generator, sun: Light, surrounding: Surrounding, lamps_m: Sequence[np.ndarray]
) -> tuple[list[Light], Surrounding]:
    """The sun, which the vault keeps out, and three lamps; the renderer has room for four lights."""
    warm = float(rng.uniform(0.0, 1.0))
    colour = tuple(float(rng.uniform(5.0, 12.0)) * c for c in (1.0, 0.95 - 0.2 * warm, 0.9 - 0.5 * warm))
    near = sorted(lamps_m, key=lambda place: abs(float(place[1]) - 16.0))[:NUM_LAMPS]
    lamps = [Light(colour=_triple(np.array(colour)), place_m=_triple(place), half_angle_rad=1.5) for place in near]
    dim = {
        name: _triple(INSIDE * np.array(getattr(surrounding, name)))
        for name in ("ambient_up", "ambient_side", "ambient_down")
    }
    return [replace(sun, has_shadow=True), *lamps], replace(surrounding, **dim)  # type: ignore[arg-type]


def _triple(values: np.ndarray) -> Colour:
    x, y, z = (float(value) for value in values)
    return x, y, z
