from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mde.camera import Camera
from mde.rays import ray_directions
from mde.view import View, resize_image, view_of
from tests.conftest import make_record


def make_view(height: int = 12, width: int = 16) -> View:
    """Every field carries the column's ray, so that any disagreement after a move can be seen."""
    camera = Camera(f_px=(10.0, 11.0), c_px=(7.0, 6.5), height=height, width=width)
    rays = ray_directions(camera)
    depth_m = (2.0 + rays[..., 0])[None].clone()
    ids = (rays[..., 0] > 0).int()[None]
    valid = torch.ones(1, height, width, dtype=torch.bool)
    valid[0, 0, :3] = False
    depth_m[~valid] = 0.0
    return View(image=(rays.permute(2, 0, 1) + 2) / 4, depth_m=depth_m, valid=valid, ids=ids, camera=camera)


def column_ray(view: View) -> torch.Tensor:
    return ray_directions(view.camera)[None, ..., 0]


def test_a_crop_moves_all_fields_and_the_camera_together() -> None:
    view = make_view().crop(2, 3, 7, 9)
    torch.testing.assert_close(view.image[0:1] * 4 - 2, column_ray(view))
    torch.testing.assert_close(view.depth_m - 2.0, column_ray(view))
    assert (view.ids == (column_ray(view) > 0)).all()


def test_a_flip_mirrors_the_world_and_the_camera() -> None:
    view = make_view()
    flipped = view.flip()
    # A point on the ray x in the original lies on the ray -x in the mirror.
    torch.testing.assert_close((flipped.depth_m - 2.0)[flipped.valid], -column_ray(flipped)[flipped.valid])


def test_two_flips_are_no_flip() -> None:
    view, twice = make_view(), make_view().flip().flip()
    for name in ("image", "depth_m", "valid", "ids"):
        assert torch.equal(getattr(twice, name), getattr(view, name))
    assert twice.camera == view.camera


@given(st.integers(2, 40), st.integers(2, 40))
def test_resized_depth_holds_only_values_that_were_there(height: int, width: int) -> None:
    view = make_view()
    resized = view.resize(height, width)
    assert torch.isin(resized.depth_m, view.depth_m).all()
    assert (resized.depth_m[~resized.valid] == 0).all()
    assert resized.camera == view.camera.resize(height, width)


def test_halving_keeps_image_and_camera_together() -> None:
    view = make_view().resize(6, 8)
    torch.testing.assert_close((view.image[0:1] * 4 - 2)[..., 2:-2], column_ray(view)[..., 2:-2], atol=0.02, rtol=0)


def test_fields_of_different_size_are_refused() -> None:
    view = make_view()
    with pytest.raises(ValueError, match="does not belong"):
        View(image=view.image, depth_m=view.depth_m, valid=view.valid, ids=view.ids, camera=view.camera.resize(6, 8))


@pytest.mark.parametrize("box", [(-1, 0, 4, 4), (0, 0, 13, 4), (0, 15, 4, 4), (0, 0, 0, 4)])
def test_a_crop_outside_the_image_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="leaves the image"):
        make_view().crop(*box)


def test_a_resized_image_stays_in_zero_to_one() -> None:
    image = (torch.rand(1, 3, 17, 23, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    resized = resize_image(image, 31, 9)
    assert 0.0 <= resized.min() and resized.max() <= 1.0


def test_a_view_of_a_record_has_the_shapes_that_networks_expect() -> None:
    view = view_of(make_record("000001"))
    assert view.image.shape == (3, 36, 48) and 0 <= view.image.min() and view.image.max() <= 1
    assert view.depth_m.shape == view.valid.shape == view.ids.shape == (1, 36, 48)
