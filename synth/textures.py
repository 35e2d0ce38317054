"""Texture bank: a fixed set of tileable procedural pictures, baked once per process.

Every layer is a pure function of its family and its number. Alpha means holes in foliage and nets, gloss elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synth import indoor_textures, outdoor_textures

BANK_SEED = 20_240_611
"""Root of the bank's streams: the bank belongs to the generator's version, not to a run's seed."""


@dataclass(frozen=True, slots=True)
class Bank:
    """The baked layers and where each family lies."""

    pixels: np.ndarray
    """(L,S,S,4) uint8."""
    layers: dict[str, tuple[int, ...]]
    """Layer numbers of every family."""
    is_coarse: bool = False
    """Whether its materials are for previews: see `Material.is_coarse`."""

    def rand(self, rng: np.random.Generator, family: str) -> int:
        """A layer of the family."""
        layers = self.layers[family]
        return layers[int(rng.integers(len(layers)))]  # what `rng.choice` draws, without its array


def bake_bank() -> Bank:
    """Bake all layers; the first is the noise that the shader uses for large-scale variation and clouds."""
    pixels: list[np.ndarray] = []
    layers: dict[str, tuple[int, ...]] = {}
    for family, (count, paint) in FAMILIES.items():
        layers[family] = tuple(range(len(pixels), len(pixels) + count))
        for number in range(count):
            key = int.from_bytes(family.encode(), "big") % 2**63
            pixels.append(_to_bytes(*paint(np.random.default_rng((BANK_SEED, key, number)))))
    return Bank(np.stack(pixels), layers)


def _to_bytes(colour: np.ndarray, alpha: np.ndarray | None = None) -> np.ndarray:
    alpha = np.ones(colour.shape[:2]) if alpha is None else alpha
    image = np.concatenate((np.broadcast_to(colour, (*alpha.shape, 3)), alpha[..., None]), axis=-1)
    return np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)


Painter = Callable[[np.random.Generator], tuple[np.ndarray, ...]]
FAMILIES: dict[str, tuple[int, Painter]] = {
    "noise": (1, indoor_textures.clouds_rand),
    "plain": (2, indoor_textures.plain_rand),
    "plaster": (4, indoor_textures.plaster_rand),
    "concrete": (3, outdoor_textures.concrete_rand),
    "asphalt": (4, outdoor_textures.asphalt_rand),
    "wood": (7, indoor_textures.wood_rand),
    "brick": (4, outdoor_textures.brick_rand),
    "tiles": (5, indoor_textures.tiles_rand),
    "marble": (3, indoor_textures.marble_rand),
    "stripes": (3, indoor_textures.stripes_rand),
    "checker": (2, indoor_textures.checker_rand),
    "fabric": (4, indoor_textures.fabric_rand),
    "carpet": (4, indoor_textures.carpet_rand),
    "dots": (3, indoor_textures.dots_rand),
    "stones": (3, outdoor_textures.stones_rand),
    "picture": (8, indoor_textures.picture_rand),
    "text": (3, indoor_textures.text_rand),
    "leaves": (5, outdoor_textures.leaves_rand),
    "grass": (4, outdoor_textures.grass_rand),
    "soil": (2, outdoor_textures.soil_rand),
    "bark": (2, outdoor_textures.bark_rand),
    "metal": (2, indoor_textures.metal_rand),
    "shingles": (4, outdoor_textures.shingles_rand),
    "facade": (12, outdoor_textures.facade_rand),
    "shopfront": (3, outdoor_textures.shopfront_rand),
    "panels": (3, indoor_textures.panels_rand),
    "cobbles": (3, outdoor_textures.cobbles_rand),
}
