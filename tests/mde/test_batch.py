from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from mde.batch import batch_numbers, flip_some, image_batches, mirrored, read_images, scene_batch
from mde.framing import Framing
from mde.shards import ShardReader


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 5))
def test_every_record_comes_once_per_epoch(num_records: int, batch_size: int, seed: int) -> None:
    num_steps = -(-2 * num_records // batch_size)
    drawn = [n for step in range(num_steps) for n in batch_numbers(num_records, batch_size, seed=seed, step=step)]
    assert sorted(drawn[:num_records]) == sorted(drawn[num_records : 2 * num_records]) == list(range(num_records))


def test_a_batch_depends_on_seed_and_step_alone(shards: Path) -> None:
    reader = ShardReader(shards)
    whole = dict(image_batches(reader, Framing((24, 32)), 5, seed=3, steps=range(6)))
    rest = dict(image_batches(reader, Framing((24, 32)), 5, seed=3, steps=range(4, 6)))
    assert list(whole) == list(range(6))
    assert all(torch.equal(rest[step], whole[step]) for step in (4, 5))
    other = dict(image_batches(reader, Framing((24, 32)), 5, seed=4, steps=range(6)))
    assert not torch.equal(other[0], whole[0])


def test_about_half_of_the_images_are_mirrored_and_the_others_untouched() -> None:
    images = torch.rand(4000, 3, 1, 2, generator=torch.Generator().manual_seed(0))
    flipped = flip_some(images, mirrored(4000, seed=0, step=0))
    is_mirror = (flipped == images.flip(-1)).flatten(1).all(1)
    assert ((flipped == images).flatten(1).all(1) ^ is_mirror).all()
    assert abs(is_mirror.float().mean().item() - 0.5) < 0.04  # five standard deviations


def test_depth_ids_and_camera_are_mirrored_with_their_image(shards: Path) -> None:
    reader, framing = ShardReader(shards), Framing((36, 48))
    numbers = [3, 0, 7, 2]
    flips = np.array([True, False, True, False])
    batch = scene_batch(reader, framing, numbers, flips)
    assert torch.equal(batch.image, flip_some(read_images(reader, numbers, framing), flips))
    for number, flip, depth_m, ids, camera in zip(numbers, flips, batch.depth_m, batch.ids, batch.cameras, strict=True):
        record = reader[number]
        turn = (lambda plane: plane[:, ::-1]) if flip else (lambda plane: plane)
        assert np.array_equal(depth_m[0].numpy(), turn(record.depth_m))
        assert np.array_equal(ids[0].numpy(), turn(record.ids))
        centre = record.camera.c_px[0]
        assert camera.c_px[0] == (record.camera.width - centre if flip else centre)
