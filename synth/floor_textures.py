"""Floor textures: parquet, small tiles, terrazzo, linoleum, rugs and strand board, (colour, gloss) each."""

from __future__ import annotations

import numpy as np

from synth.noise import SIZE_PX, blend, cells_rand, colour_rand, grid, noise_rand, soft_step


def parquet_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Basket-weave or brick-laid parquet: short staves whose tone and grain differ."""
    u, v = grid()
    count, staves = int(rng.choice((2, 4))), int(rng.choice((3, 4, 5)))
    a, b = np.floor(u * count).astype(int), np.floor(v * count).astype(int)
    x, y = (u * count) % 1.0, (v * count) % 1.0
    upright = ((a + b) % 2 == 0) if rng.random() < 0.7 else np.zeros(u.shape, dtype=bool)
    across, along = np.where(upright, x, y), np.where(upright, y, x)
    stave = np.floor(across * staves).astype(int)
    tone = rng.normal(1.0, 0.12, (count, count, staves))[b, a, stave]
    grain = np.where(upright, _grain_rand(rng), _grain_rand(rng).T)
    gap = np.minimum((across * staves) % 1.0, 1.0 - (across * staves) % 1.0) < 0.02 * staves
    gap |= np.minimum(along, 1.0 - along) < 0.012
    hue = np.array((1.0, rng.uniform(0.66, 0.82), rng.uniform(0.38, 0.6))) * rng.uniform(0.4, 0.8)
    return (hue * (tone * (0.75 + 0.4 * grain) * (1.0 - 0.4 * gap))[..., None], 0.5 + 0.5 * grain)


def _grain_rand(rng: np.random.Generator) -> np.ndarray:
    return noise_rand(rng, slope=1.0, stretch=(1.0, 0.1))


def mosaic_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Small square tiles in a few related colours."""
    u, v = grid()
    count = int(rng.choice((8, 12, 16)))
    a, b = np.floor(u * count).astype(int), np.floor(v * count).astype(int)
    palette = colour_rand(rng, 0.3, 0.85, 0.25) * np.exp(rng.normal(0.0, rng.uniform(0.05, 0.4), (5, 1)))
    colour = palette[rng.integers(0, 5, (count, count))[b, a]]
    x, y = (u * count) % 1.0, (v * count) % 1.0
    joint = 1.0 - soft_step(np.minimum.reduce((x, 1.0 - x, y, 1.0 - y)), 0.07, 0.05)
    return (blend(colour, np.full(3, rng.uniform(0.3, 0.85)), joint), 1.0 - 0.8 * joint)


def hexagons_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Hexagonal tiles: the cells of two shifted grids whose edges are as 4 to 7 (1.75, near the root of 3)."""
    u, v = grid()
    scale = int(rng.choice((1, 2)))
    count = np.array((7, 4)) * scale
    distances, owners = [], []
    for number, shift in enumerate((0.0, 0.5)):
        across, up = u * count[0] + shift, v * count[1] + shift
        distances.append(np.hypot((across % 1.0 - 0.5) / count[0], (up % 1.0 - 0.5) / count[1]))
        column, row = np.floor(across).astype(int) % count[0], np.floor(up).astype(int) % count[1]
        owners.append((row * count[0] + column) * 2 + number)
    owner = np.where(distances[0] < distances[1], *owners)
    tone = rng.normal(1.0, 0.1, 2 * count.prod())
    tone[rng.random(tone.size) < rng.choice((0.0, 0.3))] *= rng.uniform(0.3, 0.7)
    joint = 1.0 - soft_step(np.abs(distances[0] - distances[1]), 0.008, 0.006)
    colour = colour_rand(rng, 0.45, 0.9, 0.2) * (tone[owner] * (0.9 + 0.2 * noise_rand(rng, slope=1.3)))[..., None]
    return (blend(colour, np.full(3, rng.uniform(0.25, 0.8)), joint), 1.0 - 0.8 * joint)


def terrazzo_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Polished cement with chips of stone."""
    first, second, owner = cells_rand(rng, int(rng.integers(80, 160)))
    palette = np.stack([colour_rand(rng, 0.2, 0.95, 0.3) for _ in range(6)])
    reach = rng.uniform(0.012, 0.035, 160)[owner]
    chip = soft_step(reach - first, 0.0, 0.008) * soft_step(second - first, 0.006, 0.006)
    cement = colour_rand(rng, 0.5, 0.85, 0.08) * (0.92 + 0.16 * noise_rand(rng, slope=0.9))[..., None]
    return (blend(cement, palette[owner % 6], chip), np.full(first.shape, 0.9))


def linoleum_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Marbled or flecked sheet flooring."""
    swirl = noise_rand(rng, slope=1.3, stretch=(0.4, 1.2))
    fleck = soft_step(noise_rand(rng, slope=0.5), rng.uniform(0.75, 0.9), 0.1)
    base, second = colour_rand(rng, 0.35, 0.8, 0.25), colour_rand(rng, 0.3, 0.9, 0.2)
    colour = blend(base * (0.9 + 0.2 * swirl)[..., None], second, rng.uniform(0.1, 0.5) * swirl + 0.4 * fleck)
    return (colour, 0.6 + 0.3 * swirl)


def rug_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """An ornamental rug: nested borders around a field with four-fold symmetric figures."""
    u, v = grid()
    x, y = np.abs(u - 0.5), np.abs(v - 0.5)
    rim = 0.5 - np.maximum(x, y)
    palette = np.stack([colour_rand(rng, 0.12, 0.75, 0.6) for _ in range(5)])
    quarter = noise_rand(rng, slope=rng.uniform(1.0, 1.5))[: SIZE_PX // 2, : SIZE_PX // 2]
    quarter = 0.5 * (quarter + quarter.T)
    field = np.block([[quarter, quarter[:, ::-1]], [quarter[::-1], quarter[::-1, ::-1]]])
    figure = np.searchsorted(np.sort(rng.uniform(0.3, 0.75, 3)), field)
    colour = palette[figure]
    borders = np.sort(rng.uniform(0.02, 0.16, 4))
    band = np.searchsorted(borders, rim)
    beads = np.sin(2 * np.pi * 24 * (u + v)) * np.sin(2 * np.pi * 24 * (u - v)) > 0.0
    colour = np.where((band < 4)[..., None], palette[(band + (beads & (band == 2))) % 5], colour)
    tuft = 0.85 + 0.3 * rng.random(u.shape)
    return (colour * tuft[..., None], np.zeros(u.shape))


def strands_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Strand board, chipboard or cork: flat flakes in many directions."""
    tone = np.full((SIZE_PX, SIZE_PX), 0.7)
    for _ in range(3):
        flakes = noise_rand(rng, slope=0.7, stretch=(1.0, 0.25))
        turned = flakes if rng.random() < 0.5 else flakes.T
        tone = np.where(noise_rand(rng, slope=1.1) > 0.5, 0.55 + 0.5 * turned, tone)
    hue = np.array((1.0, rng.uniform(0.74, 0.86), rng.uniform(0.48, 0.65))) * rng.uniform(0.6, 0.95)
    return (hue * tone[..., None], np.full(tone.shape, 0.2))
