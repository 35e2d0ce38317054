"""Wall textures: wallpaper, boards, cladding, sheet metal, ashlar, render and glass, (colour, gloss) each."""

from __future__ import annotations

import numpy as np

from synth.noise import SIZE_PX, blend, cells_rand, colour_rand, grid, noise_rand, soft_step
from synth.outdoor_textures import brick_rand, facade_rand


def wallpaper_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A mirrored figure, repeated: damask in two tones of one colour or in two colours."""
    repeats = int(rng.choice((2, 4)))
    half = SIZE_PX // repeats // 2
    figure = noise_rand(rng, slope=1.2)[:half, :half]
    tile = np.tile(np.block([[figure, figure[:, ::-1]], [figure[::-1], figure[::-1, ::-1]]]), (repeats, repeats))
    share = soft_step(tile, rng.uniform(0.4, 0.65), 0.04)
    ground = colour_rand(rng, 0.55, 0.92, 0.25)
    ink = ground * rng.uniform(0.75, 0.92) if rng.random() < 0.6 else colour_rand(rng, 0.4, 0.8, 0.35)
    return (blend(ground, ink, share) * _worn_rand(rng, 0.08), 0.25 + 0.3 * share)


def _worn_rand(rng: np.random.Generator, strength: float) -> np.ndarray:
    """(S,S,1) factor near 1: fine grain and soft stains."""
    stain = noise_rand(rng, slope=1.7) - 0.5 + 0.5 * (noise_rand(rng, slope=0.3) - 0.5)
    return (1.0 + strength * stain)[..., None]


def boards_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Upright painted or stained boards with grooves."""
    u, _ = grid()
    count = int(rng.choice((6, 8, 12)))
    board = np.floor(u * count).astype(int)
    x = (u * count) % 1.0
    groove = (np.minimum(x, 1.0 - x) < 0.05) + 0.4 * (np.abs(x - 0.5) < 0.02) * rng.integers(2)
    grain = noise_rand(rng, slope=1.1, stretch=(1.0, 0.08))
    tone = rng.normal(1.0, 0.06, count)[board] * (0.88 + rng.uniform(0.05, 0.35) * grain) * (1.0 - 0.5 * groove)
    is_wood = rng.random() < 0.5
    wood = np.array((1.0, rng.uniform(0.68, 0.82), rng.uniform(0.4, 0.62))) * rng.uniform(0.35, 0.8)
    return ((wood if is_wood else colour_rand(rng, 0.55, 0.95, 0.1)) * tone[..., None], 0.3 + 0.3 * grain)


def cladding_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Weatherboard: lying boards, each in the shade of the one above."""
    _, v = grid()
    count = int(rng.choice((6, 8, 10)))
    y = (v * count) % 1.0
    tone = rng.normal(1.0, 0.05, count)[np.floor(v * count).astype(int)]
    shade = 0.55 + 0.45 * soft_step(1.0 - y, 0.1, 0.12)
    grain = noise_rand(rng, slope=1.1, stretch=(0.06, 1.0))
    colour = colour_rand(rng, 0.4, 0.92, 0.25) * (tone * shade * (0.88 + 0.24 * grain))[..., None]
    return (colour, np.full(v.shape, 0.3))


def corrugated_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Corrugated or trapezoid sheet, painted or bare, rust from the seams down."""
    u, v = grid()
    count = int(rng.choice((8, 12, 16)))
    wave = np.sin(2 * np.pi * u * count)
    wave = np.clip(wave * rng.uniform(1.0, 4.0), -1.0, 1.0)
    streak = noise_rand(rng, slope=1.2, stretch=(1.0, 0.12))
    rust = soft_step(streak + 0.25 * (1.0 - v), rng.uniform(0.75, 1.25), 0.15)
    base = colour_rand(rng, 0.4, 0.85, 0.3) * (0.8 + 0.2 * wave + 0.08 * (streak - 0.5))[..., None]
    return (blend(base, np.array((0.4, 0.22, 0.13)), 0.8 * rust), 0.7 - 0.6 * rust)


def ashlar_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Cut stone or concrete blocks in courses."""
    u, v = grid()
    rows = int(rng.choice((2, 4, 6)))
    columns = max(rows // 2, 1)
    row = np.floor(v * rows).astype(int)
    across = (u * columns + 0.5 * (row % 2)) % columns
    tone = rng.normal(1.0, rng.uniform(0.03, 0.12), (rows, columns))[row, np.floor(across).astype(int)]
    x, y = across % 1.0, (v * rows) % 1.0
    inside = np.minimum.reduce((2.0 * x, 2.0 * (1.0 - x), y, 1.0 - y))
    joint = 1.0 - soft_step(inside, 0.012 * rows, 0.012 * rows)
    stone = colour_rand(rng, 0.45, 0.8, 0.1) * (tone * (0.8 + 0.4 * noise_rand(rng, slope=0.9)))[..., None]
    return (blend(stone, np.full(3, rng.uniform(0.25, 0.7)), joint), np.full(u.shape, 0.25))


def render_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Rendered outside wall: trowelled or sprayed, with streaks of dirt and hair cracks."""
    _, v = grid()
    grain = rng.uniform(0.05, 0.25) * (noise_rand(rng, slope=rng.uniform(0.2, 0.8)) - 0.5)
    streak = noise_rand(rng, slope=1.3, stretch=(1.0, 0.15))
    dirt = rng.uniform(0.0, 0.35) * soft_step(streak, 0.65, 0.3)
    crack = 0.25 * (np.abs(noise_rand(rng, slope=1.6) - 0.5) < 0.004) * rng.integers(2)
    patch = 0.1 * soft_step(noise_rand(rng, slope=1.8), rng.uniform(0.6, 1.0), 0.03)
    return (colour_rand(rng, 0.6, 0.9, 0.15) * (1.0 + grain - dirt - crack + patch)[..., None], 0.3 + 0.0 * v)


def glass_facade_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """One storey of an office: panes between slim bars, a band of panels below."""
    u, v = grid()
    count = int(rng.choice((2, 3, 4, 6)))
    pane = np.floor(u * count).astype(int)
    x = (u * count) % 1.0
    sill = rng.uniform(0.1, 0.35)
    bar = (np.minimum(x, 1.0 - x) < 0.012 * count) | (np.abs(v - sill) < 0.012) | (v > 0.98)
    tint = np.array((0.75, 0.95, 1.1)) * rng.uniform(0.12, 0.35)
    inside = tint * (rng.uniform(0.6, 1.5, count)[pane] * (0.7 + 0.6 * noise_rand(rng, slope=1.6)))[..., None]
    blind = (rng.random(count)[pane] < 0.25) & (v > rng.uniform(sill, 1.0, count)[pane])
    inside = np.where(blind[..., None], np.full(3, rng.uniform(0.5, 0.85)), inside)
    panel = colour_rand(rng, 0.2, 0.8, 0.2) * (0.95 + 0.1 * noise_rand(rng, slope=1.2))[..., None]
    colour = np.where((v < sill)[..., None], panel, inside)
    return (np.where(bar[..., None], np.full(3, rng.uniform(0.2, 0.75)), colour), np.where(bar | (v < sill), 0.3, 1.0))


def brick_facade_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A storey with windows in a wall of bricks."""
    colour, gloss = facade_rand(rng)
    bricks = np.tile(brick_rand(rng)[0][::2, ::2], (2, 2, 1))
    wall = np.median(colour[:8].reshape(-1, 3), axis=0)  # the wall reaches the upper rim of every storey
    is_wall = np.abs(colour / np.maximum(wall, 0.05) - 1.0).max(axis=2) < 0.3
    return (np.where((is_wall & (gloss < 0.5))[..., None], bricks, colour), gloss)


def shutter_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Roller shutter or garage door, sometimes sprayed with paint."""
    _, v = grid()
    count = int(rng.choice((12, 16, 24)))
    slat = 0.7 + 0.3 * np.abs(np.sin(np.pi * v * count))
    base = colour_rand(rng, 0.35, 0.85, 0.25) * (slat * (0.94 + 0.12 * noise_rand(rng, slope=1.2)))[..., None]
    if rng.random() < 0.4:
        first, second, owner = cells_rand(rng, 9)
        palette = np.stack([colour_rand(rng, 0.2, 0.9, 0.8) for _ in range(4)])
        spray = (owner % 2 == 0) * (first < 0.13) * soft_step(second - first, 0.02, 0.02)
        base = blend(base, palette[owner % 4] * slat[..., None], 0.85 * spray)
    return (base, np.full(v.shape, 0.45))
