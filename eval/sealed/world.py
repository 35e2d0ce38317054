"""The sealed world: indoor pictures that stand in for real data.

Only the demo teacher was trained here; students never see it, and its test split is opened at the
very end, for `eval` alone. Nothing is shared with `synth`: scene grammar, textures, light, renderer
and camera faults are its own, so that the way from `synth` to here is a true domain gap.

A picture is a pure function of (split, index, camera).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from eval.sealed.light import Hits, look, radiance
from eval.sealed.raycast import containing
from eval.sealed.room import Scene, scene_rand
from eval.sealed.sensor import develop_rand
from mde.camera import Camera
from mde.domain import INDOOR
from mde.errors import InputError
from mde.files import json_bytes, sha256_bytes
from mde.rays import ray_directions
from mde.record import Record, encode_record
from mde.shards import INDEX, ShardIndex, read_index, write_index, write_shard

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")
CAMERA = INDOOR.camera.resize(48, 64)
"""Native camera of the sealed world and its teacher: the indoor field of view at 48x64 pixels."""
WORLD_SEED = 7_104_225
"""The world itself; another number would be another world."""
ORIGIN = "sealed"
DEPTH_RANGE_M = (0.5, 10.0)
"""Every pixel of every picture lies in this range."""
RECORDS_PER_SHARD = 256
MAX_ATTEMPTS = 100


def sealed_record(split: Split, index: int, camera: Camera = CAMERA) -> Record:
    """Picture `index` of a split. Raises InputError for an unknown split or a negative index."""
    if split not in SPLITS or index < 0:
        raise InputError(
            f"sealed picture ({split!r}, {index}) does not exist; splits are train and test, indices from 0"
        )
    for attempt in range(MAX_ATTEMPTS):
        entropy = np.random.SeedSequence(WORLD_SEED, spawn_key=(SPLITS.index(split), index, attempt))
        scenery, sensor = np.random.default_rng(entropy).spawn(2)
        scene = scene_rand(scenery)
        hits = look(scene, ray_directions(camera).numpy().reshape(-1, 3).T.astype(np.float64))
        if _is_good_view(scene, hits):
            break
    else:
        raise AssertionError(f"sealed picture ({split}, {index}): no view in {MAX_ATTEMPTS} attempts shows a room")
    depth_m = hits.depth_m.reshape(camera.size)
    light = _smooth_edges(scene, hits, camera)
    return Record(
        key=f"{index:06d}",
        image=develop_rand(sensor, light, depth_m),
        depth_m=depth_m.astype(np.float32),
        ids=hits.instance.reshape(camera.size).astype(np.uint16),
        camera=camera,
        origin=ORIGIN,
        domain=INDOOR.name,
        depth_units_per_metre=INDOOR.depth_units_per_metre,
        recipe={"world_seed": WORLD_SEED, "split": split, "index": index, "attempt": attempt},
    )


def _is_good_view(scene: Scene, hits: Hits) -> bool:
    """Camera in free air, all depth in range, a view that is not one object or one wall at arm's length."""
    near, far = DEPTH_RANGE_M
    in_range = near <= hits.depth_m.min() and hits.depth_m.max() <= far
    free = containing(scene.solids, scene.eye_m, margin_m=0.1).size == 0
    return bool(in_range and free and np.median(hits.depth_m) > 1.2 and len(np.unique(hits.instance)) > 2)


def _smooth_edges(scene: Scene, hits: Hits, camera: Camera) -> np.ndarray:
    """Linear light (3,H,W): one ray per pixel, and four more where the surface changes."""
    pixel_rad = 1.0 / camera.f_px[0]
    light = radiance(scene, hits, pixel_rad)
    edge = np.flatnonzero(_is_edge(hits.surface.reshape(camera.size)))
    centre = ray_directions(camera).numpy().reshape(-1, 3)[edge].T.astype(np.float64)
    shift = np.array([[-0.25, 0.25, -0.25, 0.25], [-0.25, -0.25, 0.25, 0.25], [0, 0, 0, 0]])
    shift /= np.array([[camera.f_px[0]], [camera.f_px[1]], [1.0]])
    rays = (centre[:, :, None] + shift[:, None, :]).reshape(3, -1)
    light[:, edge] = radiance(scene, look(scene, rays), pixel_rad).reshape(3, -1, 4).mean(axis=2)
    return light.reshape(3, *camera.size)


def _is_edge(surface: np.ndarray) -> np.ndarray:
    """(H,W) True where a pixel and one of its four neighbours show different surfaces."""
    edge = np.zeros(surface.shape, dtype=bool)
    for axis in (0, 1):
        change = np.diff(surface, axis=axis) != 0
        edge |= np.insert(change, 0, False, axis=axis) | np.insert(change, surface.shape[axis] - 1, False, axis=axis)
    return edge


def write_sealed(directory: Path, split: Split, num: int, *, start: int = 0, camera: Camera = CAMERA) -> ShardIndex:
    """Write pictures `start` to `start + num - 1` of a split as shards and their index.

    A finished directory of the same pictures is left as it is. Raises InputError when the directory
    holds other pictures.
    """
    if num < 1 or start < 0:
        raise InputError(f"num={num} and start={start} must be at least 1 and 0")
    size = {"height": camera.height, "width": camera.width, "f_px": list(camera.f_px), "c_px": list(camera.c_px)}
    config = {"world_seed": WORLD_SEED, "split": split, "start": start, "num": num, "camera": size}
    digest = sha256_bytes(json_bytes(config))
    if (directory / INDEX).exists():
        index = read_index(directory)
        if index.config_sha256 != digest:
            raise InputError(f"{directory} holds other pictures than {config}; name an empty directory")
        return index
    directory.mkdir(parents=True, exist_ok=True)
    shards = []
    for first in range(start, start + num, RECORDS_PER_SHARD):
        records = (sealed_record(split, n, camera) for n in range(first, min(first + RECORDS_PER_SHARD, start + num)))
        files = ((record.key, encode_record(record)) for record in records)
        shards.append(write_shard(directory / f"{split}-{first:06d}.tar", files))
    index = ShardIndex(
        origin=ORIGIN,
        domain=INDOOR.name,
        num_records=num,
        config=config,
        config_sha256=digest,
        shards=tuple(shards),
    )
    write_index(directory, index)
    return index
