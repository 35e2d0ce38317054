"""Plants: trees, bushes and hedges with holes between the leaves, on z = 0."""

from __future__ import annotations

import numpy as np

from synth.mesh import Material, Mesh, merged
from synth.paint import Paint
from synth.shapes import blob, blobs, box, lathe, lumps_rand, tube

_GREENS = ((0.75, 0.9, 0.6), (0.6, 0.75, 0.45), (0.9, 1.0, 0.6), (0.5, 0.65, 0.45), (1.1, 0.95, 0.5), (0.8, 0.8, 0.5))


def _foliage(paint: Paint, tile_m: tuple[float, float] = (1.0, 1.9)) -> Material:
    tint, cut_out = paint.colour(_GREENS), not paint.is_coarse  # holes smaller than a pixel are none
    return paint.of("leaves", tint=tint, tile_m=tile_m, gloss=0.15, cut_out=cut_out, variation=0.6)


def tree_rand(rng: np.random.Generator, paint: Paint, *, height_m: float | None = None, is_near: bool = True) -> Mesh:
    """A broad-leaved tree or a conifer; far ones have fewer triangles."""
    height = float(rng.uniform(4.0, 13.0)) if height_m is None else height_m
    if rng.random() < 0.18:
        return _conifer_rand(rng, paint, height)
    bark = paint.of("bark", tile_m=0.8, spread=0.25)
    leaves = _foliage(paint)
    stem = height * rng.uniform(0.18, 0.42)
    girth = 0.02 * height * rng.uniform(0.7, 1.4)
    lean = rng.normal(0.0, 0.03 * height, 2)
    top = (lean[0], lean[1], stem + 0.35 * (height - stem))
    parts = [tube((0, 0, -0.1), top, girth, bark, sections=8 if is_near else 5)]
    if paint.is_coarse:
        high = height - stem
        wide = high * float(rng.uniform(0.5, 1.0))
        return merged([*parts, blob((wide, wide, high), leaves, at_m=(lean[0], lean[1], stem + high / 2))])
    crown_width = (height - stem) * rng.uniform(0.5, 1.0)
    for _ in range(int(rng.integers(2, 4))):
        angle = rng.uniform(0, 2 * np.pi)
        tip = np.array(top) + (
            0.35 * crown_width * np.cos(angle),
            0.35 * crown_width * np.sin(angle),
            0.2 * crown_width,
        )
        if is_near:
            parts.append(tube((lean[0] * 0.6, lean[1] * 0.6, stem * 0.8), tip, girth * 0.5, bark, sections=5))
    core = paint.of(
        "leaves", tint=(0.18, 0.24, 0.12), tile_m=1.0, spread=0.2
    )  # seen through the holes: the dark inside
    crown = np.array((crown_width, crown_width, height - stem))
    middle = np.array((lean[0], lean[1], stem + (height - stem) / 2))
    count = int(rng.integers(5, 10) if is_near else rng.integers(4, 7))
    directions = rng.standard_normal((count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    places = middle + directions * rng.uniform(0.15, 0.6, (count, 1)) * crown / 2.0
    sizes = rng.uniform(0.4, 0.75, (count, 3)) * crown * (1.0, 1.0, 0.8)
    lumps = lumps_rand(rng, (count, 7), 0.35)
    parts.append(blobs(sizes, places, leaves, lumps=lumps, subdivisions=2 if is_near else 1))
    if rng.random() < 0.75:
        parts.append(blob(crown * (0.55, 0.55, 0.6), core, at_m=middle, lumps=lumps_rand(rng, 6, 0.3), subdivisions=1))
    return merged(parts)


def _conifer_rand(rng: np.random.Generator, paint: Paint, height: float) -> Mesh:
    leaves = _foliage(paint, (0.6, 1.0))
    radius = height * rng.uniform(0.14, 0.24)
    if paint.is_coarse:
        return lathe(((0.0, 0.0), (radius, 0.06 * height), (0.0, height)), leaves, sections=12)
    core = paint.of("leaves", tint=(0.2, 0.25, 0.15), tile_m=0.8)
    parts = [tube((0, 0, -0.1), (0, 0, 0.3 * height), 0.015 * height + 0.05, paint.of("bark", tile_m=0.6))]
    for material, share in ((core, 0.75), (leaves, 1.0)):
        tiers = [(0.0, 0.06)]
        for tier in range(4):
            low, width = 0.06 + 0.23 * tier, share * radius * (1.0 - 0.22 * tier)
            tiers += [(width / height, low), (0.45 * width / height, low + 0.23)]
        tiers[-1] = (0.0, 1.0)
        parts.append(lathe([(r * height, z * height) for r, z in tiers], material, sections=12))
    return merged(parts)


def bush_rand(rng: np.random.Generator, paint: Paint, *, reach_m: float = 1.2) -> Mesh:
    """A bush of a few lumps."""
    leaves = _foliage(paint, (0.6, 1.2))
    core = paint.of("leaves", tint=(0.25, 0.3, 0.15), tile_m=0.7)
    count = int(rng.integers(2, 5))
    sizes = rng.uniform(0.6, 1.1, (count, 3)) * reach_m
    places = np.concatenate((rng.uniform(-0.4, 0.4, (count, 2)) * reach_m, sizes[:, 2:] * 0.35), axis=1)
    outside = blobs(sizes, places, leaves, lumps=lumps_rand(rng, (count, 6), 0.3))
    return merged([outside, blobs(sizes * 0.85, places, core, subdivisions=1)])


def hedge_rand(rng: np.random.Generator, paint: Paint, length_m: float) -> Mesh:
    """A cut hedge along y."""
    height, width = rng.uniform(0.8, 2.4), rng.uniform(0.5, 1.0)
    leaves = _foliage(paint, (0.7, 1.2))
    core = paint.of("leaves", tint=(0.3, 0.38, 0.2), tile_m=0.9)
    return merged(
        [
            box((width, length_m, height), leaves),
            box((width - 0.14, length_m - 0.14, height - 0.07), core),
        ]
    )
