"""Records whose image shows their depth: boxes before a wall, on a floor, each in a colour of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mde.camera import Camera
from mde.record import Record, encode_record
from mde.shards import ShardIndex, write_index, write_shard

SIZE = 36, 48


def box_record(index: int, *, origin: str = "synthetic") -> Record:
    """A floor that meets a wall, and three boxes; nearer is brighter, with a little noise."""
    rng = np.random.default_rng([41, index])
    height, width = SIZE
    rows = np.arange(height)[:, None] + 0.5
    horizon = height * rng.uniform(0.35, 0.5)
    floor_m = 30.0 / np.maximum(rows - horizon, 1e-3)
    depth_m = np.minimum(np.broadcast_to(floor_m, SIZE), 6.0).copy()
    ids = np.ones(SIZE, dtype=np.uint16)
    for number in range(3):
        top, left = int(rng.integers(2, height // 2)), int(rng.integers(2, width - 14))
        box = np.s_[top : top + int(rng.integers(8, 16)), left : left + int(rng.integers(6, 12))]
        depth_m[box], ids[box] = 4.0 - number, number + 2
    grey = 255.0 * (1.2 - 0.15 * depth_m[..., None]) * (0.8, 0.9, 1.0) + rng.normal(0.0, 4.0, (*SIZE, 3))
    return Record(
        key=f"{index:06d}",
        image=np.clip(grey, 0, 255).astype(np.uint8),
        depth_m=(np.rint(depth_m * 1000) / 1000).astype(np.float32),
        ids=ids,
        camera=Camera(f_px=(40.0, 40.0), c_px=(width / 2, height / 2), height=height, width=width),
        origin=origin,
        domain="indoor",
        depth_units_per_metre=1000,
        recipe={"seed": 7, "index": index, "scene": "indoor/kitchen", "attempt": 0},
    )


def write_boxes(directory: Path, num: int, *, per_shard: int = 2, origin: str = "synthetic") -> Path:
    """Shards of box records with their index."""
    directory.mkdir(parents=True, exist_ok=True)
    shards = []
    for first in range(0, num, per_shard):
        records = [box_record(index, origin=origin) for index in range(first, min(first + per_shard, num))]
        path = directory / f"shard-{first // per_shard:05d}.tar"
        shards.append(write_shard(path, ((record.key, encode_record(record)) for record in records)))
    index = ShardIndex(
        origin=origin,
        domain="indoor",
        num_records=num,
        config={"seed": 7},
        config_sha256="0" * 64,
        shards=tuple(shards),
    )
    write_index(directory, index)
    return directory
