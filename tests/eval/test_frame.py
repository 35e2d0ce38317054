"""Frames and the folders they come from: what is read, and what is refused in one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from eval.datasets import open_dataset
from eval.kitti import kitti_frames
from eval.nyu import nyu_frames
from eval.pairs import pairs_frames, scene_of
from eval.split_list import read_split
from mde.errors import InputError


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_pair_reads_back_as_it_was_written(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    write_pair(tmp_path, "a_1", units=1000)
    (frame,) = pairs_frames(tmp_path, 1000)
    assert (frame.name, frame.scene) == ("a_1", "a")
    stored = np.array(Image.open(tmp_path / "a_1_depth.png"))
    assert frame.depth_m is not None
    torch.testing.assert_close(frame.depth_m[0], torch.from_numpy(stored / 1000).float())
    pixels = np.array(Image.open(tmp_path / "a_1.png"))
    torch.testing.assert_close(frame.image, torch.from_numpy(pixels).permute(2, 0, 1) / 255.0)


def test_pairs_come_in_order_and_an_image_alone_has_no_truth(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    for name in ("b_2", "b_10", "a_1"):
        write_pair(tmp_path, name)
    (tmp_path / "b_2_depth.png").unlink()
    (tmp_path / "index.csv").write_text("ignored")
    frames = list(pairs_frames(tmp_path, 256))
    assert [frame.name for frame in frames] == ["a_1", "b_10", "b_2"]
    assert [frame.depth_m is None for frame in frames] == [False, False, True]


def test_a_scene_is_the_name_without_its_last_number() -> None:
    names = ("odo04_017", "raw0926d0009_1", "kitchen", "0042", "a-b-7")
    assert [scene_of(name) for name in names] == ["odo04", "raw0926d0009", "kitchen", "0042", "a-b"]


def test_folders_without_pairs_are_refused(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    assert "is no folder" in refusal(lambda: pairs_frames(tmp_path / "absent", 256))
    assert "no pair" in refusal(lambda: pairs_frames(tmp_path, 256))
    write_pair(tmp_path, "a")
    (tmp_path / "a_depth.png").unlink()
    assert "1 images but no pair" in refusal(lambda: pairs_frames(tmp_path, 256))


def test_two_images_of_one_name_are_refused(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    write_pair(tmp_path, "a")
    Image.new("RGB", (40, 24)).save(tmp_path / "a.jpg")
    assert "a.png and a.jpg have one name" in refusal(lambda: pairs_frames(tmp_path, 256))


@pytest.mark.parametrize("scale", [0.0, -256.0, float("nan"), float("inf")])
def test_a_depth_scale_that_divides_nothing_is_refused(
    scale: float, tmp_path: Path, write_pair: Callable[..., None]
) -> None:
    write_pair(tmp_path, "a")
    assert "positive number" in refusal(lambda: pairs_frames(tmp_path, scale))


def test_damaged_and_wrong_files_are_named(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    write_pair(tmp_path, "a")
    depth, image = tmp_path / "a_depth.png", tmp_path / "a.png"
    whole_depth, whole_image = depth.read_bytes(), image.read_bytes()
    for broken in (whole_depth[:200], whole_depth[:30], b"", b"no picture", whole_depth[:60] + b"\0" * 60):
        depth.write_bytes(broken)
        assert str(depth) in refusal(lambda: list(pairs_frames(tmp_path, 256)))
    Image.new("L", (40, 24)).save(depth)
    assert "16-bit" in refusal(lambda: list(pairs_frames(tmp_path, 256)))
    Image.fromarray(np.ones((23, 40), np.uint16)).save(depth)
    assert "40x23 but its image a.png is 40x24" in refusal(lambda: list(pairs_frames(tmp_path, 256)))
    depth.write_bytes(whole_depth)
    image.write_bytes(whole_image[:100])
    assert str(image) in refusal(lambda: list(pairs_frames(tmp_path, 256)))


def test_every_truncation_of_a_depth_file_is_refused_or_whole(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    write_pair(tmp_path, "a")
    depth = tmp_path / "a_depth.png"
    content = depth.read_bytes()
    (whole,) = pairs_frames(tmp_path, 256)
    for length in range(0, len(content), 37):
        depth.write_bytes(content[:length])
        try:
            (frame,) = pairs_frames(tmp_path, 256)
        except InputError as error:
            assert "\n" not in str(error)
        else:
            assert torch.equal(frame.depth_m, whole.depth_m)


def test_kitti_is_found_in_its_published_layout(shared: Path) -> None:
    fixture = shared / "oracles" / "metrics" / "fixture"
    frames = kitti_frames(fixture / "kitti", fixture / "kitti_list.txt")
    loaded = list(frames)
    assert [frame.depth_m is None for frame in loaded] == [False, False, True, False, False, False]
    assert loaded[0].name == "2011_09_26_drive_0002_sync/0000000069"
    assert loaded[0].scene == "2011_09_26_drive_0002_sync"
    assert [frame.focal_px for frame in loaded[:3]] == [721.5377, 721.5377, 707.0493]
    with np.load(shared / "oracles" / "metrics" / "metrics_oracle.npz") as arrays:
        by_name = {"2011_09_26_drive_0002_sync/0000000069", "2011_09_26_drive_0002_sync/0000000054"}
        stored = {arrays["kitti_gt_u16_0"].tobytes(), arrays["kitti_gt_u16_1"].tobytes()}
        found = {
            (frame.depth_m[0] * 256).to(torch.int32).numpy().astype(np.uint16).tobytes()
            for frame in loaded
            if frame.name in by_name and frame.depth_m is not None
        }
    assert found == stored


def test_kitti_depth_is_found_in_train_and_val(real: Path) -> None:
    entries = kitti_frames(real / "kitti").entries
    assert len(entries) == 9
    assert {entry.depth.parts[-6] for entry in entries if entry.depth} == {"train", "val"}


def test_nyu_is_found_with_and_without_its_list(shared: Path) -> None:
    fixture = shared / "oracles" / "metrics" / "fixture"
    listed = nyu_frames(fixture / "nyu", fixture / "nyu_list.txt")
    scanned = nyu_frames(fixture / "nyu")
    assert listed.entries == scanned.entries
    assert [frame.name for frame in listed][0] == "bathroom/rgb_00045"


def test_kitti_without_depth_or_images_is_refused(tmp_path: Path) -> None:
    split = tmp_path / "list.txt"
    split.write_text("/a/x_drive_1/image_02/data/1.png x/1.png 721.5\n")
    assert "does not exist" in refusal(lambda: kitti_frames(tmp_path))
    image = tmp_path / "raw" / "a" / "x_drive_1" / "image_02" / "data" / "1.png"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"")
    assert "1 of 1 depth files are missing" in refusal(lambda: kitti_frames(tmp_path))


def write_eigen(root: Path, *, num: int, num_without: int, missing: int = 0) -> Path:
    """A list of `num` lines, the last `num_without` without depth, and all but `missing` files of it, empty."""
    lines = []
    for index in range(num):
        day, drive, name = "2011_09_26", f"2011_09_26_drive_{index % 28:04d}_sync", f"{index:010d}.png"
        image = root / "raw" / day / drive / "image_02" / "data" / name
        image.parent.mkdir(parents=True, exist_ok=True)
        image.touch()
        inside = f"{drive}/proj_depth/groundtruth/image_02/{name}"
        if index >= missing and index < num - num_without:
            depth = root / "data_depth_annotated" / ("train" if index % 28 < 20 else "val") / inside
            depth.parent.mkdir(parents=True, exist_ok=True)
            depth.touch()
        depth_name = inside if index < num - num_without else "None"
        lines.append(f"{day}/{drive}/image_02/data/{name} {depth_name} 721.5377")
    (root / "eigen.txt").write_text("\n".join(lines))  # as published, without a last line break
    return root


def test_the_eigen_list_has_652_frames_with_ground_truth_in_train_and_val(tmp_path: Path) -> None:
    entries = kitti_frames(write_eigen(tmp_path, num=697, num_without=45)).entries
    assert (len(entries), sum(entry.depth is not None for entry in entries)) == (697, 652)
    assert all(entry.depth.is_file() for entry in entries if entry.depth)
    assert len({entry.scene for entry in entries}) == 28


def test_a_few_absent_depth_files_are_named_when_read_and_many_are_refused(tmp_path: Path) -> None:
    few = kitti_frames(write_eigen(tmp_path / "few", num=20, num_without=0, missing=2))
    Image.new("RGB", (9, 9)).save(few.entries[0].image)
    assert "0000000000.png does not exist" in refusal(lambda: few.read(0))
    many = write_eigen(tmp_path / "many", num=20, num_without=0, missing=3)
    with pytest.raises(InputError, match="3 of 20 depth files are missing") as caught:
        kitti_frames(many)
    assert "data_depth_annotated/ " in caught.value.details
    none = write_eigen(tmp_path / "none", num=3, num_without=3)
    assert "names no depth file for its 3 images" in refusal(lambda: kitti_frames(none))


def test_a_drive_that_was_not_unpacked_is_shown(tmp_path: Path) -> None:
    root = write_eigen(tmp_path, num=30, num_without=0)
    shutil.rmtree(root / "raw" / "2011_09_26" / "2011_09_26_drive_0001_sync")
    with pytest.raises(InputError, match="one of 2 missing among 30 images") as caught:
        kitti_frames(root)
    missing = "2011_09_26_drive_0001_sync/image_02/data/0000000001.png"
    assert any(line.split() == [missing, "missing"] for line in caught.value.details.splitlines())


def test_bad_split_lists_are_refused(tmp_path: Path) -> None:
    split = tmp_path / "list.txt"
    split.write_text("a.png b.png\nc.png None 1443.0754\n")
    assert [row.focal_px for row in read_split(split)] == [None, 1443.0754]
    for focal in ("-1", "0", "nan", "inf", "wide"):
        split.write_text(f"a.png b.png 700\na.png b.png {focal}\n")
        assert f"line 2: focal length '{focal}' is no positive number" in refusal(lambda: read_split(split))
    for content, words in (("", "no lines"), ("one\n", "1 columns"), ("../a b 1\n", "leads out"), ("a ../b 1", "out")):
        split.write_text(content)
        assert words in refusal(lambda: read_split(split))
    assert "cannot be read" in refusal(lambda: read_split(tmp_path / "absent.txt"))
    split.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in refusal(lambda: read_split(split))
    (tmp_path / "second.txt").write_text("")
    assert "list.txt, second.txt" in refusal(lambda: kitti_frames(tmp_path))


def test_the_scale_of_pairs_tells_their_domain(tmp_path: Path, write_pair: Callable[..., None]) -> None:
    write_pair(tmp_path, "a")
    assert open_dataset("pairs", tmp_path, depth_scale=256).protocol == "pairs_driving"
    assert open_dataset("pairs", tmp_path, depth_scale=1000).domain == "indoor"
    assert open_dataset("pairs", tmp_path, depth_scale=5000, domain="indoor").protocol == "pairs_indoor"
    assert "--domain" in refusal(lambda: open_dataset("pairs", tmp_path, depth_scale=5000))
    assert "--depth-scale" in refusal(lambda: open_dataset("pairs", tmp_path))


def test_options_of_another_dataset_are_refused(tmp_path: Path) -> None:
    assert "is for --dataset pairs" in refusal(lambda: open_dataset("nyu", tmp_path, depth_scale=1000))
    assert "does not fit" in refusal(lambda: open_dataset("kitti", tmp_path, domain="indoor"))
    assert "is for --dataset kitti" in refusal(lambda: open_dataset("pairs", tmp_path, split=tmp_path, depth_scale=1))
