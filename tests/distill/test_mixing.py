from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from distill.mixing import MIN_AREA, mix_objects, object_mask
from mde.batch import Batch, scene_batch
from mde.framing import Framing
from mde.shards import ShardReader
from tests.conftest import make_camera


def blocks(num: int, size: int = 12) -> torch.Tensor:
    """Ids (1, size, num * size) of `num` squares side by side."""
    return torch.arange(num).repeat_interleave(size).expand(1, size, -1).contiguous().int()


def batch_of(num: int) -> Batch:
    """Picture k has colour, depth and ids that tell it from the others."""
    ids = blocks(6)
    shape = (num, 1, *ids.shape[-2:])
    tags = torch.arange(1.0, num + 1).view(-1, 1, 1, 1)
    return Batch(
        image=(tags / 10).expand(num, 3, *ids.shape[-2:]).clone(),
        depth_m=tags.expand(shape).clone(),
        ids=ids.expand(shape).clone() + 10 * torch.arange(num).view(-1, 1, 1, 1).int(),
        cameras=(make_camera(*ids.shape[-2:]),) * num,
    )


@given(st.integers(0, 9), st.integers(0, 1000))
def test_half_of_the_instances_are_drawn_whole(num: int, seed: int) -> None:
    ids = blocks(num) if num else torch.zeros(1, 12, 12).int()
    mask = object_mask(ids, np.random.default_rng(seed))
    inside, outside = set(ids[mask].tolist()), set(ids[~mask].tolist())
    assert len(inside) == max(num, 1) // 2 and not inside & outside


def test_every_instance_is_drawn_as_often_as_the_others() -> None:
    counts = torch.zeros(6)
    for seed in range(600):
        mask = object_mask(blocks(6), np.random.default_rng(seed))
        counts[blocks(6)[mask].unique().long()] += 1
    assert (counts - 300).abs().max() < 62  # five deviations of sqrt(600 / 4)


def test_specks_are_never_drawn() -> None:
    ids = torch.zeros(1, 40, 50).int()
    ids[:, 20:] = 1
    ids.view(-1)[:9] = 2  # 9 of 2000 pixels, below the half per cent
    assert 9 < MIN_AREA * ids.numel()
    assert not any(object_mask(ids, np.random.default_rng(seed))[ids == 2].any() for seed in range(20))


def test_image_depth_and_ids_move_together_without_a_seam() -> None:
    mixed = mix_objects(batch_of(4), seed=0, step=0, first=0, probability=1.0)
    for place in range(4):
        own, other = place + 1, (place ^ 1) + 1
        came = mixed.depth_m[place] == other
        assert 0 < came.sum() < came.numel() and ((mixed.depth_m[place] == own) | came).all()
        assert torch.equal(mixed.image[place, :1] == np.float32(other / 10), came)
        assert torch.equal(mixed.ids[place] >= 1 << 16, came)
        assert len(mixed.ids[place][came].unique()) == 3


def test_pictures_are_mixed_with_the_probability_that_is_asked_for() -> None:
    for probability, least, most in ((0.0, 0, 0), (0.5, 159, 241), (1.0, 400, 400)):
        batch = batch_of(4)
        mixtures = [mix_objects(batch, seed=0, step=step, first=0, probability=probability) for step in range(100)]
        num = sum(int((mixed.image[k] != batch.image[k]).any()) for mixed in mixtures for k in range(4))
        assert least <= num <= most


def test_a_part_of_a_batch_is_mixed_as_the_whole_is() -> None:
    whole = mix_objects(batch_of(6), seed=3, step=7, first=0, probability=0.5)
    batch = batch_of(6)
    part = Batch(image=batch.image[2:4], depth_m=batch.depth_m[2:4], ids=batch.ids[2:4], cameras=batch.cameras[2:4])
    mixed = mix_objects(part, seed=3, step=7, first=2, probability=0.5)
    assert torch.equal(mixed.image, whole.image[2:4]) and torch.equal(mixed.ids, whole.ids[2:4])


def test_the_last_of_an_odd_number_stays_and_the_batch_given_is_not_touched() -> None:
    batch = batch_of(3)
    before = batch.image.clone()
    mixed = mix_objects(batch, seed=0, step=0, first=0, probability=1.0)
    assert torch.equal(mixed.image[2], batch.image[2]) and torch.equal(batch.image, before)


def test_records_mix_as_they_come_from_disk(shards) -> None:  # type: ignore[no-untyped-def]
    batch = scene_batch(ShardReader(shards), Framing((36, 48)), [0, 1], np.array([False, True]))
    mixed = mix_objects(batch, seed=0, step=0, first=0, probability=1.0)
    assert mixed.image.shape == batch.image.shape and not torch.equal(mixed.image, batch.image)
    assert mixed.cameras == batch.cameras
