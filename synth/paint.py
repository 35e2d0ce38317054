"""Paint: random materials by what they are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from synth.mesh import Material
from synth.textures import Bank

TILE_SHARE = {"brick": 0.5, "text": 0.7, "gravel": 0.3, "corrugated": 0.5}
"""Families whose pattern would be too coarse at the tile edge that suits the others."""


@dataclass(frozen=True, slots=True)
class Paint:
    """Draws materials from the bank with the stream that belongs to surfaces."""

    rng: np.random.Generator
    bank: Bank

    @property
    def is_coarse(self) -> bool:
        """Whether the object is for a preview. Each has streams of its own, so its maker may stop early."""
        return self.bank.is_coarse

    def of(
        self,
        *families: str,
        tile_m: float | tuple[float, float] = 1.0,
        tint: tuple[float, float, float] | None = None,
        spread: float = 0.15,
        gloss: float = 0.1,
        **options: float | bool,
    ) -> Material:
        """A material of one of the families; `tint` varies by `spread`, `tile_m` may be a range."""
        edge_m = float(self.rng.uniform(*tile_m)) if isinstance(tile_m, tuple) else tile_m
        common, *own = self.rng.standard_normal(4).tolist()
        shares = [math.exp(spread * (common + 0.35 * one)) for one in own]
        red, green, blue = tint if tint is not None else (1.0, 1.0, 1.0)
        family = families[int(self.rng.integers(len(families)))]
        return Material(
            layer=self.bank.rand(self.rng, family),
            tint=(float(red) * shares[0], float(green) * shares[1], float(blue) * shares[2]),
            tile_m=edge_m * TILE_SHARE.get(family, 1.0),
            offset=(self.rng.random(), self.rng.random()),
            gloss=gloss,
            is_coarse=self.is_coarse,
            **options,  # type: ignore[arg-type]
        )

    def colour(self, palette: tuple[tuple[float, float, float], ...]) -> tuple[float, float, float]:
        """One colour of a palette."""
        return palette[int(self.rng.integers(len(palette)))]


WALL_COLOURS = (
    (0.95, 0.93, 0.88), (0.9, 0.86, 0.74), (0.85, 0.85, 0.85), (0.75, 0.8, 0.85), (0.8, 0.68, 0.5),
    (0.6, 0.7, 0.55), (0.9, 0.8, 0.6), (0.75, 0.55, 0.45), (0.5, 0.6, 0.7), (1.0, 0.98, 0.95),
)  # fmt: skip
CAR_COLOURS = (
    (0.85, 0.85, 0.85), (0.9, 0.9, 0.9), (0.35, 0.36, 0.38), (0.5, 0.52, 0.54), (0.05, 0.05, 0.06), (0.03, 0.03, 0.035),
    (0.12, 0.13, 0.15), (0.4, 0.03, 0.03), (0.05, 0.1, 0.3), (0.08, 0.16, 0.2), (0.45, 0.4, 0.3), (0.6, 0.1, 0.02),
    (0.1, 0.2, 0.1),
)  # fmt: skip
CLOTH_COLOURS = (
    (0.1, 0.12, 0.2), (0.6, 0.1, 0.1), (0.8, 0.8, 0.8), (0.15, 0.3, 0.5), (0.3, 0.3, 0.3), (0.6, 0.5, 0.35),
    (0.1, 0.3, 0.15), (0.7, 0.5, 0.1), (0.05, 0.05, 0.05), (0.5, 0.25, 0.35), (0.35, 0.2, 0.1),
)  # fmt: skip
LIGHT_COLOURS = ((0.9, 0.9, 0.9), (0.85, 0.8, 0.7), (0.7, 0.72, 0.75), (0.95, 0.92, 0.85))
