"""Pairs: beside each other or in two folders, with a scale or in metres."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from eval.datasets import open_dataset
from eval.pairs import pairs_frames
from mde.errors import InputError


def split_apart(root: Path) -> None:
    for name in ("images", "depth"):
        (root / name).mkdir()
    for path in list(root.glob("*.png")):
        is_depth = path.stem.endswith("_depth")
        path.rename(root / ("depth" if is_depth else "images") / path.name.replace("_depth", ""))


def test_two_folders_give_the_frames_of_one(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    for index in range(3):
        write_pair(tmp_path, f"a_{index}", seed=index)
    beside = list(pairs_frames(tmp_path, 256))
    split_apart(tmp_path)
    apart = list(pairs_frames(tmp_path, 256))
    assert [(frame.name, frame.scene) for frame in apart] == [(frame.name, frame.scene) for frame in beside]
    for one, other in zip(beside, apart, strict=True):
        assert torch.equal(one.image, other.image)
        assert one.depth_m is not None and other.depth_m is not None and torch.equal(one.depth_m, other.depth_m)


def test_subfolders_are_scenes(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    write_pair(tmp_path, "7")
    split_apart(tmp_path)
    for name in ("images", "depth"):
        (tmp_path / name / "attic").mkdir()
        (tmp_path / name / "7.png").rename(tmp_path / name / "attic" / "7.png")
    (frame,) = pairs_frames(tmp_path, 256)
    assert (frame.name, frame.scene) == ("attic/7", "attic")


def test_npy_depth_is_metres_whatever_its_precision(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    write_pair(tmp_path, "a")
    (tmp_path / "a_depth.png").unlink()
    depth_m = np.random.default_rng(0).uniform(1, 5, (24, 40))
    for dtype in (np.float16, np.float32, np.float64):
        np.save(tmp_path / "a_depth.npy", depth_m.astype(dtype))
        (frame,) = open_dataset("pairs", tmp_path, domain="indoor").frames
        assert frame.depth_m is not None and frame.depth_units_per_metre == 1.0
        assert np.array_equal(frame.depth_m[0].numpy(), depth_m.astype(dtype).astype(np.float32))


def test_what_is_no_number_in_npy_was_not_measured(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    write_pair(tmp_path, "a")
    (tmp_path / "a_depth.png").unlink()
    depth_m = np.full((24, 40), 2.0, np.float32)
    depth_m[0, :3] = np.nan, np.inf, -np.inf
    np.save(tmp_path / "a_depth.npy", depth_m)
    (frame,) = pairs_frames(tmp_path, None)
    assert frame.depth_m is not None
    assert frame.depth_m[0, 0, :4].tolist() == [0.0, 0.0, 0.0, 2.0]


def test_npy_that_holds_no_depth_is_refused(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    write_pair(tmp_path, "a")
    (tmp_path / "a_depth.png").unlink()
    file = tmp_path / "a_depth.npy"
    for array, words in (
        (np.ones((24, 40), np.uint16), "holds uint16"),
        (np.ones((24, 40, 3), np.float32), "expected \\(height, width\\)"),
        (-np.ones((24, 40), np.float32), "negative depth, -1 m"),
        (np.array([None]), "holds object"),
        (np.ones((24, 41), np.float32), "41x24 but its image"),
    ):
        np.save(file, array)
        with pytest.raises(InputError, match=words):
            pairs_frames(tmp_path, None).read(0)
    np.save(file, np.ones((24, 40), np.float32))
    whole = file.read_bytes()
    bomb = whole.replace(b"(24, 40)", b"(9**9,9)")[:200]
    for content in (
        whole[:-1],
        whole[:100],
        whole[:5],
        b"",
        b"no array",
        bomb,
        whole.replace(b"(24, 40)", b"(99999,9"),
    ):
        file.write_bytes(content)
        with pytest.raises(InputError, match="cannot be read as depth in metres"):
            pairs_frames(tmp_path, None).read(0)


def test_a_scale_is_asked_for_where_it_matters_and_refused_where_it_does_not(
    tmp_path: Path, write_pair: Callable[..., None]
) -> None:
    write_pair(tmp_path, "a")
    with pytest.raises(InputError, match="needs --depth-scale"):
        open_dataset("pairs", tmp_path, domain="indoor")
    np.save(tmp_path / "a_depth.npy", np.ones((24, 40), np.float32))
    with pytest.raises(InputError, match=r"a_depth.png and a_depth.npy have one name"):
        pairs_frames(tmp_path, 256)
    (tmp_path / "a_depth.png").unlink()
    with pytest.raises(InputError, match="has nothing to divide"):
        open_dataset("pairs", tmp_path, depth_scale=256)
    with pytest.raises(InputError, match="depth in metres does not tell the domain"):
        open_dataset("pairs", tmp_path)
