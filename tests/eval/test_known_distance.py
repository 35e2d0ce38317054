from __future__ import annotations

from pathlib import Path

import pytest
import torch

from eval.known_distance import KnownDistance, read_known, said_at
from mde.errors import InputError


def test_a_distance_is_read_and_names_may_hold_colons() -> None:
    first, second = read_known(["hall.jpg:320,240.5:2.35", "C:/a:b.png:0,0:1e1"])
    assert first == KnownDistance(image=Path("hall.jpg"), at_px=(320.0, 240.5), depth_m=2.35)
    assert first.place == "hall.jpg:320,240.5"
    assert (second.image, second.depth_m) == (Path("C:/a:b.png"), 10.0)


@pytest.mark.parametrize(
    "text, words",
    [
        ("hall.jpg", "does not have the form IMAGE:U,V:METRES"),
        ("hall.jpg:2.35", "does not have the form"),
        ("hall.jpg:320:2.35", "does not have the form"),
        ("hall.jpg:1,2,3:2.35", "does not have the form"),
        ("hall.jpg:a,b:2.35", "does not have the form"),
        ("hall.jpg:1,2:far", "does not have the form"),
        (":1,2:3", "names no image"),
        ("hall.jpg:1,2:0", "0 is no distance"),
        ("hall.jpg:1,2:-3", "-3 is no distance"),
        ("hall.jpg:1,2:nan", "nan is no distance"),
        ("hall.jpg:1,2:inf", "inf is no distance"),
    ],
)
def test_what_is_no_distance_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_known(["hall.jpg:0,0:1", text])


def test_a_place_counts_once() -> None:
    with pytest.raises(InputError, match=r"hall.jpg:1,2 is named twice"):
        read_known(["hall.jpg:1,2:3", "hall.jpg:2,1:3", "./hall.jpg:1.0,2:4"])


def known(u: float, v: float) -> KnownDistance:
    return KnownDistance(image=Path("hall.jpg"), at_px=(u, v), depth_m=1.0)


def test_the_median_of_a_square_stands_for_a_place() -> None:
    depth_m = torch.arange(80.0).view(8, 10) + 1.0
    assert said_at(known(5.9, 4.2), depth_m) == 46.0, "row 4, column 5"
    depth_m[4, 5] = 1000.0
    assert said_at(known(5.9, 4.2), depth_m) < 60.0, "one odd pixel changes little"
    corner = depth_m[:3, :3].flatten().quantile(0.5)
    assert said_at(known(0.0, 0.0), depth_m) == corner, "at the border, what there is of the square"


def test_depth_that_is_not_there_is_not_read() -> None:
    depth_m = torch.full((8, 10), torch.nan)
    depth_m[:, :3] = 2.0
    assert said_at(known(4.5, 4.5), depth_m) == 2.0
    with pytest.raises(InputError, match="hall.jpg:5.5,4.5: the network has no depth there"):
        said_at(known(5.5, 4.5), depth_m)


@pytest.mark.parametrize("place", [(-0.1, 0.0), (10.0, 0.0), (0.0, 8.0), (0.0, -1.0), (float("nan"), 0.0)])
def test_a_place_outside_the_picture_is_refused(place: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="lies outside the picture, which has 10x8 pixels"):
        said_at(known(*place), torch.ones(8, 10))
