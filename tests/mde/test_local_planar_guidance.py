from __future__ import annotations

import math

import torch

from mde.nets.local_planar_guidance import plane_depth, planes


def test_planes_face_the_camera_within_sixty_degrees() -> None:
    answer = 20 * torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    normal, distance_m = planes(answer, 80.0)
    torch.testing.assert_close(normal.norm(dim=1), torch.ones(2, 9, 9))
    assert normal[:, 2].min() >= 0.5 - 1e-6
    assert 0 <= distance_m.min() and distance_m.max() <= 80.0 and distance_m.max() > 79.0


def test_a_tilted_plane_is_read_at_the_places_of_the_fine_pixels() -> None:
    x, y, z = 0.6 * math.cos(0.3), 0.6 * math.sin(0.3), 0.8
    normal = torch.tensor([x, y, z]).view(1, 3, 1, 1).expand(1, 3, 2, 3)
    distance_m = torch.arange(1.0, 7.0).view(1, 1, 2, 3)
    depth_m = plane_depth(normal, distance_m, 4)
    assert depth_m.shape == (1, 1, 8, 12)
    for row in range(8):
        for column in range(12):
            u, v = (column % 4 - 1.5) / 4, (row % 4 - 1.5) / 4
            expected = distance_m[0, 0, row // 4, column // 4] / (x * u + y * v + z)
            torch.testing.assert_close(depth_m[0, 0, row, column], expected)
