"""Materials of the sealed world: two colours and a solid pattern, evaluated at 3-D points."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

Pattern = Literal[
    "plain", "cloud", "wood", "stripes", "checks", "tiles", "squares", "planks", "bricks", "speckle", "rows"
]
PATTERNS: tuple[Pattern, ...] = (
    "plain", "cloud", "wood", "stripes", "checks", "tiles", "squares", "planks", "bricks", "speckle",
    "rows",
)  # fmt: skip
LATTICE = 32
"""Period of the value noise in cells; a power of two, so that wrapping is a bit mask."""
LATTICE_SEED = 20_417
"""Seed of the noise lattice, part of the world's definition."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """How a surface looks; linear RGB."""

    pattern: Pattern
    first: tuple[float, float, float]
    second: tuple[float, float, float]
    scale_m: float = 0.1
    """Size of the pattern's cell."""
    gloss: float = 0.0
    """Strength of the highlight."""
    emission: float = 0.0
    """Light that the surface sends out itself, as a multiple of its colour."""


@dataclass(frozen=True, kw_only=True)
class Materials:
    """Materials of one scene as arrays, one row each."""

    pattern: np.ndarray
    first: np.ndarray
    second: np.ndarray
    scale_m: np.ndarray
    gloss: np.ndarray
    emission: np.ndarray


def stack_materials(rows: Sequence[Material]) -> Materials:
    """Gather materials into arrays."""
    return Materials(
        pattern=np.array([PATTERNS.index(row.pattern) for row in rows]),
        first=np.array([row.first for row in rows]),
        second=np.array([row.second for row in rows]),
        scale_m=np.array([row.scale_m for row in rows]),
        gloss=np.array([row.gloss for row in rows]),
        emission=np.array([row.emission for row in rows]),
    )


def albedo(materials: Materials, owner: np.ndarray, points_m: np.ndarray, footprint_m: np.ndarray) -> np.ndarray:
    """(3, rays) colours at `points_m` (3, rays), given in the frame of each surface.

    `owner` are rows of `materials`. Detail smaller than the pixel's `footprint_m` fades into its mean,
    as a real lens and sensor would average it.
    """
    scale = materials.scale_m[owner]
    mix = np.zeros(owner.shape)
    pattern = materials.pattern[owner]
    for number in np.unique(pattern):
        rays = np.flatnonzero(pattern == number)
        mix[rays] = MIXES[PATTERNS[number]](points_m[:, rays] / scale[rays])
    keep = 1.0 / (1.0 + (2.2 * footprint_m / scale) ** 2)
    mix = 0.35 + (mix - 0.35) * keep  # 0.35: the patterns' mean share of the second colour, roughly
    mix = np.where(pattern == PATTERNS.index("plain"), 0.0, mix)
    stain = 0.92 + 0.16 * value_noise(points_m * 1.7 + 5.3)  # nothing in a room is of one colour
    return (materials.first[owner] * (1.0 - mix)[:, None] + materials.second[owner] * mix[:, None]).T * stain


def value_noise(points: np.ndarray) -> np.ndarray:
    """Smooth noise in [0, 1] with cells of unit size at `points` (3, n)."""
    cell = np.floor(points)
    f = points - cell
    f = f * f * (3.0 - 2.0 * f)
    low = cell.astype(np.int64) & (LATTICE - 1)
    high = (low + 1) & (LATTICE - 1)
    lattice = _lattice()

    def plane(z: np.ndarray) -> np.ndarray:
        near = lattice[low[0], low[1], z] * (1 - f[0]) + lattice[high[0], low[1], z] * f[0]
        far = lattice[low[0], high[1], z] * (1 - f[0]) + lattice[high[0], high[1], z] * f[0]
        return near * (1 - f[1]) + far * f[1]

    return plane(low[2]) * (1 - f[2]) + plane(high[2]) * f[2]


@cache
def _lattice() -> np.ndarray:
    return np.random.default_rng(LATTICE_SEED).random((LATTICE, LATTICE, LATTICE))


def _cell_noise(i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """One constant in [0, 1] for each cell (i, j)."""
    return _lattice()[i.astype(np.int64) & (LATTICE - 1), j.astype(np.int64) & (LATTICE - 1), 7]


def _plain(p: np.ndarray) -> np.ndarray:
    return np.zeros(p.shape[1])


def _cloud(p: np.ndarray) -> np.ndarray:
    return 0.65 * value_noise(p) + 0.35 * value_noise(p * 2.3 + 3.1)


def _wood(p: np.ndarray) -> np.ndarray:
    bent = p + 0.6 * value_noise(p * 0.35)
    ring = np.hypot(bent[1], bent[2] + 4.7) % 1.0
    return 0.75 * ring * ring + 0.25 * value_noise(p * np.array([[0.4], [5.0], [5.0]]))


def _stripes(p: np.ndarray) -> np.ndarray:
    return np.clip(0.5 + 2.0 * np.sin(2.0 * np.pi * (p[0] + p[1])), 0.0, 1.0)


def _checks(p: np.ndarray) -> np.ndarray:
    return ((np.floor(p + 0.37).sum(axis=0) % 2) == 0).astype(float)


def _joint(u: np.ndarray, v: np.ndarray, width: float) -> np.ndarray:
    """Joints of `width` at whole numbers of u and v, and a shade of its own for each cell."""
    edge = np.minimum(np.abs(u - np.rint(u)), np.abs(v - np.rint(v)))
    return np.where(edge < width, 1.0, 0.35 * _cell_noise(np.floor(u), np.floor(v)))


def _tiles(p: np.ndarray) -> np.ndarray:
    return _joint(p[0], p[1], 0.045)


def _squares(p: np.ndarray) -> np.ndarray:
    return _joint(p[0] + p[1], p[2], 0.045)


def _planks(p: np.ndarray) -> np.ndarray:
    row = np.floor(p[1])
    grain = value_noise(p * np.array([[0.5], [6.0], [6.0]]))
    return 0.75 * _joint(p[0] / 7.0 + 0.31 * row, p[1], 0.03) + 0.25 * grain


def _bricks(p: np.ndarray) -> np.ndarray:
    row = np.floor(p[2])
    return _joint((p[0] + p[1]) / 3.0 + 0.5 * row, p[2], 0.06)


def _speckle(p: np.ndarray) -> np.ndarray:
    return np.clip(4.0 * (value_noise(p * 1.9) - 0.5), 0.0, 1.0)


def _rows(p: np.ndarray) -> np.ndarray:
    return (np.abs(p[2] - np.rint(p[2])) < 0.06).astype(float)


MIXES: dict[Pattern, Callable[[np.ndarray], np.ndarray]] = {
    "plain": _plain,
    "cloud": _cloud,
    "wood": _wood,
    "stripes": _stripes,
    "checks": _checks,
    "tiles": _tiles,
    "squares": _squares,
    "planks": _planks,
    "bricks": _bricks,
    "speckle": _speckle,
    "rows": _rows,
}
"""Share of the second colour, in [0, 1], at points measured in cells."""


def colour_rand(
    rng: np.random.Generator, *, saturation: tuple[float, float] = (0.1, 0.7), value: tuple[float, float] = (0.08, 0.8)
) -> tuple[float, float, float]:
    """A colour of any hue; saturation and value uniform in their ranges."""
    return colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation), rng.uniform(*value))


def _shade(colour: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    red, green, blue = (min(1.0, channel * factor) for channel in colour)
    return red, green, blue


def paint_rand(rng: np.random.Generator) -> Material:
    """Plain coloured paint or lacquer."""
    colour = colour_rand(rng)
    return Material(pattern="plain", first=colour, second=colour, gloss=rng.uniform(0.0, 0.5))


def wood_rand(rng: np.random.Generator) -> Material:
    """Rings from birch to walnut."""
    colour = colorsys.hsv_to_rgb(rng.uniform(0.04, 0.11), rng.uniform(0.35, 0.75), rng.uniform(0.15, 0.75))
    return Material(
        pattern="wood",
        first=colour,
        second=_shade(colour, rng.uniform(0.35, 0.7)),
        scale_m=rng.uniform(0.04, 0.12),
        gloss=rng.uniform(0.0, 0.4),
    )


def fabric_rand(rng: np.random.Generator) -> Material:
    """Cloth: plain weave, stripes or checks."""
    pattern: Pattern = rng.choice(np.array(["cloud", "cloud", "stripes", "checks", "speckle"]))
    fine = pattern in ("cloud", "speckle")
    colour = colour_rand(rng)
    second = _shade(colour, rng.uniform(0.5, 0.8)) if fine else colour_rand(rng)
    return Material(pattern=pattern, first=colour, second=second, scale_m=rng.uniform(0.03, 0.07 if fine else 0.2))


def stone_rand(rng: np.random.Generator) -> Material:
    """Ceramic, terrazzo, marble."""
    colour = colour_rand(rng, saturation=(0.0, 0.35), value=(0.25, 0.85))
    pattern: Pattern = rng.choice(np.array(["speckle", "cloud", "plain"]))
    return Material(
        pattern=pattern,
        first=colour,
        second=_shade(colour, rng.uniform(0.4, 1.4)),
        scale_m=rng.uniform(0.04, 0.15),
        gloss=rng.uniform(0.1, 0.7),
    )


def any_rand(rng: np.random.Generator) -> Material:
    """Whatever furniture is made of."""
    makers = (paint_rand, wood_rand, fabric_rand, stone_rand)
    return makers[rng.integers(len(makers))](rng)


def wall_rand(rng: np.random.Generator) -> Material:
    """Light paint most of the time; else wallpaper, bricks, panels or tiles."""
    pattern: Pattern = rng.choice(
        np.array(["plain", "cloud", "stripes", "bricks", "squares", "rows"]), p=[0.35, 0.25, 0.12, 0.12, 0.06, 0.10]
    )
    colour = colour_rand(rng, saturation=(0.0, 0.45), value=(0.3, 0.9))
    scale_m = {"stripes": 0.3, "bricks": 0.11, "squares": 0.2, "rows": 0.25}.get(pattern, 0.8)
    return Material(
        pattern=pattern,
        first=colour,
        second=_shade(colour, rng.uniform(0.55, 0.9)),
        scale_m=scale_m * rng.uniform(0.8, 1.25),
    )


def floor_rand(rng: np.random.Generator) -> Material:
    """Planks, tiles, checks, carpet, terrazzo."""
    pattern: Pattern = rng.choice(
        np.array(["planks", "tiles", "checks", "cloud", "speckle"]), p=[0.4, 0.25, 0.1, 0.15, 0.1]
    )
    if pattern == "planks":
        colour = colorsys.hsv_to_rgb(rng.uniform(0.04, 0.11), rng.uniform(0.3, 0.7), rng.uniform(0.2, 0.7))
    else:
        colour = colour_rand(rng, saturation=(0.0, 0.4), value=(0.15, 0.75))
    scale_m = {"planks": 0.14, "tiles": 0.4, "checks": 0.4, "cloud": 0.15, "speckle": 0.06}[pattern]
    return Material(
        pattern=pattern,
        first=colour,
        second=_shade(colour, rng.uniform(0.35, 0.75)),
        scale_m=scale_m * rng.uniform(0.85, 1.2),
        gloss=rng.uniform(0.0, 0.3),
    )
