"""Recordings: files of other programs, read as they lie or refused by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from eval.frame import Frame, FrameEntry
from eval.protocol import PROTOCOLS, Protocol
from eval.recording import Recording, file_stem, open_recording, read_map
from mde.errors import InputError

PLAIN = replace(PROTOCOLS["pairs_driving"], name="plain", crop="none")
FLIP = replace(PLAIN, flip_average=True)
KB = PROTOCOLS["kitti_eigen_garg_kbcrop"]


def opened(folder: Path, names: tuple[str, ...], protocol: Protocol = PLAIN) -> Recording:
    entries = [FrameEntry(name=name, scene="s", image=Path("i"), depth=Path("d")) for name in names]
    return open_recording(folder, entries, depth_units_per_metre=256, domain="driving", protocol=protocol)


def frame(name: str, height: int = 4, width: int = 6) -> Frame:
    return Frame(name=name, scene="s", image=torch.zeros(3, height, width), depth_m=None)


RAMP = np.arange(24, dtype=np.float32).reshape(4, 6)


def test_a_map_is_the_same_from_every_kind_of_file(tmp_path: Path) -> None:
    Image.fromarray((RAMP * 256).astype(np.uint16)).save(tmp_path / "drive_a.png")
    np.save(tmp_path / "drive_b.npy", RAMP[None, None].astype(np.float64))
    np.savez(tmp_path / "drive_c.npz", any_name=RAMP)
    recording = opened(tmp_path, ("drive/a", "drive/b", "drive/c"))
    for name in ("drive/a", "drive/b", "drive/c"):
        (one,) = recording.passes(frame(name), PLAIN)
        assert one.dtype == torch.float32 and np.array_equal(one[0, 0].numpy(), RAMP), name


def test_the_map_of_the_mirrored_frame_is_mirrored_back(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", RAMP)
    np.save(tmp_path / "a_lr.npy", RAMP[:, ::-1].copy())
    first, second = opened(tmp_path, ("a",), FLIP).passes(frame("a"), FLIP)
    assert torch.equal(first, second)
    assert len(opened(tmp_path, ("a",)).passes(frame("a"), PLAIN)) == 1


def test_a_map_of_the_whole_frame_is_cut_and_one_of_the_input_is_not(tmp_path: Path) -> None:
    whole = np.arange(375 * 1242, dtype=np.float32).reshape(375, 1242)
    np.save(tmp_path / "whole.npy", whole)
    np.save(tmp_path / "half.npy", np.ones((176, 608), np.float32))
    np.save(tmp_path / "half_frame.npy", np.ones((188, 621), np.float32))
    recording = opened(tmp_path, ("whole", "half"), KB)
    (cut,) = recording.passes(frame("whole", 375, 1242), KB)
    assert np.array_equal(cut[0, 0].numpy(), whole[23:375, 13:1229])
    assert recording.passes(frame("half", 375, 1242), KB)[0].shape == (1, 1, 176, 608)
    with pytest.raises(InputError, match=r"half_frame.npy is 621x188; expected the frame's 1242x375, .* 1216x352"):
        recording.passes(frame("half_frame", 375, 1242), KB)


def test_frames_without_a_map_are_named_before_any_is_scored(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", RAMP)
    with pytest.raises(InputError, match=r"holds no b with one of .png, .npy, .npz \(1 of 2\)"):
        opened(tmp_path, ("a", "b"))
    with pytest.raises(InputError, match="no a_lr .* averages over the mirrored image"):
        opened(tmp_path, ("a",), FLIP)
    with pytest.raises(InputError, match="--predictions .* is no folder"):
        opened(tmp_path / "absent", ("a",))
    entries = [FrameEntry(name="b", scene="s", image=Path("i"), depth=None)]  # nothing to score it against
    open_recording(tmp_path, entries, depth_units_per_metre=256, domain="driving", protocol=PLAIN)


def test_two_maps_of_one_frame_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", RAMP)
    np.savez(tmp_path / "a.npz", RAMP)
    with pytest.raises(InputError, match="a.npy and a.npz are two maps"):
        opened(tmp_path, ("a",))


def test_what_is_no_map_of_metres_is_refused_by_name(tmp_path: Path) -> None:
    np.save(tmp_path / "integers.npy", np.ones((4, 6), np.uint16))
    np.save(tmp_path / "three.npy", np.ones((4, 6, 3), np.float32))
    np.savez(tmp_path / "two.npz", RAMP, RAMP)
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "three.npy").read_bytes()[:150])
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 no zip")
    Image.fromarray(np.ones((4, 6), np.uint8)).save(tmp_path / "grey.png")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(InputError, match=path.name):
            read_map(path, 256)


def test_the_digest_follows_the_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", RAMP)
    before = opened(tmp_path, ("a",)).spec
    np.save(tmp_path / "a.npy", RAMP + 1)
    after = opened(tmp_path, ("a",)).spec
    assert before.weights_sha256 != after.weights_sha256
    assert (before.role, before.native_size) == ("recording", (4, 6))


def test_a_stem_has_no_folders() -> None:
    assert file_stem("bathroom/rgb_00045") == "bathroom_rgb_00045"
