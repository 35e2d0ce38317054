"""Buildings: houses and blocks that face -x and +x alike, on z = 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synth.mesh import Material, Mesh, merged
from synth.paint import CLOTH_COLOURS, WALL_COLOURS, Paint
from synth.shapes import box, boxes, gable

STOREY_M = 2.9
BARNS = 0.1
"""Share of barns and sheds without windows among the houses out of towns."""


def building_rand(
    rng: np.random.Generator, paint: Paint, *, length_m: float, depth_m: float, is_town: bool, is_lit: bool = False
) -> Mesh:
    """A house along y that faces -x and +x alike; `is_lit` puts light behind some windows."""
    storeys = int(rng.integers(2, 7)) if is_town else int(rng.integers(1, 4))
    height = storeys * STOREY_M * rng.uniform(0.95, 1.1)
    tile = height / storeys
    half_tile = 0.5 * (storeys % 2)  # boxes are textured around their middle: keep storeys whole
    tint = paint.colour(WALL_COLOURS)
    wall = _upright(paint.of("facade", tint=tint, spread=0.2, tile_m=tile, gloss=0.5), half_tile)
    if not is_town and rng.random() < BARNS:
        wall, is_lit = paint.of("cladding", "cladding", "corrugated", tint=tint, spread=0.3, tile_m=(1.3, 2.2)), False
    parts = [box((depth_m, length_m, height), wall)]
    if paint.is_coarse and not is_lit:
        return merged([*parts, *_roof(rng, paint, length_m, depth_m, height, is_town)])
    if is_town and rng.random() < 0.5:
        shop = _upright(paint.of("shopfront", tile_m=tile, gloss=0.5), 0.5)
        parts.append(box((depth_m + 0.16, length_m + 0.1, tile), shop))
        parts.append(box((depth_m + 0.5, length_m + 0.12, 0.25), paint.of("plain", "concrete"), at_m=(0, 0, tile)))
    else:
        base = paint.of("concrete", "stones", "plaster", tile_m=2.0)
        parts.append(box((depth_m + 0.12, length_m + 0.12, rng.uniform(0.3, 0.8)), base))
        parts.extend(_doors(rng, paint, length_m, depth_m))
    parts.extend(_roof(rng, paint, length_m, depth_m, height, is_town))
    if rng.random() < 0.35:
        parts.append(_balconies(rng, paint, length_m, depth_m, storeys, tile))
    if is_lit:
        parts.append(_lit_windows(rng, paint, (depth_m, length_m, tile), storeys))
    return merged(parts)


def _lit_windows(rng: np.random.Generator, paint: Paint, size_m: tuple[float, float, float], storeys: int) -> Mesh:
    """Windows with light behind them, a third of a grid on both long sides."""
    depth, length, tile = size_m
    columns = max(int(length / 2.6), 1)
    glow = paint.of("plain", tint=(1.0, 0.8, 0.5), emission=0.12, spread=0.2)
    side, storey, column = (
        axis.ravel() for axis in np.meshgrid((-1, 1), np.arange(storeys), np.arange(columns), indexing="ij")
    )
    places = np.stack((side * depth / 2, (column + 0.5) / columns * length - length / 2, (storey + 0.3) * tile), axis=1)
    lit = rng.random(len(places)) < rng.uniform(0.1, 0.5)
    lit[0] |= not lit.any()
    tints = rng.uniform(0.3, 1.6, (int(lit.sum()), 1)) * np.stack(
        (np.ones(int(lit.sum())), rng.uniform(0.8, 1.1, int(lit.sum())), rng.uniform(0.6, 1.6, int(lit.sum()))), axis=1
    )
    return boxes(np.tile((0.06, 1.15, 0.48 * tile), (len(tints), 1)), places[lit], glow, tints=tints)


def _upright(material: Material, offset_v: float) -> Material:
    return replace(material, offset=(material.offset[0], offset_v))


def _doors(rng: np.random.Generator, paint: Paint, length: float, depth: float) -> list[Mesh]:
    door = paint.of("panels", "wood", tile_m=2.1, tint=paint.colour(CLOTH_COLOURS), spread=0.3, gloss=0.3)
    y = rng.uniform(-0.35, 0.35) * length
    parts = [box((depth + 0.2, 1.0, 2.1), door, at_m=(0, y, 0))]
    if rng.random() < 0.4:
        parts.append(box((depth + 0.24, 2.6, 2.2), paint.of("panels", tile_m=2.6), at_m=(0, -0.5 * y, 0)))
    return parts


def _roof(
    rng: np.random.Generator, paint: Paint, length: float, depth: float, height: float, is_town: bool
) -> list[Mesh]:
    if rng.random() < (0.55 if is_town else 0.08):
        rim = paint.of("concrete", "metal", tile_m=2.0)
        return [box((depth + 0.3, length + 0.3, 0.5), rim, at_m=(0, 0, height - 0.1))]
    tiles = paint.of(*("shingles",) * 5, "corrugated", tile_m=(2.0, 3.5), spread=0.25)
    gable_wall = paint.of("plaster", "brick", "cladding", tint=paint.colour(WALL_COLOURS), tile_m=2.0)
    rise = depth * rng.uniform(0.25, 0.5)
    if rng.random() < 0.65:
        roof = gable((length, depth, rise), tiles, gable_wall, at_m=(0, 0, 0)).moved((0, 0, height), yaw_rad=np.pi / 2)
    else:
        roof = gable((depth, length, rise * 0.9), tiles, gable_wall, at_m=(0, 0, height))
    chimney = box(
        (0.6, 0.6, 1.2),
        paint.of("brick", tile_m=1.0),
        at_m=(0.2 * depth, rng.uniform(-0.3, 0.3) * length, height + 0.55 * rise),
    )
    return [roof, chimney] if rng.random() < 0.6 else [roof]


def _balconies(rng: np.random.Generator, paint: Paint, length: float, depth: float, storeys: int, tile: float) -> Mesh:
    rail = paint.of("plain", "metal", "concrete", tint=paint.colour(WALL_COLOURS), tile_m=1.5)
    count = int(rng.integers(1, 3))
    places = [
        ((0.0, (k + 0.5) / count * length - length / 2, s * tile)) for s in range(1, storeys) for k in range(count)
    ]
    if not places:
        return box((depth + 1.2, 1.8, 0.15), rail, at_m=(0, 0, 2.4))
    return boxes(np.tile((depth + 2.0, 2.6, 0.95), (len(places), 1)), np.array(places), rail)
