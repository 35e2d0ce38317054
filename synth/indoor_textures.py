"""Indoor textures: cloth, wood, paint, paper and metal, (colour,) or (colour, alpha) each."""

from __future__ import annotations

import numpy as np

from synth.noise import SIZE_PX, blend, cells_rand, colour_rand, grid, noise_rand, soft_step


def clouds_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """The grey noise that the shaders use."""
    field = noise_rand(rng, slope=1.35)
    return (np.repeat(_srgb(field)[..., None], 3, axis=2),)


def _srgb(linear: np.ndarray) -> np.ndarray:
    return np.where(linear < 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


def plain_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Painted wall, nearly even."""
    grain = 0.04 * (noise_rand(rng, slope=0.4) - 0.5) + 0.08 * (noise_rand(rng, slope=1.6) - 0.5)
    return (np.repeat(0.85 + grain[..., None], 3, axis=2), np.full((SIZE_PX, SIZE_PX), 0.6))


def plaster_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Rough plaster."""
    grain = rng.uniform(0.1, 0.35) * (noise_rand(rng, slope=rng.uniform(0.2, 0.9)) - 0.5)
    stain = rng.uniform(0.0, 0.3) * (noise_rand(rng, slope=1.8, stretch=(0.6, 1.5)) - 0.5)
    return (colour_rand(rng, 0.65, 0.85, 0.08) + (grain + stain)[..., None], np.full((SIZE_PX, SIZE_PX), 0.3))


def wood_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Boards with grain."""
    u, v = grid()
    planks = int(rng.choice((1, 2, 4, 6, 8)))
    plank = np.floor(u * planks).astype(int)
    shift = rng.random(planks)[plank]
    grain = noise_rand(rng, slope=1.1, stretch=(1.0, 0.08))
    rings = 0.5 + 0.5 * np.sin(
        2 * np.pi * (rng.integers(2, 9) * noise_rand(rng, slope=1.6, stretch=(1.0, 0.15)) + shift)
    )
    gaps = ((u * planks) % 1.0 < 0.02 * planks / 4) * (planks > 1)
    hue = np.array((1.0, rng.uniform(0.62, 0.82), rng.uniform(0.35, 0.6)))
    tone = rng.uniform(0.35, 0.8) * (1.0 + 0.25 * (shift - 0.5)) * (0.75 + 0.35 * grain) * (0.85 + 0.2 * rings)
    return ((tone * (1.0 - 0.6 * gaps))[..., None] * hue, 0.4 + 0.6 * grain)


def tiles_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Floor or wall tiles with joints."""
    u, v = grid()
    count = int(rng.choice((1, 2, 4, 6)))
    a, b = np.floor(u * count).astype(int), np.floor(v * count).astype(int)
    tone = rng.normal(1.0, rng.uniform(0.0, 0.12), (count, count))[b, a]
    if rng.random() < 0.25:
        tone = tone * np.where((a + b) % 2, 1.0, rng.uniform(0.2, 0.8))
    edge = np.minimum.reduce(((u * count) % 1, 1 - (u * count) % 1, (v * count) % 1, 1 - (v * count) % 1))
    grout = 1.0 - soft_step(edge, 0.006 * count, 0.006 * count)
    colour = colour_rand(rng, 0.5, 0.9, 0.15) * (tone * (0.9 + 0.2 * noise_rand(rng, slope=1.4)))[..., None]
    return (blend(colour, np.full(3, rng.uniform(0.2, 0.8)), grout), 1.0 - 0.8 * grout)


def marble_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Veined stone."""
    vein = 1.0 - np.abs(noise_rand(rng, slope=1.5) - 0.5) * 2.0
    vein = vein ** rng.uniform(4.0, 14.0)
    base = 0.9 + 0.2 * (noise_rand(rng, slope=1.2)[..., None] - 0.5)
    return (
        blend(colour_rand(rng, 0.55, 0.9, 0.1) * base, colour_rand(rng, 0.15, 0.6, 0.2), 0.7 * vein),
        0.7 + 0.3 * vein,
    )


def stripes_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Striped cloth or wallpaper."""
    u, _ = grid()
    count = int(rng.integers(2, 14))
    edges = np.sort(rng.random(2 * count))
    band = np.searchsorted(edges, u)
    palette = np.stack([colour_rand(rng, 0.2, 0.95, 0.5) for _ in range(int(rng.integers(2, 4)))])
    return (palette[band % len(palette)] * (0.92 + 0.16 * noise_rand(rng, slope=0.2))[..., None], np.full(u.shape, 0.3))


def checker_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Checked cloth or floor."""
    u, v = grid()
    count = int(rng.choice((2, 4, 8)))
    odd = ((np.floor(u * count) + np.floor(v * count)) % 2).astype(float)
    weave = 0.9 + 0.2 * noise_rand(rng, slope=0.3)
    colour = blend(colour_rand(rng, 0.1, 0.6, 0.5), colour_rand(rng, 0.5, 0.95, 0.3), odd) * weave[..., None]
    return (colour, np.full(u.shape, 0.5))


def fabric_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Woven cloth."""
    u, v = grid()
    threads = int(rng.choice((24, 32, 48)))
    weave = 0.5 + 0.25 * np.sin(2 * np.pi * u * threads) + 0.25 * np.sin(2 * np.pi * v * threads)
    tone = 0.75 + 0.2 * weave + 0.25 * (noise_rand(rng, slope=1.0) - 0.5)
    plaid = soft_step(0.5 + 0.5 * np.sin(2 * np.pi * u * rng.integers(1, 5)), 0.6, 0.1) * rng.uniform(0.0, 0.4)
    return (
        blend(colour_rand(rng, 0.4, 0.9, 0.2), colour_rand(rng, 0.2, 0.7, 0.5), plaid) * tone[..., None],
        0.2 * weave,
    )


def carpet_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Carpet with a pattern."""
    tuft = 0.4 * (rng.random((SIZE_PX, SIZE_PX)) - 0.5) + 0.3 * (noise_rand(rng, slope=0.7) - 0.5)
    pattern = soft_step(noise_rand(rng, slope=1.4), rng.uniform(0.3, 0.8), 0.05) * rng.uniform(0.0, 0.7)
    colour = blend(colour_rand(rng, 0.35, 0.8, 0.2), colour_rand(rng, 0.2, 0.8, 0.5), pattern)
    return (colour * (1.0 + tuft)[..., None], np.zeros((SIZE_PX, SIZE_PX)))


def dots_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Flowered cloth or wallpaper."""
    first, _, owner = cells_rand(rng, int(rng.integers(12, 60)))
    palette = np.stack([colour_rand(rng, 0.2, 0.95, 0.6) for _ in range(5)])
    blot = 1.0 - soft_step(first, rng.uniform(0.03, 0.07), 0.01)
    return (blend(colour_rand(rng, 0.5, 0.95, 0.2), palette[owner % 5], blot), np.full(first.shape, 0.3))


def picture_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Poster, screen or cover: discs and boxes that hide one another, natural in their sizes."""
    u, v = grid()
    colour = np.broadcast_to(colour_rand(rng, 0.2, 0.9, 0.5), (*u.shape, 3)).copy()
    for _ in range(int(rng.integers(6, 50))):
        a, b = rng.random(2)
        reach = min(0.03 * rng.random() ** -0.6, 0.5)
        if rng.random() < 0.5:
            mask = np.hypot(u - a, v - b) < reach
        else:
            mask = (np.abs(u - a) < reach) & (np.abs(v - b) < reach * rng.uniform(0.2, 1.5))
        shade = 0.7 + 0.6 * noise_rand(rng, slope=1.4) if rng.random() < 0.2 else np.ones(u.shape)
        colour[mask] = (colour_rand(rng, 0.05, 0.95, 0.7) * shade[..., None])[mask]
    return (colour, np.full(u.shape, 0.8))


def text_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Page, label or keyboard: rows of dark marks."""
    u, v = grid()
    rows, columns = int(rng.integers(8, 24)), int(rng.integers(16, 48))
    on = rng.random((rows, columns)) < rng.uniform(0.5, 0.85)
    a, b = np.floor(u * columns).astype(int), np.floor(v * rows).astype(int)
    mark = on[b, a] * ((v * rows) % 1.0 < 0.6) * ((u * columns) % 1.0 < 0.75)
    return (
        blend(colour_rand(rng, 0.6, 0.98, 0.15), colour_rand(rng, 0.02, 0.4, 0.4), mark.astype(float)),
        0.4 + 0 * u,
    )


def metal_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Brushed metal, rusty at times."""
    brushed = noise_rand(rng, slope=0.3, stretch=(1.0, 0.05))
    rust = soft_step(noise_rand(rng, slope=1.4), rng.uniform(0.7, 1.1), 0.1)
    return (
        blend(np.full(3, 0.75) * (0.85 + 0.3 * brushed)[..., None], np.array((0.45, 0.25, 0.15)), rust),
        1.0 - 0.7 * rust,
    )


def panels_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Doors and drawers: flat fields with a groove around."""
    u, v = grid()
    rows, columns = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    x, y = (u * columns) % 1.0, (v * rows) % 1.0
    edge = np.minimum.reduce((x, 1.0 - x, y, 1.0 - y))
    tone = (
        0.85 - 0.45 * (edge < 0.012) - 0.12 * (np.abs(edge - 0.12) < 0.015) + 0.06 * (noise_rand(rng, slope=1.2) - 0.5)
    )
    return (np.repeat(tone[..., None], 3, axis=2), np.full(u.shape, 0.6))
