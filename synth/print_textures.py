"""Print textures: pictures on walls, screens, pages and labels, and worked metal, (colour, gloss) each."""

from __future__ import annotations

import numpy as np

from synth.noise import SIZE_PX, blend, cells_rand, colour_rand, grid, noise_rand, soft_step


def landscape_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A landscape: sky that pales downwards, ranges of hills that pale with distance, water at times."""
    u, v = grid()
    sky = blend(colour_rand(rng, 0.6, 0.98, 0.3), colour_rand(rng, 0.35, 0.85, 0.5), v)
    cloud = soft_step(noise_rand(rng, slope=1.4, stretch=(0.6, 1.4)), rng.uniform(0.55, 0.9), 0.3)
    colour = blend(sky, np.full(3, 0.95), 0.7 * cloud)
    near = colour_rand(rng, 0.1, 0.45, 0.5)
    count = int(rng.integers(2, 6))
    for number in range(count):
        ridge = rng.uniform(0.25, 0.65) * (1.0 - number / count) + 0.15 * noise_rand(rng, slope=2.0)[0]
        share = 1.0 - (number + 1) / count
        hill = (near * (1.0 - share) + 0.75 * share) * (0.8 + 0.4 * noise_rand(rng, slope=0.8))[..., None]
        colour = np.where((v < ridge[None, :])[..., None], hill, colour)
    return (colour, np.full(u.shape, 0.7))


def brushwork_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """An abstract painting: broad strokes in a few colours."""
    u, v = grid()
    colour = np.broadcast_to(colour_rand(rng, 0.3, 0.95, 0.3), (*u.shape, 3)).copy()
    palette = np.stack([colour_rand(rng, 0.05, 0.95, 0.8) for _ in range(5)])
    bristle = noise_rand(rng, slope=0.6, stretch=(1.0, 0.15))
    for _ in range(int(rng.integers(8, 30))):
        (a, b), turn = rng.random(2), rng.uniform(0.0, np.pi)
        along, across = (
            np.cos(turn) * (u - a) + np.sin(turn) * (v - b),
            np.cos(turn) * (v - b) - np.sin(turn) * (u - a),
        )
        stroke = (np.abs(along) < rng.uniform(0.05, 0.5)) & (np.abs(across) < rng.uniform(0.01, 0.08))
        colour[stroke] = (palette[rng.integers(5)] * (0.75 + 0.5 * bristle)[..., None])[stroke]
    return (colour, 0.3 + 0.4 * bristle)


def window_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """What a computer's screen shows: bars, panes, rows of text, a picture."""
    u, v = grid()
    is_dark = rng.random() < 0.4
    paper, ink = (0.12, 0.75) if is_dark else (0.95, 0.2)
    colour = np.full((SIZE_PX, SIZE_PX, 3), paper)
    rows = int(rng.integers(20, 40))
    written = rng.random((rows, 60)) < 0.7
    length = rng.uniform(0.2, 0.95, rows)
    a, b = np.minimum((u * 60).astype(int), 59), np.minimum((v * rows).astype(int), rows - 1)
    colour[written[b, a] & (u < length[b]) & ((v * rows) % 1.0 < 0.55)] = ink
    for _ in range(int(rng.integers(1, 4))):
        x, y, wide, high = *rng.uniform(0.0, 0.7, 2), *rng.uniform(0.15, 0.5, 2)
        pane = (u > x) & (u < x + wide) & (v > y) & (v < y + high)
        fill = colour_rand(rng, 0.2, 0.95, 0.6) * (0.6 + 0.7 * noise_rand(rng, slope=1.5))[..., None]
        colour[pane] = fill[pane]
    colour[(v > 0.93) | (u < rng.uniform(0.0, 0.15))] = colour_rand(rng, 0.2, 0.8, 0.4)
    return (colour, np.full(u.shape, 0.9))


def newspaper_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A printed page: a heading, columns of fine text, grey pictures."""
    u, v = grid()
    columns, rows = int(rng.integers(2, 5)), int(rng.integers(36, 60))
    x = (u * columns) % 1.0
    words = rng.random((rows, 48)) < 0.78
    mark = words[np.minimum((v * rows).astype(int), rows - 1), np.minimum((u * 48).astype(int), 47)]
    mark = mark & ((v * rows) % 1.0 < 0.6) & (x > 0.06) & (x < 0.94)
    heading = v > rng.uniform(0.8, 0.92)
    letters = (rng.random(14) < 0.8)[np.minimum((u * 14).astype(int), 13)] & ((u * 14) % 1.0 < 0.7)
    mark = np.where(heading, letters & (v < 0.96), mark)
    colour = blend(colour_rand(rng, 0.75, 0.95, 0.1), np.full(3, 0.2), 0.8 * mark)
    column, y, high = int(rng.integers(columns)), rng.uniform(0.1, 0.5), rng.uniform(0.15, 0.3)
    photo = (np.floor(u * columns) == column) & (v > y) & (v < y + high)
    return (np.where(photo[..., None], noise_rand(rng, slope=1.4)[..., None], colour), np.full(u.shape, 0.2))


def label_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A product's label: blocks of strong colour, a name in large letters, a bar code."""
    u, v = grid()
    palette = np.stack([colour_rand(rng, 0.15, 0.95, 0.9) for _ in range(3)])
    split = rng.uniform(0.3, 0.7)
    colour = np.where((v > split + 0.1 * np.sin(2 * np.pi * u) * rng.integers(2))[..., None], palette[0], palette[1])
    letters = rng.random((5, 9, 7)) < 0.6
    a, b = np.clip((u * 9).astype(int), 0, 8), np.clip(((v - 0.55) / 0.3 * 5).astype(int), 0, 4)
    name = letters[b, a, np.clip(((u * 9) % 1.0 * 7).astype(int), 0, 6)] & (np.abs(v - 0.7) < 0.13)
    name &= (u > 0.08) & (u < 0.92)
    colour = np.where(name[..., None], palette[2], colour)
    code = (u > 0.6) & (u < 0.9) & (v > 0.06) & (v < 0.2)
    bars = (rng.random(SIZE_PX) < 0.5)[np.floor(u * 100).astype(int)]
    return (np.where(code[..., None], np.where(bars, 0.1, 0.95)[..., None], colour), np.full(u.shape, 0.6))


def galvanised_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Zinc with its flowers of crystal."""
    first, _, owner = cells_rand(rng, int(rng.integers(60, 120)))
    tone = rng.normal(0.68, 0.07, 120)[owner] * (0.92 + 0.16 * noise_rand(rng, slope=0.8))
    return (tone[..., None] * np.array((0.98, 1.0, 1.02)), 0.6 + 2.0 * first.clip(0.0, 0.15))


def tread_plate_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Steel plate with raised lozenges, or a perforated sheet."""
    u, v = grid()
    count = int(rng.choice((6, 8, 12)))
    x, y = (u * count) % 1.0 - 0.5, (v * count) % 1.0 - 0.5
    leans = np.where((np.floor(u * count) + np.floor(v * count)) % 2 > 0, 1.0, -1.0)
    along, across = 0.7071 * (x + leans * y), 0.7071 * (y - leans * x)
    is_plate = rng.random() < 0.6
    figure = np.hypot(along / 0.42, across / 0.12) if is_plate else np.hypot(x, y) / 0.3
    mark = 1.0 - soft_step(figure, 1.0, 0.2)
    tone = (
        rng.uniform(0.5, 0.75) * (0.85 + 0.3 * noise_rand(rng, slope=0.5)) * (1.0 + (0.35 if is_plate else -0.7) * mark)
    )
    return (np.repeat(tone[..., None], 3, axis=2), 0.7 + (0.3 if is_plate else -0.5) * mark)


def flaking_rand(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Painted metal or wood whose paint flakes and scratches."""
    bare = soft_step(noise_rand(rng, slope=1.4), rng.uniform(0.6, 0.9), 0.02)
    scratch = 0.5 * (noise_rand(rng, slope=0.5, stretch=(1.0, 0.03)) > rng.uniform(0.93, 0.99))
    paint = colour_rand(rng, 0.25, 0.9, 0.6) * (0.9 + 0.2 * noise_rand(rng, slope=1.0))[..., None]
    under = np.array((0.45, 0.3, 0.22)) * rng.uniform(0.6, 1.3)
    return (blend(paint, under, np.maximum(bare, scratch)), 0.7 - 0.5 * bare)
