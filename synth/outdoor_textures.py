"""Outdoor textures: streets, walls, roofs and plants, (colour,) or (colour, alpha) each."""

from __future__ import annotations

import numpy as np

from synth.indoor_textures import picture_rand, text_rand
from synth.noise import SIZE_PX, blend, cells_rand, colour_rand, grid, noise_rand, soft_step


def asphalt_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Asphalt with patches, seams and cracks."""
    grain = 0.22 * (rng.random((SIZE_PX, SIZE_PX)) - 0.5) + 0.15 * (noise_rand(rng, slope=0.5) - 0.5)
    patch = 0.12 * (noise_rand(rng, slope=1.7) - 0.5)
    seams = 0.15 * soft_step(noise_rand(rng, slope=1.6), 0.5, 0.02) * rng.integers(2)
    crack = 0.2 * (np.abs(noise_rand(rng, slope=1.5) - 0.5) < 0.006)
    return (colour_rand(rng, 0.42, 0.6, 0.03) + (grain + patch + seams - crack)[..., None], noise_rand(rng, slope=1.2))


def brick_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A brick wall."""
    u, v = grid()
    rows = int(rng.choice((6, 8, 12)))
    columns = rows // 2
    row = np.floor(v * rows).astype(int)
    across = (u * columns + 0.5 * (row % 2)) % columns
    column = np.floor(across).astype(int)
    tone = rng.normal(1.0, 0.13, (rows, columns))[row, column]
    inside = np.minimum.reduce(
        (across % 1.0 * 2.0, (1.0 - across % 1.0) * 2.0, (v * rows) % 1.0, 1.0 - (v * rows) % 1.0)
    )
    mortar = 1.0 - soft_step(inside, rng.uniform(0.06, 0.12), 0.04)
    green = rng.uniform(0.5, 0.9)
    stone = np.array((1.0, green, green * rng.uniform(0.7, 0.95))) * rng.uniform(0.4, 0.75)
    colour = stone * (tone * (0.85 + 0.3 * noise_rand(rng, slope=0.6)))[..., None]
    return (blend(colour, np.full(3, rng.uniform(0.4, 0.8)), mortar), np.full((SIZE_PX, SIZE_PX), 0.3))


def stones_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Rubble or crazy paving."""
    first, second, owner = cells_rand(rng, int(rng.integers(25, 70)))
    gap = 1.0 - soft_step(second - first, 0.018, 0.012)
    tone = rng.normal(1.0, 0.15, 80)[owner] * (0.8 + 0.4 * noise_rand(rng, slope=0.8))
    return (
        blend(colour_rand(rng, 0.4, 0.75, 0.12) * tone[..., None], np.full(3, 0.25), gap),
        np.full(first.shape, 0.3),
    )


def leaves_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Foliage with holes."""
    base = np.array((rng.uniform(0.65, 1.0), 1.0, rng.uniform(0.4, 0.65))) * rng.uniform(0.3, 0.5)
    colour = np.broadcast_to(base * 0.45, (SIZE_PX, SIZE_PX, 3)).copy()
    alpha = np.zeros((SIZE_PX, SIZE_PX))
    size_px = rng.uniform(6.0, 12.0)
    reach = np.arange(-int(size_px) - 1, int(size_px) + 2)
    for _ in range(int(rng.uniform(0.5, 0.95) * (SIZE_PX / size_px) ** 2)):
        row, column, turn, tone = *rng.uniform(0, SIZE_PX, 2), rng.uniform(0, np.pi), rng.normal(1.0, 0.25)
        x = np.cos(turn) * reach[None, :] + np.sin(turn) * reach[:, None]
        y = np.cos(turn) * reach[:, None] - np.sin(turn) * reach[None, :]
        rows, columns = np.nonzero((x / size_px) ** 2 + (y / (0.5 * size_px)) ** 2 < 1.0)
        place = (reach[rows] + int(row)) % SIZE_PX, (reach[columns] + int(column)) % SIZE_PX
        colour[place] = base * tone
        alpha[place] = 1.0
    return (colour, alpha)


def grass_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A lawn, dry in places."""
    blades = noise_rand(rng, slope=0.5, stretch=(0.5, 1.0))
    patch = noise_rand(rng, slope=1.4)
    green = np.array((rng.uniform(0.72, 0.95), 1.0, rng.uniform(0.45, 0.65))) * rng.uniform(0.33, 0.52)
    straw = np.array((1.0, 0.9, 0.55)) * rng.uniform(0.4, 0.65)
    return (
        blend(green, straw, rng.uniform(0.1, 0.7) * patch) * (0.55 + 0.8 * blades)[..., None],
        np.zeros_like(blades),
    )


def soil_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Earth."""
    lumps = 0.6 * noise_rand(rng, slope=0.7) + 0.4 * noise_rand(rng, slope=1.5)
    return (np.array((1.0, 0.82, 0.62)) * rng.uniform(0.35, 0.6) * (0.6 + 0.7 * lumps)[..., None], np.zeros_like(lumps))


def bark_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Bark."""
    ridges = noise_rand(rng, slope=0.9, stretch=(1.0, 0.2))
    base = np.array((1.0, rng.uniform(0.8, 0.95), rng.uniform(0.6, 0.85))) * rng.uniform(0.3, 0.55)
    return (base * (0.45 + 0.9 * ridges)[..., None], np.zeros_like(ridges))


def shingles_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Roof tiles."""
    u, v = grid()
    rows = int(rng.choice((8, 10, 14)))
    row = np.floor(v * rows).astype(int)
    across = u * rows + 0.5 * (row % 2)
    tone = rng.normal(1.0, 0.12, (rows, rows))[row, np.floor(across).astype(int) % rows]
    lip = 0.55 + 0.45 * np.clip(((v * rows) % 1.0) * 3.0, 0.0, 1.0)
    round_ = 0.8 + 0.2 * np.sin(np.pi * (across % 1.0))
    green = rng.uniform(0.5, 1.0)
    base = np.array((1.0, green, green * rng.uniform(0.75, 1.05))) * rng.uniform(0.3, 0.6)
    return (base * (tone * lip * round_)[..., None], np.full(u.shape, 0.4))


def facade_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """One storey, two to four windows; windows are glossy."""
    u, v = grid()
    count = int(rng.integers(1, 4))
    wall = colour_rand(rng, 0.55, 0.9, 0.15) * (0.88 + 0.24 * noise_rand(rng, slope=rng.uniform(0.4, 1.4)))[..., None]
    x = (u * count) % 1.0
    half, low, high = rng.uniform(0.18, 0.36), rng.uniform(0.22, 0.36), rng.uniform(0.72, 0.88)
    if rng.random() < 0.2:
        half, low, high = 0.5, 0.3, 0.9
    rim = rng.uniform(0.015, 0.04)
    frame = (np.abs(x - 0.5) < half + rim) & (v > low - rim) & (v < high + rim)
    glass = (np.abs(x - 0.5) < half) & (v > low) & (v < high)
    bars = (np.abs(x - 0.5) < 0.012 * count) | (np.abs(v - low - (high - low) * rng.uniform(0.45, 0.75)) < 0.012)
    which = np.floor(u * count).astype(int)
    inside = np.array((0.16, 0.19, 0.23))[None, :] * rng.uniform(0.4, 1.8, (count, 1))
    inside = inside[which] * (0.6 + 0.8 * noise_rand(rng, slope=1.6))[..., None]
    drawn = (v > low + (high - low) * rng.random(count)[which]) & (rng.random(count)[which] < 0.4)
    inside = np.where(drawn[..., None], colour_rand(rng, 0.5, 0.9, 0.15), inside)
    colour = np.where(frame[..., None], np.full(3, rng.choice((0.9, 0.85, 0.3, 0.15))), wall)
    colour = np.where((glass & ~bars)[..., None], inside, colour)
    sill = (np.abs(x - 0.5) < half + 2 * rim) & (np.abs(v - low + 1.5 * rim) < 0.7 * rim)
    colour = np.where(sill[..., None], np.full(3, 0.75), colour)
    return (colour, np.where(glass & ~bars & ~drawn, 1.0, 0.15))


def shopfront_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A ground floor with shop windows and a sign."""
    colour, gloss = facade_rand(rng)
    u, v = grid()
    glass = (v > 0.1) & (v < 0.68) & ((u * 3) % 1.0 > 0.06)
    goods = picture_rand(rng)[0] * 0.45
    sign = (v > 0.72) & (v < 0.88)
    colour = np.where(glass[..., None], goods, np.where(sign[..., None], text_rand(rng)[0], colour * 0.8))
    return (colour, np.where(glass, 1.0, gloss * 0.5))


def cobbles_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Paving stones."""
    u, v = grid()
    rows = int(rng.choice((8, 12, 16)))
    columns = rows // int(rng.choice((1, 2)))
    row = np.floor(v * rows).astype(int)
    across = u * columns + 0.5 * (row % 2)
    tone = rng.normal(1.0, 0.1, (rows, columns))[row, np.floor(across).astype(int) % columns]
    edge = np.minimum.reduce((across % 1.0, 1 - across % 1.0, (v * rows) % 1.0, 1 - (v * rows) % 1.0))
    gap = 1.0 - soft_step(edge, 0.07, 0.05)
    stone = colour_rand(rng, 0.45, 0.7, 0.08) * (tone * (0.85 + 0.3 * noise_rand(rng, slope=0.6)))[..., None]
    return (blend(stone, np.full(3, 0.3), gap), np.full(u.shape, 0.3))


def concrete_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Stained concrete with joints."""
    grain = 0.25 * (noise_rand(rng, slope=1.2) - 0.5) + 0.12 * (noise_rand(rng, slope=0.1) - 0.5)
    u, v = grid()
    joints = (np.minimum(u % 0.5, v % 0.5) < 0.006) * rng.uniform(0.0, 0.3)
    return (colour_rand(rng, 0.45, 0.7, 0.04) + (grain - joints)[..., None], np.full((SIZE_PX, SIZE_PX), 0.3))
