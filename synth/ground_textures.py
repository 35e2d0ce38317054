"""Ground textures: gravel, sand, mud, fallen leaves, meadow, pavers, needles, (colour,) or (colour, alpha) each."""

from __future__ import annotations

import numpy as np

from synth.noise import SIZE_PX, blend, cells_rand, colour_rand, grid, noise_rand, soft_step
from synth.outdoor_textures import asphalt_rand, grass_rand, soil_rand


def gravel_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Loose stones of many tones, dark between."""
    first, second, owner = cells_rand(rng, int(rng.integers(140, 240)))
    tone = rng.normal(1.0, 0.2, 240)[owner]
    dome = soft_step(second - first, 0.01, 0.03)
    stone = colour_rand(rng, 0.4, 0.7, 0.12) * (tone * (0.85 + 0.3 * noise_rand(rng, slope=0.4)))[..., None]
    return (stone * (0.35 + 0.65 * dome)[..., None], np.full(first.shape, 0.15))


def sand_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Sand, rippled or trodden."""
    bend = noise_rand(rng, slope=1.6)
    _, v = grid()
    ripple = np.sin(2 * np.pi * (int(rng.integers(6, 16)) * v + rng.uniform(0.5, 2.5) * bend))
    ripple *= rng.uniform(0.0, 0.12)
    grain = 0.16 * (rng.random((SIZE_PX, SIZE_PX)) - 0.5) + 0.3 * (noise_rand(rng, slope=1.3) - 0.5)
    hue = np.array((1.0, rng.uniform(0.84, 0.94), rng.uniform(0.6, 0.8))) * rng.uniform(0.5, 0.8)
    return (hue * (1.0 + grain + ripple)[..., None], np.zeros((SIZE_PX, SIZE_PX)))


def mud_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Wet earth with puddles that shine."""
    earth = soil_rand(rng)[0] * rng.uniform(0.5, 0.85)
    low = noise_rand(rng, slope=1.6)
    puddle = soft_step(low, rng.uniform(0.65, 0.9), 0.05)
    return (blend(earth, np.array((0.22, 0.21, 0.19)) * rng.uniform(0.7, 1.4), puddle), 0.1 + 0.9 * puddle)


def litter_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Fallen leaves on grass or earth."""
    ground = grass_rand(rng)[0] if rng.random() < 0.5 else soil_rand(rng)[0]
    first, second, owner = cells_rand(rng, int(rng.integers(90, 180)))
    warm = np.stack([np.array((1.0, g, 0.35 * g)) * t for g, t in rng.uniform((0.45, 0.3), (0.85, 0.75), (7, 2))])
    leaf = soft_step(rng.uniform(0.0, 0.05, 180)[owner] - first, 0.0, 0.006) * soft_step(second - first, 0.004, 0.004)
    rib = 0.75 + 0.5 * soft_step(first, 0.008, 0.02)
    return (blend(ground, warm[owner % 7] * rib[..., None], leaf), np.zeros(first.shape))


def meadow_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Long grass with flowers or seed heads."""
    colour, gloss = grass_rand(rng)
    first, _, owner = cells_rand(rng, int(rng.integers(30, 110)))
    palette = np.stack([colour_rand(rng, 0.5, 0.98, 0.7) for _ in range(3)])
    flower = soft_step(rng.uniform(0.002, 0.012, 110)[owner] - first, 0.0, 0.004)
    return (blend(colour, palette[owner % 3], flower), gloss)


def pavers_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Slabs of two sizes in rows, with moss in the joints at times."""
    u, v = grid()
    rows = int(rng.choice((4, 6, 8)))
    row = np.floor(v * rows).astype(int)
    shift = rng.random(rows)[row]
    columns = rng.choice((2, 3, 4), rows)[row]
    across = (u + shift) % 1.0 * columns
    tone = rng.normal(1.0, 0.09, (rows, 4))[row, np.floor(across).astype(int)]
    x, y = across % 1.0 / columns, (v * rows) % 1.0 / rows
    edge = np.minimum.reduce((x, 1.0 / columns - x, y, 1.0 / rows - y))
    joint = 1.0 - soft_step(edge, 0.008, 0.006)
    slab = colour_rand(rng, 0.45, 0.75, 0.08) * (tone * (0.85 + 0.3 * noise_rand(rng, slope=0.7)))[..., None]
    filling = np.array((0.28, 0.33, 0.18)) if rng.random() < 0.3 else np.full(3, rng.uniform(0.2, 0.45))
    return (blend(slab, filling, joint), np.full(u.shape, 0.3))


def patched_asphalt_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Old asphalt: square repairs, poured seams, oil."""
    colour, gloss = asphalt_rand(rng)
    u, v = grid()
    for _ in range(int(rng.integers(1, 5))):
        a, b, wide, high = *rng.random(2), *rng.uniform(0.06, 0.3, 2)
        x, y = np.abs((u - a + 0.5) % 1.0 - 0.5), np.abs((v - b + 0.5) % 1.0 - 0.5)
        margin = np.minimum(wide - x, high - y)
        colour = np.where((margin > 0.0)[..., None], colour * rng.uniform(0.7, 1.15), colour)
        colour = np.where((np.abs(margin) < 0.005)[..., None], colour * 0.7, colour)
    oil = 0.35 * soft_step(noise_rand(rng, slope=1.8), rng.uniform(0.75, 1.05), 0.15)
    return (colour * (1.0 - oil)[..., None], gloss)


def needles_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Conifer or willow foliage: thin strokes with holes between."""
    base = np.array((rng.uniform(0.55, 0.85), 1.0, rng.uniform(0.5, 0.75))) * rng.uniform(0.4, 0.6)
    colour = np.broadcast_to(base * 0.5, (SIZE_PX, SIZE_PX, 3)).copy()
    alpha = np.zeros((SIZE_PX, SIZE_PX))
    lean = rng.uniform(0.0, np.pi)
    for _ in range(int(rng.integers(700, 1100))):
        turn, length_px = rng.normal(lean, rng.uniform(0.5, 1.2)), rng.uniform(14.0, 34.0)
        steps = np.arange(length_px)
        rows = (rng.uniform(0, SIZE_PX) + np.sin(turn) * steps).astype(int)
        columns = (rng.uniform(0, SIZE_PX) + np.cos(turn) * steps).astype(int)
        tone = base * rng.normal(1.0, 0.25)
        for side in (0, 1):
            place = (rows + side) % SIZE_PX, columns % SIZE_PX
            colour[place], alpha[place] = tone, 1.0
    return (colour, alpha)
