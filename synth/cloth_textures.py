"""Cloth textures: tartan, tweed, knitting, leather, denim and patchwork, (colour, gloss) each."""

from __future__ import annotations

import numpy as np

from synth.noise import SIZE_PX, blend, cells_rand, colour_rand, grid, noise_rand, soft_step


def tartan_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Bands of thread that cross: the same order of colours in both directions."""
    u, v = grid()
    repeats = int(rng.choice((1, 2, 3)))
    edges = np.sort(rng.random(int(rng.integers(4, 9))))
    palette = np.stack([colour_rand(rng, 0.1, 0.85, 0.6) for _ in range(4)])
    order = rng.integers(0, 4, len(edges) + 1)
    warp, weft = (palette[order[np.searchsorted(edges, (place * repeats) % 1.0)]] for place in (u, v))
    twill = ((np.floor((u + v) * 64) % 2) > 0).astype(float)
    return (blend(warp, weft, twill) * (0.9 + 0.2 * noise_rand(rng, slope=0.4))[..., None], np.full(u.shape, 0.15))


def tweed_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Herringbone weave of two flecked yarns."""
    u, v = grid()
    columns, rows = int(rng.choice((8, 12, 16))), int(rng.choice((24, 32)))
    slope = np.where(np.floor(u * columns) % 2 > 0, 1.0, -1.0) * ((u * columns) % 1.0) * rows / columns
    rib = soft_step(0.5 + 0.5 * np.sin(2 * np.pi * (v * rows + slope)), 0.5, 0.6)
    fleck = soft_step(noise_rand(rng, slope=0.2), 0.88, 0.1)
    colour = blend(colour_rand(rng, 0.2, 0.6, 0.3), colour_rand(rng, 0.45, 0.9, 0.3), rib)
    return (blend(colour, colour_rand(rng, 0.4, 0.95, 0.6), 0.6 * fleck), np.zeros(u.shape))


def knit_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Knitting: columns of V-shaped loops, plain or with bands."""
    u, v = grid()
    columns, rows = int(rng.choice((12, 16, 24))), int(rng.choice((16, 24, 32)))
    x = (u * columns) % 1.0
    loop = np.abs(np.sin(np.pi * (v * rows + np.abs(x - 0.5))))
    shade = (0.55 + 0.45 * loop) * (0.7 + 0.3 * np.sin(np.pi * ((2.0 * x) % 1.0)))
    row = np.floor(v * rows).astype(int)
    is_banded = (rng.random(rows) < rng.choice((0.0, 0.3)))[row]
    colour = blend(colour_rand(rng, 0.3, 0.9, 0.4), colour_rand(rng, 0.2, 0.9, 0.5), is_banded.astype(float))
    return (colour * shade[..., None], np.zeros(u.shape))


def leather_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Leather: a net of fine folds, worn bright in places."""
    first, second, _ = cells_rand(rng, int(rng.integers(100, 180)))
    fold = np.tile((1.0 - soft_step(second - first, 0.02, 0.04))[::3, ::3], (3, 3))[:SIZE_PX, :SIZE_PX]
    worn = noise_rand(rng, slope=1.6)
    brown = np.array((1.0, rng.uniform(0.6, 0.85), rng.uniform(0.4, 0.75))) * rng.uniform(0.15, 0.65)
    hide = brown if rng.random() < 0.6 else colour_rand(rng, 0.12, 0.8, 0.3)
    return (hide * ((1.0 - 0.3 * fold) * (0.85 + 0.3 * worn))[..., None], (0.8 - 0.4 * fold) * (0.6 + 0.4 * worn))


def denim_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Twill with a pale weft that shows where it is worn."""
    u, v = grid()
    twill = 0.5 + 0.5 * np.sin(2 * np.pi * 48 * (u + v))
    slub = noise_rand(rng, slope=0.5, stretch=(1.0, 0.2))
    worn = soft_step(noise_rand(rng, slope=1.6), rng.uniform(0.4, 0.8), 0.5)
    share = np.clip(0.35 * twill + 0.3 * slub + 0.4 * worn - 0.15, 0.0, 1.0)
    return (blend(colour_rand(rng, 0.15, 0.45, 0.4), colour_rand(rng, 0.6, 0.9, 0.15), share), np.zeros(u.shape))


def patchwork_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Quilt or kilim: squares cut into triangles in a handful of colours."""
    u, v = grid()
    count = int(rng.choice((4, 6, 8)))
    a, b = np.floor(u * count).astype(int), np.floor(v * count).astype(int)
    x, y = (u * count) % 1.0, (v * count) % 1.0
    leans = rng.random((count, count))[b, a] < rng.choice((0.0, 0.5, 1.0))
    upper = np.where(leans, x + y > 1.0, y > x).astype(int)
    palette = np.stack([colour_rand(rng, 0.15, 0.9, 0.5) for _ in range(5)])
    colour = palette[rng.integers(0, 5, (count, count, 2))[b, a, upper]]
    seam = np.minimum.reduce((x, 1.0 - x, y, 1.0 - y)) < 0.03
    weave = (0.88 + 0.2 * rng.random((SIZE_PX, SIZE_PX))) * (1.0 - 0.25 * seam)
    return (colour * weave[..., None], np.zeros(u.shape))
