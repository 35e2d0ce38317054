from __future__ import annotations

import io

import numpy as np
import torch
import trimesh

from eval.own_depth import Sight
from eval.point_cloud import cloud_of, encode_cloud, is_edge, linear_colours
from mde.camera import Camera

CAMERA = Camera(f_px=(50.0, 60.0), c_px=(19.0, 13.0), height=24, width=40)


def sight(depth_m: torch.Tensor) -> Sight:
    image = torch.rand((3, 24, 40), generator=torch.Generator().manual_seed(0))
    return Sight(image=image, depth_m=depth_m, camera=CAMERA)


def test_points_project_back_to_the_centres_of_their_pixels() -> None:
    cloud = cloud_of(sight(torch.full((24, 40), 3.0)))
    x, y, z = cloud.points_m.T
    v, u = np.mgrid[:24, :40] + 0.5
    np.testing.assert_allclose(x / z * 50.0 + 19.0, u.ravel(), atol=1e-4)
    np.testing.assert_allclose(y / z * 60.0 + 13.0, v.ravel(), atol=1e-4)
    assert cloud.num_dropped == 0


def test_pixels_between_a_near_and_a_far_wall_are_dropped_and_no_others() -> None:
    depth_m = torch.full((24, 40), 2.0)
    depth_m[:, 20:] = 6.0
    blurred = depth_m.clone()
    blurred[:, 18:22] = torch.tensor([2.0, 3.3, 4.7, 6.0])
    assert is_edge(blurred, CAMERA).sum(dim=0).nonzero().flatten().tolist() == [18, 19, 20]
    cloud = cloud_of(sight(blurred))
    assert cloud.num_dropped == 3 * 24 and set(np.unique(cloud.points_m[:, 2])) == {2.0, 6.0}


def test_ground_is_kept_until_it_is_seen_at_three_degrees() -> None:
    camera = Camera(f_px=(500.0, 500.0), c_px=(4.0, 0.0), height=400, width=8)
    rows = torch.arange(400) + 0.5
    ground_m = (1.5 * 500.0 / rows)[:, None].expand(400, 8)
    last = float(ground_m[~is_edge(ground_m, camera)].max())
    assert 0.9 * 1.5 / np.tan(np.radians(3.0)) < last < 1.5 / np.tan(np.radians(3.0))


def test_pixels_without_depth_are_no_points_and_no_edges() -> None:
    depth_m = torch.full((24, 40), 2.0)
    depth_m[:10] = torch.nan
    cloud = cloud_of(sight(depth_m))
    assert len(cloud.points_m) == 14 * 40 and cloud.num_dropped == 0


def test_both_formats_read_back_each_in_its_axes() -> None:
    cloud = cloud_of(sight(torch.linspace(2.0, 3.0, 960).view(24, 40)))
    ply = trimesh.load(io.BytesIO(encode_cloud(cloud, "ply")), file_type="ply")
    np.testing.assert_allclose(ply.vertices, cloud.points_m, atol=1e-6)
    np.testing.assert_array_equal(ply.colors[:, :3], cloud.colours)
    (glb,) = trimesh.load(io.BytesIO(encode_cloud(cloud, "glb")), file_type="glb").geometry.values()
    np.testing.assert_allclose(glb.vertices, cloud.points_m * [1, -1, -1], atol=1e-6)
    np.testing.assert_array_equal(glb.colors[:, :3], linear_colours(cloud.colours))
    assert np.linalg.det(np.diag([1.0, -1.0, -1.0])) == 1.0  # turned, not mirrored


def test_light_keeps_black_and_white_and_darkens_grey() -> None:
    assert linear_colours(np.array([0, 128, 255], np.uint8)).tolist() == [0, 55, 255]
