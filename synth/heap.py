"""Heap: small things side by side on a piece of furniture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.clutter import ClutterMaker
from synth.mesh import Mesh
from synth.paint import Paint


def heap_rand(
    rng: np.random.Generator,
    paint: Paint,
    kinds: Sequence[ClutterMaker],
    area: tuple[float, float, float, float],
) -> list[Mesh]:
    """Small things side by side within x from, y from, x to, y to; what does not fit stays away."""
    low, high = np.array(area[:2]), np.array(area[2:])
    found: list[Mesh] = []
    taken: list[tuple[np.ndarray, np.ndarray]] = []
    mean = 8.0 * float(np.prod(np.maximum(high - low, 0.0))) + 0.7
    for _ in range(rng.poisson(min(mean, 7.0))):
        maker, yaw_rad = kinds[int(rng.integers(len(kinds)))], float(rng.normal(0.0, 0.4))
        mesh = maker(rng, paint).moved((0.0, 0.0, 0.0), yaw_rad=yaw_rad)
        near, far = (corner[:2] for corner in mesh.bounds_m())
        if (far - near > high - low + 0.06).any():  # three centimetres may hang over each edge
            continue
        at = rng.uniform(low - 0.03 - near, high + 0.03 - far)
        spot = at + near, at + far
        if any((spot[0] < b).all() and (a < spot[1]).all() for a, b in taken):
            continue
        taken.append(spot)
        found.append(mesh.moved((*at, 0.0)))
    return found
