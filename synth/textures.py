"""Texture bank: a fixed set of tileable procedural pictures, the same for every process and every run.

Every layer is a pure function of its painter and its number. Alpha means holes in foliage and nets, gloss elsewhere.
`synth.bank_file` keeps the baked bank on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synth import (
    cloth_textures,
    floor_textures,
    ground_textures,
    indoor_textures,
    outdoor_textures,
    print_textures,
    wall_textures,
)
from synth.noise import SIZE_PX

BANK_SEED = 20_240_611
"""Root of the bank's streams: the bank belongs to the generator's version, not to a run's seed."""


@dataclass(frozen=True, slots=True)
class Bank:
    """The baked layers and where each family lies."""

    pixels: np.ndarray
    """(L,S,S,4) uint8; may be a read-only map of a file."""
    layers: dict[str, tuple[int, ...]]
    """Layer numbers of every family."""
    is_coarse: bool = False
    """Whether its materials are for previews: see `Material.is_coarse`."""

    def layer(self, family: str, share: float) -> int:
        """The layer of the family at a share of its number, from 0 up to but not 1."""
        layers = self.layers[family]
        return layers[int(share * len(layers))]


def bake_bank() -> Bank:
    """Bake all layers; the first is the noise that the shader uses for large-scale variation and clouds."""
    layers = family_layers()
    pixels = np.empty((sum(map(len, layers.values())), SIZE_PX, SIZE_PX, 4), dtype=np.uint8)
    painters = [(paint, k) for kinds in FAMILIES.values() for paint, count in kinds.items() for k in range(count)]
    for layer, (paint, number) in enumerate(painters):
        key = int.from_bytes(paint.__name__.encode(), "big") % 2**63
        pixels[layer] = _to_bytes(*paint(np.random.default_rng((BANK_SEED, key, number))))
    return Bank(pixels, layers)


def family_layers() -> dict[str, tuple[int, ...]]:
    """Layer numbers of every family, in the order in which they are baked."""
    layers: dict[str, tuple[int, ...]] = {}
    first = 0
    for family, kinds in FAMILIES.items():
        layers[family] = tuple(range(first, first + sum(kinds.values())))
        first += len(layers[family])
    return layers


def _to_bytes(colour: np.ndarray, alpha: np.ndarray | None = None) -> np.ndarray:
    alpha = np.ones(colour.shape[:2]) if alpha is None else alpha
    image = np.concatenate((np.broadcast_to(colour, (*alpha.shape, 3)), alpha[..., None]), axis=-1)
    return np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)


Painter = Callable[[np.random.Generator], tuple[np.ndarray, ...]]
FAMILIES: dict[str, dict[Painter, int]] = {
    "noise": {indoor_textures.clouds_rand: 1},
    "plain": {indoor_textures.plain_rand: 4},
    "plaster": {indoor_textures.plaster_rand: 4, wall_textures.render_rand: 4},
    "concrete": {outdoor_textures.concrete_rand: 5},
    "asphalt": {outdoor_textures.asphalt_rand: 5, ground_textures.patched_asphalt_rand: 3},
    "wood": {indoor_textures.wood_rand: 9, wall_textures.boards_rand: 3, floor_textures.strands_rand: 1},
    "brick": {outdoor_textures.brick_rand: 6, wall_textures.ashlar_rand: 3},
    "tiles": {indoor_textures.tiles_rand: 7, floor_textures.mosaic_rand: 2, floor_textures.hexagons_rand: 3},
    "marble": {indoor_textures.marble_rand: 4, floor_textures.terrazzo_rand: 3},
    "stripes": {indoor_textures.stripes_rand: 5},
    "checker": {indoor_textures.checker_rand: 2, cloth_textures.tartan_rand: 4},
    "fabric": {
        indoor_textures.fabric_rand: 5,
        cloth_textures.tweed_rand: 3,
        cloth_textures.knit_rand: 2,
        cloth_textures.denim_rand: 2,
        cloth_textures.leather_rand: 3,
    },
    "carpet": {
        indoor_textures.carpet_rand: 4,
        floor_textures.rug_rand: 4,
        cloth_textures.patchwork_rand: 2,
    },
    "dots": {indoor_textures.dots_rand: 3, wall_textures.wallpaper_rand: 4},
    "stones": {outdoor_textures.stones_rand: 5},
    "picture": {
        indoor_textures.picture_rand: 8,
        print_textures.landscape_rand: 6,
        print_textures.brushwork_rand: 4,
        print_textures.window_rand: 3,
        print_textures.label_rand: 3,
    },
    "text": {indoor_textures.text_rand: 4, print_textures.newspaper_rand: 3},
    "leaves": {outdoor_textures.leaves_rand: 5, ground_textures.needles_rand: 3},
    "grass": {outdoor_textures.grass_rand: 4, ground_textures.meadow_rand: 2, ground_textures.litter_rand: 2},
    "soil": {outdoor_textures.soil_rand: 3, ground_textures.mud_rand: 2, ground_textures.sand_rand: 2},
    "bark": {outdoor_textures.bark_rand: 4},
    "metal": {
        indoor_textures.metal_rand: 3,
        print_textures.galvanised_rand: 2,
        print_textures.tread_plate_rand: 1,
        print_textures.flaking_rand: 2,
    },
    "shingles": {outdoor_textures.shingles_rand: 5},
    "facade": {
        outdoor_textures.facade_rand: 10,
        wall_textures.brick_facade_rand: 3,
        wall_textures.glass_facade_rand: 5,
    },
    "shopfront": {outdoor_textures.shopfront_rand: 5, wall_textures.shutter_rand: 2},
    "panels": {indoor_textures.panels_rand: 4},
    "cobbles": {outdoor_textures.cobbles_rand: 3, ground_textures.pavers_rand: 3},
    "parquet": {floor_textures.parquet_rand: 4},
    "linoleum": {floor_textures.linoleum_rand: 3},
    "gravel": {ground_textures.gravel_rand: 3},
    "cladding": {wall_textures.cladding_rand: 4},
    "corrugated": {wall_textures.corrugated_rand: 3},
}
"""Painters of every family and how many layers each paints. Layer 0 is the noise."""
