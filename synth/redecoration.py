"""Redecoration: surfaces of a finished scene in textures of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from synth.asset_file import Assets, Texture
from synth.mesh import CUT_OUT_COLUMN, Mesh
from synth.scene import Scene, Thing

SHARE = 0.4
"""Of the scenes in which a texture finds a surface."""
SURFACES = {
    "wall": frozenset({"wall"}),
    "floor": frozenset({"floor"}),
    "ground": frozenset({"road", "sidewalk", "verge", "field"}),
}
"""Kinds of things that each use of a texture speaks of; "object" is any one thing that is not structure."""
LAYER_COLUMN = 4


def redecorate_rand(rng: np.random.Generator, scene: Scene, assets: Assets, first_layer: int) -> Scene:
    """The scene with one of the assets' textures in place of one of its own, or as it is.

    All things of one kind that have the replaced texture get the new one: all walls of a room, say.
    """
    if not assets.textures or rng.random() >= SHARE:
        return scene
    weights = np.array([texture.share for texture in assets.textures])
    texture = assets.textures[int(rng.choice(len(weights), p=weights / weights.sum()))]
    groups = [(use, numbers) for use in texture.where if (numbers := _numbers(scene, use))]
    if not groups:
        return scene
    use, numbers = groups[int(rng.integers(len(groups)))]
    if use == "object":
        numbers = [numbers[int(rng.integers(len(numbers)))]]
    layer = _main_layer(scene.things[numbers[int(rng.integers(len(numbers)))]].mesh)
    if layer is None:
        return scene
    things = list(scene.things)
    for number in numbers:
        things[number] = _repainted(things[number], layer, texture, first_layer)
    return replace(scene, things=things)


def _numbers(scene: Scene, use: str) -> list[int]:
    """Numbers of the things that a use speaks of."""
    if use == "object":
        return [number for number, thing in enumerate(scene.things) if thing.kind not in scene.structure]
    return [number for number, thing in enumerate(scene.things) if thing.kind in SURFACES[use]]


def _main_layer(mesh: Mesh) -> int | None:
    """The texture with the largest area among those without holes."""
    corners = mesh.positions_m.reshape(-1, 3, 3)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    look = mesh.look[::3]
    area[look[:, CUT_OUT_COLUMN] > 0.5] = 0.0
    totals = np.bincount(look[:, LAYER_COLUMN].astype(int), area)
    return int(totals.argmax()) if totals.max() > 0.0 else None


def _repainted(thing: Thing, layer: int, texture: Texture, first_layer: int) -> Thing:
    """The thing with `texture` wherever it had `layer`, in the texture's own colours."""
    mesh = thing.mesh
    rows = (mesh.look[:, LAYER_COLUMN] == layer) & (mesh.look[:, CUT_OUT_COLUMN] < 0.5)
    if not rows.any():
        return thing
    look, uv = mesh.look.copy(), mesh.uv.copy()
    look[rows, :3] = 1.0
    look[rows, LAYER_COLUMN] = first_layer + texture.layer
    if texture.tile_m is not None:
        uv[rows] *= np.float32(_tile_m(mesh.positions_m[rows], uv[rows]) / texture.tile_m)
    return replace(thing, mesh=replace(mesh, look=look, uv=uv))


def _tile_m(positions_m: Sequence[float] | np.ndarray, uv: np.ndarray) -> float:
    """Edge of a tile on these triangles: the root of all their area over all their area in tiles."""
    corners, tiles = np.asarray(positions_m).reshape(-1, 3, 3), uv.reshape(-1, 3, 2)
    one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.linalg.norm(np.cross(one, other), axis=1).sum()
    flat, side = tiles[:, 1] - tiles[:, 0], tiles[:, 2] - tiles[:, 0]
    return float(np.sqrt(area / max(np.abs(flat[:, 0] * side[:, 1] - flat[:, 1] * side[:, 0]).sum(), 1e-9)))
