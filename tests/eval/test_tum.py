"""TUM RGB-D: association by time, and the scale of its depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from eval.datasets import open_dataset
from eval.tum import associate, tum_frames
from mde.errors import InputError


def write_sequence(folder: Path, colour_s: list[float], depth_s: list[float]) -> Path:
    for kind, times in (("rgb", colour_s), ("depth", depth_s)):
        (folder / kind).mkdir(parents=True)
        lines = [f"# {kind} maps", "# timestamp filename"]
        for index, time_s in enumerate(times):
            name = f"{kind}/{time_s:.6f}.png"
            lines.append(f"{time_s:.6f} {name}")
            value = np.full((6, 8), 5000 * (index + 1), np.uint16)
            Image.fromarray(value if kind == "depth" else np.full((6, 8, 3), index, np.uint8)).save(folder / name)
        (folder / f"{kind}.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_pictures_go_with_the_nearest_depth_in_time(tmp_path: Path) -> None:
    sequence = write_sequence(tmp_path / "fr1_desk", [10.0, 10.033, 10.066, 10.2], [10.001, 10.05, 10.07])
    frames = list(open_dataset("tum", sequence).frames)
    assert [frame.name for frame in frames] == ["fr1_desk/10.000000", "fr1_desk/10.033000", "fr1_desk/10.066000"]
    assert [int(frame.image.max() * 255) for frame in frames] == [0, 1, 2]
    assert [float(frame.depth_m.max()) for frame in frames if frame.depth_m is not None] == [1.0, 2.0, 3.0]
    assert torch.equal(frames[0].depth_m, torch.full((1, 6, 8), 1.0))


def test_association_equals_a_search_over_all_pairs() -> None:
    rng = np.random.default_rng(0)
    first, second = sorted(rng.uniform(0, 1, 30).tolist()), sorted(rng.uniform(0, 1, 25).tolist())
    left, right, expected = set(first), set(second), {}
    while True:  # the closest pair of all that are left, until none is close enough
        apart, a, b = min((abs(a - b), a, b) for a in left for b in right)
        if apart > 0.02:
            break
        expected[a] = b
        left.discard(a)
        right.discard(b)
    assert associate(first, second) == sorted(expected.items())
    assert len(expected) > 10


def test_a_folder_of_sequences_is_taken_whole(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_sequence(tmp_path / name, [1.0], [1.0])
    assert [entry.scene for entry in tum_frames(tmp_path).entries] == ["a", "b"]


def test_half_a_sequence_and_broken_lists_are_refused(tmp_path: Path) -> None:
    sequence = write_sequence(tmp_path / "s", [1.0, 2.0], [1.0])
    (sequence / "rgb" / "2.000000.png").unlink()
    with pytest.raises(InputError, match="one of 1 missing among 3 files"):
        tum_frames(sequence)
    for line in ("soon rgb/a.png", "3.0", "nan rgb/a.png", "3.0 ../a.png", "3.0 /etc/a.png"):
        (sequence / "rgb.txt").write_text(f"1.0 rgb/1.000000.png\n{line}\n")
        with pytest.raises(InputError, match="line 2"):
            tum_frames(sequence)
    (sequence / "rgb.txt").write_text("9.0 rgb/1.000000.png\n")
    with pytest.raises(InputError, match=r"within 0\.02 s"):
        tum_frames(sequence)
    (sequence / "depth.txt").unlink()
    with pytest.raises(InputError, match="no sequence of TUM") as caught:
        tum_frames(tmp_path)
    assert "depth.txt" in caught.value.details
