from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from distill.lesson import Lesson
from distill.teacher_cache import TeacherCache, decode_depth, encode_depth, largest_size_bytes
from distill.training import TrainConfig, train
from mde.nets.net import DepthNet
from mde.nets.output import Output
from mde.shards import ShardReader
from tests.conftest import make_teacher
from tests.distill.test_training import KilledAt, fresh_student, same

IMAGES = torch.rand(4, 3, 32, 48, generator=torch.Generator().manual_seed(0))


class Counting(nn.Module):
    """Counts the images that its core is asked about."""

    def __init__(self, core: nn.Module) -> None:
        super().__init__()
        self.core = core
        self.num_asked = 0

    def forward(self, image: Tensor) -> Output:
        self.num_asked += len(image)
        return self.core(image)


def counting_teacher(*, seed: int = 0) -> DepthNet:
    teacher = make_teacher(seed=seed)
    return DepthNet(Counting(teacher.core), teacher.spec).eval()


def entries(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.depth"))


def test_half_precision_is_off_by_at_most_its_promise() -> None:
    rng = np.random.default_rng(0)
    for highest in (1e-3, 7.3, 80.0, 1e6):
        depth_m = (highest * 10 ** rng.uniform(-5.0, 0.0, (64, 64))).astype(np.float32)
        content = encode_depth(depth_m)
        assert content is not None and len(content) == largest_size_bytes(1, (64, 64)) // 2
        decoded = decode_depth(content)
        assert decoded is not None and decoded.dtype == np.float32
        worst = np.abs(decoded / depth_m - 1.0).max()
        assert 1e-4 < worst <= 2.0**-11  # rounding to half precision, no more and no less
        again = encode_depth(decoded)
        assert again is not None and np.array_equal(decode_depth(again), decoded)


@pytest.mark.parametrize("depth_m", [0.0, np.nan, np.inf])
def test_depth_that_is_none_is_not_kept(depth_m: float) -> None:
    assert encode_depth(np.full((2, 2), depth_m, np.float32)) is None


def test_the_teacher_is_asked_once_per_image(tmp_path: Path) -> None:
    teacher = counting_teacher()
    with torch.no_grad():
        online_m = teacher(IMAGES).depth_m
    teacher.core.num_asked = 0
    cache = TeacherCache(tmp_path, teacher)
    first_m = cache.depth_m(teacher, IMAGES[:2])
    both_m = cache.depth_m(teacher, IMAGES)  # two known, two new
    later = TeacherCache(tmp_path, teacher)
    later_m = later.depth_m(teacher, IMAGES.contiguous(memory_format=torch.channels_last))
    assert teacher.core.num_asked == 4
    assert torch.equal(both_m[:2], first_m) and torch.equal(later_m, both_m)
    torch.testing.assert_close(both_m, online_m, rtol=2.0**-11, atol=1e-6)
    assert (cache.num_found, cache.num_computed, later.num_found, later.num_computed) == (2, 4, 4, 0)
    assert (
        later.figures()["num_bytes"]
        == largest_size_bytes(2, (32, 48))
        == sum(p.stat().st_size for p in entries(tmp_path))
    )


def test_entries_of_another_image_or_teacher_are_not_taken(tmp_path: Path) -> None:
    teacher, other = counting_teacher(), counting_teacher(seed=1)
    mirrored, nudged = IMAGES.flip(-1), IMAGES.clone()
    nudged[:, 0, 0, 0] += 1e-6
    cache = TeacherCache(tmp_path, teacher)
    for images in (IMAGES, mirrored, nudged):
        cache.depth_m(teacher, images)
    TeacherCache(tmp_path, other).depth_m(other, IMAGES)
    ranged = DepthNet(teacher.core, replace(teacher.spec, depth_range_m=(0.1, 5.0)))
    TeacherCache(tmp_path, ranged).depth_m(ranged, IMAGES)
    assert (teacher.core.num_asked, other.core.num_asked) == (16, 4)
    assert len(entries(tmp_path)) == 20


@pytest.mark.parametrize(
    "harm", [lambda b: b[:-1], lambda b: b"", lambda b: b[:40] + b"\xff" + b[41:], lambda b: b"?" + b[1:]]
)
def test_a_damaged_entry_is_made_again(tmp_path: Path, harm) -> None:  # type: ignore[no-untyped-def]
    teacher = counting_teacher()
    before_m = TeacherCache(tmp_path, teacher).depth_m(teacher, IMAGES[:1])
    (path,) = entries(tmp_path)
    content = path.read_bytes()
    path.write_bytes(harm(content))
    cache = TeacherCache(tmp_path, teacher)
    assert torch.equal(cache.depth_m(teacher, IMAGES[:1]), before_m)
    assert (cache.num_damaged, cache.num_computed) == (1, 1)
    assert path.read_bytes() == content


def test_a_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = counting_teacher()
    cache = TeacherCache(tmp_path, teacher)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(os, "replace", full)
        cache.depth_m(teacher, IMAGES)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".depth", ".partial")]


def test_a_killed_run_with_a_cache_ends_with_the_same_weights(tmp_path: Path, shards: Path) -> None:
    """Twelve images in batches of four: the second epoch, steps 3 to 5, is partly cached, the resumed run wholly."""

    def run(name: str, transformation: nn.Module | None = None):  # type: ignore[no-untyped-def]
        teacher = make_teacher()
        cache = TeacherCache(tmp_path / name / "cache", teacher)
        student = fresh_student()
        config = TrainConfig(num_steps=6, batch_size=4, checkpoint_every=2)
        reader, out = ShardReader(shards), tmp_path / name
        lesson = Lesson(teacher=teacher, transformation=transformation, cache=cache)
        train(student, lesson, reader, config, out, seed=0)
        return student, cache

    straight, cache = run("straight")
    assert cache.num_found > 0 and cache.num_found + cache.num_computed == 24
    with pytest.raises(KeyboardInterrupt):
        run("killed", KilledAt(5))
    resumed, cache = run("killed")
    assert cache.num_found >= 4
    assert same(resumed, straight)
