"""A full disk: it is waited for where somebody can help, and an error elsewhere."""

from __future__ import annotations

import errno
import os

import pytest

import synth.disk
from synth.disk import MAX_PAUSES, Disk, free_bytes, has_room, size_text


def make_disk(directory, said, **changes):
    options = {"needed_bytes": lambda: 1_200_000_000, "room_bytes": 1000, "is_attended": True, "period_s": 0.0}
    return Disk(directory=directory, say=said.append, **{**options, **changes})


def full(name="shard-00001.tar"):
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)


def test_the_run_goes_on_when_there_is_room_again(tmp_path, monkeypatch):
    answers, said = iter([False, False, True]), []
    monkeypatch.setattr(synth.disk, "has_room", lambda directory, num_bytes: next(answers))
    make_disk(tmp_path, said).wait(full())
    assert list(answers) == []
    assert said == [
        f"disk full at {tmp_path}, 1.2 GB needed; free space and the run goes on; Ctrl-C stops, nothing is lost",
        "there is room again; the run goes on",
    ]


def test_without_anybody_to_help_a_full_disk_is_an_error_at_once(tmp_path):
    said = []
    with pytest.raises(OSError, match="No space left") as caught:
        make_disk(tmp_path, said, is_attended=False).wait(full())
    assert caught.value.errno == errno.ENOSPC and said == []


def test_after_the_limit_a_full_disk_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(synth.disk, "has_room", lambda directory, num_bytes: False)
    with pytest.raises(OSError, match="No space left"):
        make_disk(tmp_path, [], limit_s=0.01).wait(full())


def test_other_errors_are_not_waited_for(tmp_path):
    with pytest.raises(OSError, match="too large"):
        make_disk(tmp_path, []).wait(OSError(errno.EFBIG, "File too large", "a"))


def test_a_disk_that_is_full_and_has_room_all_the_time_ends_the_run(tmp_path):
    disk = make_disk(tmp_path, [])
    for _ in range(MAX_PAUSES):
        disk.wait(full())
    disk.wait(full("another.tar"))
    with pytest.raises(OSError, match="No space left"):
        disk.wait(full())


def test_small_files_are_written_again_after_a_pause(tmp_path):
    failures, written = [full(), full()], []

    def write():
        if failures:
            raise failures.pop()
        written.append(1)

    make_disk(tmp_path, []).keep_trying(write)
    assert written == [1]


def test_room_is_tried_and_leaves_nothing_behind(tmp_path):
    assert has_room(tmp_path, 4096)
    assert not has_room(tmp_path, 1 << 60)
    assert list(tmp_path.iterdir()) == []


def test_a_quota_is_no_room_whatever_the_free_space(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert not has_room(tmp_path, 4096)
    assert list(tmp_path.iterdir()) == []


def test_free_space_is_that_of_the_nearest_folder_that_exists(tmp_path):
    assert free_bytes(tmp_path / "a" / "b") == pytest.approx(free_bytes(tmp_path), rel=0.01)


def test_sizes_are_written_for_people():
    assert [size_text(1_234_000_000), size_text(35_400_000), size_text(3)] == ["1.2 GB", "35 MB", "1 MB"]
