"""Paint: random materials by what they are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

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

    def coarse(self) -> Paint:
        """The same paint for something so far away that it needs few triangles."""
        return replace(self, bank=replace(self.bank, is_coarse=True))

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
        common, *own = self.rng.standard_normal(4).tolist()
        family, layer, size, *offset = self.rng.random(5).tolist()
        edge_m = tile_m[0] + size * (tile_m[1] - tile_m[0]) if isinstance(tile_m, tuple) else tile_m
        red, green, blue = tint if tint is not None else (1.0, 1.0, 1.0)
        name = families[int(family * len(families))]
        return Material(
            layer=self.bank.layer(name, layer),
            tint=(
                float(red) * math.exp(spread * (common + 0.35 * own[0])),
                float(green) * math.exp(spread * (common + 0.35 * own[1])),
                float(blue) * math.exp(spread * (common + 0.35 * own[2])),
            ),
            tile_m=edge_m * TILE_SHARE.get(name, 1.0),
            offset=(offset[0], offset[1]),
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
