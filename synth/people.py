"""People: standing, walking or on a bicycle, facing +y, on z = 0."""

from __future__ import annotations

import numpy as np

from synth.mesh import Mesh, merged
from synth.paint import CLOTH_COLOURS, Paint
from synth.shapes import blob, lathe, tube


def person_rand(rng: np.random.Generator, paint: Paint) -> Mesh:
    """A standing or walking person, some on a bicycle, facing +y."""
    scale = rng.normal(1.0, 0.07)
    shirt = paint.of("fabric", "plain", "stripes", tint=paint.colour(CLOTH_COLOURS), tile_m=0.6, spread=0.4)
    trousers = paint.of("fabric", "plain", tint=paint.colour(CLOTH_COLOURS), tile_m=0.5, spread=0.4)
    skin = paint.of(
        "plain", tint=paint.colour(((0.7, 0.45, 0.33), (0.45, 0.27, 0.18), (0.8, 0.58, 0.45), (0.2, 0.11, 0.07)))
    )
    hair = paint.of(
        "plain", tint=paint.colour(((0.03, 0.02, 0.02), (0.15, 0.08, 0.04), (0.4, 0.28, 0.12), (0.4, 0.4, 0.4)))
    )
    rides = rng.random() < 0.25
    lift, stride = (0.25, 0.2) if rides else (0.0, float(rng.uniform(0.0, 0.35)))
    parts = []
    for side in (-1, 1):
        foot = (0.1 * side, side * stride, lift + 0.05 if rides else 0.0)
        parts.append(tube(foot, (0.09 * side, 0.0, 0.85 + lift), 0.085, trousers))
        hand = (0.27 * side, 0.45 if rides else -side * stride * 0.8, 0.95 + lift if rides else 0.8)
        parts.append(tube((0.21 * side, 0, 1.38 + lift), hand, 0.05, shirt, sections=6))
    parts.append(blob((0.44, 0.27, 0.7), shirt, at_m=(0, 0.08 if rides else 0, 1.14 + lift), squareness=0.4))
    parts.append(blob((0.19, 0.22, 0.26), skin, at_m=(0, 0.1 if rides else 0.02, 1.63 + lift)))
    parts.append(blob((0.21, 0.22, 0.2), hair, at_m=(0, 0.07 if rides else -0.02, 1.69 + lift)))
    if rides:
        parts.append(bicycle(paint))
    mesh = merged(parts)
    return Mesh(mesh.positions_m * np.float32(scale), mesh.normals, mesh.uv, mesh.look)


def bicycle(paint: Paint) -> Mesh:
    """A bicycle along y."""
    frame = paint.of("plain", tint=paint.colour(CLOTH_COLOURS), gloss=0.5)
    rubber = paint.of("plain", tint=(0.02, 0.02, 0.02))
    lying = np.array(((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0)))
    ring = lathe(((0.3, -0.02), (0.34, -0.02), (0.34, 0.02), (0.3, 0.02), (0.3, -0.02)), rubber, sections=16).turned(
        lying
    )
    return merged(
        [
            ring.moved((0, -0.52, 0.34)),
            ring.moved((0, 0.52, 0.34)),
            tube((0, -0.52, 0.34), (0, -0.1, 0.9), 0.025, frame, sections=6),
            tube((0, -0.05, 0.4), (0, 0.45, 0.85), 0.025, frame, sections=6),
            tube((0, 0.52, 0.34), (0, 0.42, 1.05), 0.025, frame, sections=6),
            tube((0, -0.14, 0.8), (0, 0.44, 0.85), 0.025, frame, sections=6),
            tube((-0.28, 0.42, 1.05), (0.28, 0.42, 1.05), 0.02, frame, sections=6),
        ]
    )
