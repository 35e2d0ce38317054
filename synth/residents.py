"""Residents: people in rooms, standing or sitting, with the arms somewhere sensible. They face +y."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synth.mesh import Material, Mesh, merged
from synth.paint import CLOTH_COLOURS, WALL_COLOURS, Paint
from synth.shapes import blob, tube

SKINS = ((0.7, 0.45, 0.33), (0.45, 0.27, 0.18), (0.8, 0.58, 0.45), (0.2, 0.11, 0.07))
HAIRS = ((0.03, 0.02, 0.02), (0.15, 0.08, 0.04), (0.4, 0.28, 0.12), (0.4, 0.4, 0.4))
HIPS_M, SHOULDERS_M = 0.93, 1.42
"""Heights of an adult of 1.75 m."""


@dataclass(frozen=True, slots=True)
class _Clothes:
    shirt: Material
    trousers: Material
    skin: Material
    hair: Material
    shoes: Material
    has_sleeves: bool
    has_long_hair: bool


def _clothes_rand(rng: np.random.Generator, paint: Paint) -> _Clothes:
    shirt = paint.of(
        "fabric",
        "plain",
        "stripes",
        "checker",
        tint=paint.colour((*CLOTH_COLOURS, *WALL_COLOURS)),
        tile_m=0.6,
        spread=0.4,
    )
    return _Clothes(
        shirt=shirt,
        trousers=paint.of("fabric", "plain", tint=paint.colour(CLOTH_COLOURS), tile_m=0.5, spread=0.4),
        skin=paint.of("plain", tint=paint.colour(SKINS), spread=0.1),
        hair=paint.of("plain", tint=paint.colour(HAIRS)),
        shoes=paint.of("plain", tint=paint.colour(CLOTH_COLOURS), gloss=0.3),
        has_sleeves=bool(rng.random() < 0.65),
        has_long_hair=bool(rng.random() < 0.35),
    )


def standing_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """Somebody who stands, adult or child."""
    clothes = _clothes_rand(rng, paint)
    parts = _trunk(rng, clothes, 0.0)
    spread, stride = rng.uniform(0.08, 0.16), rng.uniform(0.0, 0.16)
    for side in (-1, 1):
        foot, knee = (side * spread, side * stride, 0.05), (side * spread, side * stride * 0.7 + 0.03, 0.5)
        parts += [tube((side * 0.09, 0.0, HIPS_M), knee, 0.085, clothes.trousers)]
        parts += [tube(knee, foot, 0.06, clothes.trousers)]
        parts.append(blob((0.1, 0.27, 0.1), clothes.shoes, at_m=(foot[0], foot[1] + 0.06, 0.05), squareness=0.4))
        reach = _hand_rand(rng, side)
        parts += _arm(clothes, side, np.array((0.0, 0.0, SHOULDERS_M)), reach)
    is_child = rng.random() < 0.15
    return _scaled(merged(parts), rng.uniform(0.55, 0.8) if is_child else rng.normal(0.98, 0.05))


def _hand_rand(rng: np.random.Generator, side: int) -> np.ndarray:
    """Hanging, before the body, at the hip, or reaching forward."""
    poses = ((0.27, 0.05, 0.78), (0.1, 0.28, 1.08), (0.24, 0.08, 0.98), (0.2, 0.5, 1.25))
    return np.array(poses[int(rng.choice(4, p=(0.45, 0.25, 0.15, 0.15)))]) * (side, 1, 1) + rng.normal(0, 0.02, 3)


def seated_rand(rng: np.random.Generator, paint: Paint, seat_m: float) -> Mesh:
    """Somebody who sits with the hips over the origin on a seat `seat_m` high; the feet reach the floor."""
    clothes = _clothes_rand(rng, paint)
    lift = seat_m + 0.09 - HIPS_M
    parts = _trunk(rng, clothes, lift)
    for side in (-1, 1):
        apart = side * rng.uniform(0.09, 0.17)
        hip, knee = (side * 0.09, 0.02, seat_m + 0.09), (apart, 0.44, max(seat_m + 0.07, 0.46))
        foot = (apart, float(knee[1] + rng.uniform(-0.1, 0.08)), 0.06)
        parts += [tube(hip, knee, 0.085, clothes.trousers), tube(knee, foot, 0.06, clothes.trousers)]
        parts.append(blob((0.11, 0.16, 0.16), clothes.trousers, at_m=knee))
        parts.append(blob((0.1, 0.27, 0.1), clothes.shoes, at_m=(foot[0], foot[1] + 0.06, 0.05), squareness=0.4))
        reach = np.array((side * rng.uniform(0.05, 0.22), rng.uniform(0.25, 0.42), seat_m + rng.uniform(0.2, 0.38)))
        parts += _arm(clothes, side, np.array((0.0, 0.0, SHOULDERS_M + lift)), reach)
    return merged(parts)


def _trunk(rng: np.random.Generator, clothes: _Clothes, lift_m: float) -> list[Mesh]:
    """Trunk, neck, head and hair, `lift_m` above where they are in somebody who stands."""
    girth, nod = rng.uniform(0.9, 1.25), rng.uniform(-0.01, 0.05)
    parts = [
        blob((0.36 * girth, 0.25 * girth, 0.34), clothes.shirt, at_m=(0, 0, 1.02 + lift_m), squareness=0.35),
        blob((0.43 * min(girth, 1.1), 0.26 * girth, 0.42), clothes.shirt, at_m=(0, 0, 1.26 + lift_m), squareness=0.4),
        tube((0, 0, 1.4 + lift_m), (0, nod, 1.56 + lift_m), 0.055, clothes.skin),
        blob((0.17, 0.21, 0.25), clothes.skin, at_m=(0, 0.02 + nod, 1.63 + lift_m)),
        blob((0.19, 0.21, 0.19), clothes.hair, at_m=(0, nod - 0.02, 1.68 + lift_m)),
    ]
    if clothes.has_long_hair:
        parts.append(blob((0.2, 0.12, 0.36), clothes.hair, at_m=(0, nod - 0.06, 1.54 + lift_m), squareness=0.3))
    return parts


def _arm(clothes: _Clothes, side: int, shoulder_m: np.ndarray, hand_m: np.ndarray) -> list[Mesh]:
    start = shoulder_m + (side * 0.2, 0.0, 0.0)
    middle = (start + hand_m) / 2
    elbow = middle + np.array((side * 0.07, -0.06, -0.04))
    lower = clothes.shirt if clothes.has_sleeves else clothes.skin
    return [
        tube(start, elbow, 0.052, clothes.shirt, sections=6),
        tube(elbow, hand_m, 0.042, lower, sections=6),
        blob((0.09, 0.1, 0.1), clothes.skin, at_m=hand_m, subdivisions=1),
        blob((0.14, 0.14, 0.14), clothes.shirt, at_m=start, subdivisions=1),
    ]


def _scaled(mesh: Mesh, factor: float) -> Mesh:
    return replace(mesh, positions_m=mesh.positions_m * np.float32(factor))
