"""Weather: what the air and the hour do to a street, as far as its surfaces must know."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synth.mesh import Material


@dataclass(frozen=True, kw_only=True, slots=True)
class Weather:
    """Drawn before the street: at night lamps and windows are lit, after rain the ground is dark and glossy."""

    is_dark: bool = False
    is_wet: bool = False
    is_foggy: bool = False

    @property
    def name(self) -> str:
        """What is added to the name of the light; empty for dry and clear air."""
        words = (("fog", self.is_foggy), ("wet", self.is_wet))
        return " ".join(word for word, holds in words if holds)

    def soaked(self, material: Material) -> Material:
        """The material of a hard ground in this weather; water fills the pores and mirrors the sky."""
        if not self.is_wet:
            return material
        r, g, b = (0.45 * value for value in material.tint)
        return replace(material, tint=(r, g, b), gloss=max(material.gloss, 0.8))


def weather_rand(rng: np.random.Generator) -> Weather:
    """One street in ten is dark, one in twelve foggy, one in seven wet."""
    return Weather(
        is_dark=bool(rng.random() < 0.1), is_foggy=bool(rng.random() < 0.085), is_wet=bool(rng.random() < 0.14)
    )
