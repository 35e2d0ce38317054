"""The labelled file of NYU: the frames that the published conversion would write, without writing them."""

from __future__ import annotations

import io
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image

from eval.datasets import open_dataset
from eval.nyu_mat import MAT, NyuMat, nyu_mat_frames
from eval.reading import Reading, Unusable
from mde.errors import InputError

SCENES = ("kitchen", "bathroom", "living_room")


@pytest.fixture
def mat(tmp_path: Path) -> Path:
    """Three frames in MATLAB's arrangement: row, channel, column, line."""
    rng = np.random.default_rng(0)
    # Two grey levels in large blocks, which JPEG keeps.
    blocks = rng.integers(0, 2, (3, 3, 20, 15), dtype=np.uint8).repeat(32, axis=2).repeat(32, axis=3) * 128 + 64
    depth_m = rng.uniform(0.5, 9.9, (3, 640, 480)).astype(np.float32)
    depth_m[:, 5, 7] = 0.0
    with h5py.File(tmp_path / MAT, "w") as file:
        file["images"], file["rawDepths"], file["depths"] = blocks, depth_m, depth_m + 1
        references = file.create_dataset("sceneTypes", (1, 3), dtype=h5py.ref_dtype)
        for row, scene in enumerate(SCENES):
            name = file.create_dataset(f"#refs#/{row}", data=np.array([[ord(c)] for c in scene], np.uint16))
            references[0, row] = name.ref
    scipy.io.savemat(tmp_path / "splits.mat", {"testNdxs": np.array([[1], [3]]), "trainNdxs": np.array([[2]])})
    return tmp_path / MAT


def published(mat: Path, row: int) -> tuple[np.ndarray, np.ndarray]:
    """What the conversion writes, from its description: JPEG of the part inside the border, uint16 by truncation."""
    with h5py.File(mat) as file:
        image, depth_m = np.array(file["images"])[row], np.array(file["rawDepths"])[row]
    picture = np.zeros((480, 640, 3), np.uint8)
    for line in range(7, 474):
        picture[line, 7:632] = image[:, 7:632, line].T
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=95)
    return np.array(Image.open(stream)), np.trunc(depth_m.T.astype(np.float32) * np.float32(1000)).astype(np.uint16)


def test_frames_are_those_of_the_published_conversion(mat: Path) -> None:
    frames = list(nyu_mat_frames(mat))
    assert [(frame.name, frame.scene) for frame in frames] == [
        ("kitchen/rgb_00000", "kitchen"),
        ("living_room/rgb_00002", "living_room"),
    ]
    for frame, row in zip(frames, (0, 2), strict=True):
        image, millimetres = published(mat, row)
        assert torch.equal((frame.image * 255).round().to(torch.uint8).permute(1, 2, 0), torch.from_numpy(image))
        assert frame.depth_m is not None and frame.depth_m.dtype == torch.float32
        assert np.array_equal(np.rint(frame.depth_m[0].numpy() * 1000), millimetres)
        assert frame.depth_m[0, 7, 5] == 0.0
        assert frame.image[:, :7].abs().max() < 0.2 and frame.image[:, 474:].abs().max() < 0.2


def test_folder_and_file_give_the_same_frames(mat: Path, tmp_path: Path) -> None:
    for row in (0, 2):
        folder = tmp_path / "official_splits" / "test" / SCENES[row]
        folder.mkdir(parents=True)
        image, millimetres = published(mat, row)
        Image.fromarray(millimetres).save(folder / f"sync_depth_{row:05d}.png")
        (folder / f"rgb_{row:05d}.jpg").write_bytes(_jpeg(mat, row))
    from_mat = list(open_dataset("nyu", mat).frames)
    mat.rename(tmp_path / "aside.bin")
    from_folder = list(open_dataset("nyu", tmp_path).frames)
    for one, other in zip(from_mat, from_folder, strict=True):
        assert (one.name, one.scene) == (other.name, other.scene)
        assert torch.equal(one.image, other.image)
        assert one.depth_m is not None and other.depth_m is not None and torch.equal(one.depth_m, other.depth_m)


def _jpeg(mat: Path, row: int) -> bytes:
    with h5py.File(mat) as file:
        picture = np.zeros((480, 640, 3), np.uint8)
        picture[7:474, 7:632] = file["images"][row].T[7:474, 7:632]
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def test_the_test_split_is_a_mat_file_or_a_list_with_numbers(mat: Path, tmp_path: Path) -> None:
    split = tmp_path / "test.txt"
    split.write_text("living_room/rgb_00002.jpg living_room/sync_depth_00002.png 518.8\n/a/rgb_00001.jpg x.png 518.8\n")
    frames = open_dataset("nyu", tmp_path, split=split).frames
    assert isinstance(frames, NyuMat) and frames.rows == (2, 1)
    assert isinstance(nyu_mat_frames(mat), NyuMat) and nyu_mat_frames(mat).rows == (0, 2)
    (tmp_path / "splits.mat").unlink()
    assert nyu_mat_frames(mat).rows == (2, 1)
    split.unlink()
    with pytest.raises(InputError, match="holds training frames, too; lay splits.mat"):
        nyu_mat_frames(mat)


def test_rows_that_are_not_in_the_file_are_refused(mat: Path, tmp_path: Path) -> None:
    split = tmp_path / "test.txt"
    split.write_text("a/rgb_00003.jpg a/x.png\n")
    with pytest.raises(InputError, match=r"asks for \[3\] .* rows 0 to 2"):
        nyu_mat_frames(mat, split)
    split.write_text("a/rgb.jpg a/x.png\n")
    with pytest.raises(InputError, match="has no number"):
        nyu_mat_frames(mat, split)
    with pytest.raises(InputError, match="no split of NYU"):
        nyu_mat_frames(mat, mat)


def test_a_file_that_is_cut_off_is_refused_at_every_length(mat: Path) -> None:
    content = mat.read_bytes()
    for share in (0.0, 0.0001, 0.1, 0.5, 0.9, 0.999):
        mat.write_bytes(content[: int(share * len(content))])
        with pytest.raises(InputError, match="cannot be read .*is the download whole"):
            nyu_mat_frames(mat)


def test_damage_within_a_frame_is_of_that_frame_alone(mat: Path) -> None:
    with h5py.File(mat, "a") as file:
        images = np.array(file["images"])
        del file["images"]
        packed = file.create_dataset("images", data=images, chunks=(1, 3, 640, 480), compression="gzip")
        place = packed.id.get_chunk_info(2)
    with mat.open("r+b") as stream:
        stream.seek(place.byte_offset + 20)
        stream.write(b"\0" * 40)
    first, second = Reading(nyu_mat_frames(mat))
    assert not isinstance(first, Unusable)
    assert isinstance(second, Unusable) and "row 2 cannot be read" in second.reason


def test_another_file_is_refused(mat: Path) -> None:
    with h5py.File(mat, "a") as file:
        del file["rawDepths"]
    with pytest.raises(InputError, match="has nothing as rawDepths"):
        nyu_mat_frames(mat)
    with h5py.File(mat, "a") as file:
        file["rawDepths"] = np.zeros((3, 480, 640), np.float32)
    with pytest.raises(InputError, match=r"\(480, 640\) as rawDepths, expected frames of \(640, 480\)"):
        nyu_mat_frames(mat)
