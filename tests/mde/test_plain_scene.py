from __future__ import annotations

import numpy as np
import pytest
import torch

from mde.domain import DOMAINS, DRIVING, DomainName
from mde.plain_scene import CAMERA_HEIGHT_M, _enter_box, plain_frame


@pytest.mark.parametrize("domain", DOMAINS)
def test_frames_are_images_with_depth_inside_the_domain(domain: DomainName) -> None:
    frames = [plain_frame(DOMAINS[domain], (48, 64), number=number) for number in (0, 0, 1)]
    for frame in frames:
        assert frame.image.shape == (3, 48, 64) and frame.depth_m.shape == (1, 48, 64)
        assert 0.0 <= frame.image.min() and frame.image.max() <= 1.0
        assert 0.0 <= frame.depth_m.min() and frame.depth_m.max() <= DOMAINS[domain].depth_range_m[1]
        assert (frame.depth_m > 0).float().mean() > 0.3
    assert torch.equal(frames[0].image, frames[1].image) and not torch.equal(frames[0].image, frames[2].image)


def test_the_ground_is_at_the_height_of_the_camera() -> None:
    frame = plain_frame(DRIVING, (375, 1242), number=0)
    (_, fy), (_, cy) = DRIVING.camera.f_px, DRIVING.camera.c_px
    expected_m = CAMERA_HEIGHT_M["driving"] * fy / (374.5 - cy)  # similar triangles at the last row
    assert frame.depth_m[0, 374].max().item() == pytest.approx(expected_m, rel=1e-5)


def test_a_box_is_met_at_its_near_face_and_nowhere_beside_it() -> None:
    rays = np.array([[[0.0, 0.0, 1.0], [0.5, 0.0, 1.0], [0.24, 0.0, 1.0]]])
    depth_m, axis = _enter_box(rays, np.array([-1.0, -1.0, 4.0]), np.array([1.0, 1.0, 6.0]))
    assert depth_m[0].tolist() == [4.0, np.inf, 4.0]
    assert axis[0, 0] == 2
    sideways = _enter_box(np.array([[[0.5, 0.0, 1.0]]]), np.array([2.5, -1.0, 1.0]), np.array([9.0, 1.0, 9.0]))
    assert (sideways[0].item(), sideways[1].item()) == (5.0, 0)
