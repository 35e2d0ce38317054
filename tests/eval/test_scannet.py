"""ScanNet: two cameras of different sizes, numbers without leading zeros."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from eval.datasets import open_dataset
from eval.scannet import scannet_frames
from mde.errors import InputError


def write_scene(folder: Path, numbers: tuple[int, ...], *, size: tuple[int, int] = (1296, 968)) -> Path:
    (folder / "color").mkdir(parents=True)
    (folder / "depth").mkdir()
    for number in numbers:
        Image.new("RGB", size, (number, 100, 200)).save(folder / "color" / f"{number}.jpg", quality=95)
        Image.fromarray(np.full((480, 640), 1500, np.uint16)).save(folder / "depth" / f"{number}.png")
    return folder


def test_images_come_at_the_size_of_their_depth_in_the_order_of_numbers(tmp_path: Path) -> None:
    write_scene(tmp_path / "scene0001_00", (9, 10, 100))
    dataset = open_dataset("scannet", tmp_path)
    frames = list(dataset.frames)
    assert [frame.name for frame in frames] == [f"scene0001_00/{number}" for number in (9, 10, 100)]
    assert {tuple(frame.image.shape) for frame in frames} == {(3, 480, 640)}
    assert frames[0].depth_m is not None and torch.equal(frames[0].depth_m, torch.full((1, 480, 640), 1.5))
    assert dataset.protocol == "pairs_indoor"
    expected = torch.tensor([100, 100, 200]) / 255
    torch.testing.assert_close(frames[2].image[:, 240, 320], expected, atol=3 / 255, rtol=0.0)


def test_a_picture_of_another_shape_than_its_depth_is_refused(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "s", (1,), size=(1920, 1080))
    with pytest.raises(InputError, match="another shape than its depth of 640x480"):
        scannet_frames(scene).read(0)


def test_a_scene_without_depth_is_refused_and_a_lone_picture_has_no_truth(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "s", (1, 2), size=(640, 480))
    (scene / "depth" / "2.png").unlink()
    assert [frame.depth_m is None for frame in scannet_frames(scene)] == [False, True]
    (scene / "depth" / "1.png").unlink()
    with pytest.raises(InputError, match="2 colour pictures and no depth") as caught:
        scannet_frames(scene)
    assert "depth/*.png" in " ".join(caught.value.details.split()).replace("depth/ found *.png", "depth/*.png")
