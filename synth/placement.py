"""Placement: the user's things in a finished scene, where they are seen and meet nothing.

A scene is built as it always is; then some of the assets find a free place on the floor, on furniture or beside the
road. So nothing else in the scene moves for them, and every domain, also one to come, has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from synth.asset_file import Assets, Model
from synth.free_space import FreeSpace
from synth.scene import Scene, Thing

SHARE = 0.5
"""Of the scenes; up to a third of these have no room."""
MEAN_MORE = 0.8
"""Assets of such a scene beyond the first."""
MOST = 4
SPARE = 3
"""Draws beyond the wanted number, for those that find no place."""
PLACES = {
    "indoor": frozenset({"floor", "surface"}),
    "warehouse": frozenset({"floor", "surface"}),
    "driving": frozenset({"roadside"}),
    "drone": frozenset({"roadside"}),
}
"""What there is to stand on in each domain."""
GROUNDS = {
    "floor": frozenset({"floor", "rug", "lines"}),
    "roadside": frozenset({"sidewalk", "verge", "field"}),
}
"""Kinds of things that are ground."""
BARE = frozenset(
    "beams bank barrier bench blind ceiling clutter curtain door fence floor frame kerb lamp lines marking person "
    "picture plant rug roof skirting wall window".split()
)
"""Kinds of things on which nothing is put: ground, what hangs, what is soft, round or small."""
TRIES = 32
"""Places that are looked at for one asset."""
LEVEL_COSINE = 0.96
LIFT_M = 0.001
"""Above the surface, so that faces do not coincide."""
UNEVEN_M, UNEVEN = 0.012, 0.06
"""How much the ground under a thing may rise: a rug's edge, and metres per metre of its foot."""
LARGEST_ANGLE, SMALLEST_ANGLE = 0.9, 0.02
"""Size over distance: larger things would fill the view, smaller ones are not worth it."""


def fits(model: Model, domain: str) -> bool:
    """Whether there is anything in the domain for a model to stand on."""
    return not PLACES[domain].isdisjoint(model.where)


def place_assets_rand(rng: np.random.Generator, scene: Scene, assets: Assets, domain: str, first_layer: int) -> Scene:
    """The scene with some assets, or as it is; ids and all other things stay as they were.

    `first_layer` is where the layers of the assets begin in the texture bank.
    """
    models = [model for model in assets.models if fits(model, domain)]
    if not models or rng.random() >= SHARE:
        return scene
    weights = np.array([model.share for model in models])
    things, placed = list(scene.things), list[Thing]()
    space: FreeSpace | None = None
    num_wanted = min(1 + int(rng.poisson(MEAN_MORE)), MOST)
    reach_m = max(max(model.size_m) for model in models) / SMALLEST_ANGLE
    for _ in range(num_wanted + SPARE):
        if len(placed) == num_wanted:
            break
        own = rng.spawn(1)[0]
        model = models[int(own.choice(len(models), p=weights / weights.sum()))]
        where = sorted(PLACES[domain].intersection(model.where))
        space = space or FreeSpace(things, scene.world_from_camera[:3, 3], reach_m)
        spot = _spot_rand(own, scene, space, things, model, where[int(own.integers(len(where)))])
        if spot is not None:
            place_m, yaw_rad = spot
            mesh = assets.mesh(model, first_layer).moved(place_m, yaw_rad=yaw_rad)
            placed.append(Thing(kind=model.kind, mesh=mesh))
            things, space = [*things, placed[-1]], None
    return replace(scene, things=things, summary=_counted(scene.summary, placed))


def _counted(summary: dict[str, float | int | str], placed: Sequence[Thing]) -> dict[str, float | int | str]:
    counts = dict(summary)
    for thing in placed:
        counts[thing.kind] = int(counts.get(thing.kind, 0)) + 1
    return counts


def _spot_rand(
    rng: np.random.Generator, scene: Scene, space: FreeSpace, things: Sequence[Thing], model: Model, where: str
) -> tuple[np.ndarray, float] | None:
    """Where the foot of a model can stand, and its turn; None where no try found room."""
    eye = scene.world_from_camera[:3, 3]
    size = np.array(model.size_m)
    half = np.maximum(size / 2.0, 0.005)
    candidates = _tops_rand if where == "surface" else _grounds_rand
    kinds = [thing.kind for thing in things]
    if where == "surface":
        wanted = np.array([kind not in BARE and kind not in scene.structure for kind in kinds])
    else:
        wanted = np.array([kind in GROUNDS[where] for kind in kinds])
    for place in candidates(rng, scene, space, wanted):
        yaw_rad = float(rng.uniform(0.0, 2 * np.pi))
        away_m = float(np.linalg.norm(place - eye))
        angle = float(size.max()) / away_m
        if away_m - np.linalg.norm(half) < scene.closest_m + 0.1 or not SMALLEST_ANGLE < angle < LARGEST_ANGLE:
            continue
        foot = _foot(place, half, yaw_rad)
        uneven_m = UNEVEN_M + UNEVEN * 2.0 * float(np.hypot(half[0], half[1]))
        heights = space.heights_m(foot, float(place[2]) + uneven_m)
        low_m, high_m = float(heights.min()), float(heights.max())
        if high_m - low_m > uneven_m:
            continue
        top_m = max(low_m + float(size[2]), high_m + 0.01)
        middle = np.array((place[0], place[1], (top_m + high_m + 0.003) / 2.0))
        if space.is_free(middle, np.array((half[0], half[1], (top_m - high_m - 0.003) / 2.0)), yaw_rad):
            return np.array((place[0], place[1], low_m + LIFT_M)), yaw_rad
    return None


def _foot(place: np.ndarray, half: np.ndarray, yaw_rad: float) -> np.ndarray:
    """(9,2) middle, corners and middles of the edges of the foot."""
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    grid = np.array([(x * half[0], y * half[1]) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)])
    return np.asarray(place[:2] + grid @ np.array(((cos, sin), (-sin, cos))))


def _grounds_rand(
    rng: np.random.Generator, scene: Scene, space: FreeSpace, is_wanted: np.ndarray
) -> Iterator[np.ndarray]:
    """What pixels show of the wanted things, where it is level."""
    eye, turn, camera = scene.world_from_camera[:3, 3], scene.world_from_camera[:3, :3], scene.camera
    pixels = rng.random((TRIES, 2)) * (camera.width, camera.height)
    rays = np.column_stack(((pixels - camera.c_px) / camera.f_px, np.ones(TRIES))) @ turn.T
    for ray in rays:
        hit = space.first_hit(ray)
        if hit is not None and is_wanted[space.thing[hit[0]]] and space.is_level(hit[0], LEVEL_COSINE):
            yield eye + hit[1] * ray


def _tops_rand(rng: np.random.Generator, scene: Scene, space: FreeSpace, is_wanted: np.ndarray) -> Iterator[np.ndarray]:
    """Places on level triangles of the wanted things, those that appear large more often, where they are in view."""
    triangles, sizes = space.seen_tops(is_wanted, LEVEL_COSINE)
    if len(triangles) == 0:
        return
    eye, turn, camera = scene.world_from_camera[:3, 3], scene.world_from_camera[:3, :3], scene.camera
    ends = np.cumsum(sizes)
    for at, first, second in rng.random((TRIES, 3)):
        place = space.place_on(int(triangles[np.searchsorted(ends, at * ends[-1])]), first, second)
        x, y, z = (place - eye) @ turn
        u, v = np.array(camera.f_px) * (x, y) / max(z, 1e-6) + camera.c_px
        if z <= 0.0 or not (0.0 < u < camera.width and 0.0 < v < camera.height):
            continue
        hit = space.first_hit(place - eye)
        if hit is not None and hit[1] > 0.999:
            yield place
