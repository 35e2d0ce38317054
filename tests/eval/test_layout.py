"""What a wrong folder is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.datasets import DatasetName, open_dataset
from eval.layout import wrong_layout
from mde.errors import InputError


def test_a_tree_shows_down_to_where_a_layout_is_whole(tmp_path: Path) -> None:
    (tmp_path / "raw" / "day").mkdir(parents=True)
    error = wrong_layout("no", tmp_path, ("raw/day/x/*.png", "gts/*.png"))
    lines = [line.split() for line in error.details.splitlines()]
    assert lines[1:5] == [["raw/", "found"], ["day/", "found"], ["x/*.png", "missing"], ["gts/*.png", "missing"]]
    assert error.details.splitlines()[-1] == "it holds raw/"
    assert "is absent" in wrong_layout("no", tmp_path / "nowhere", ("a",)).details


@pytest.mark.parametrize(
    "name, part",
    [
        ("pairs", "*_depth.png"),
        ("kitti", "data_depth_annotated/train/"),
        ("nyu", "official_splits/test/*/rgb_*.jpg"),
        ("tum", "rgb.txt"),
        ("scannet", "color/*.jpg"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_every_dataset_answers_a_wrong_folder_with_what_it_expects(
    name: DatasetName, part: str, is_there: bool, tmp_path: Path
) -> None:
    root = tmp_path if is_there else tmp_path / "absent"
    (tmp_path / "holiday.gif").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        open_dataset(name, root, depth_scale=256 if name == "pairs" else None)
    assert "\n" not in str(caught.value) and str(root) in str(caught.value)
    assert part in caught.value.details and "missing" in caught.value.details
    assert ("holiday.gif" if is_there else "is absent") in caught.value.details
