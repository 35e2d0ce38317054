from __future__ import annotations

import pytest
import torch

from mde.bins import log_bins
from mde.nets.student import STUDENTS, new_student
from mde.nets.student_net import PyramidStudent

RANGE_M = (1e-3, 10.0)


@pytest.mark.parametrize("name", STUDENTS)
def test_a_built_in_student_decodes_the_maps_of_its_backbone(name: str) -> None:
    torch.manual_seed(0)
    student = new_student(name, log_bins(0.3, 10.0, 16), RANGE_M).eval()
    assert isinstance(student, PyramidStudent)
    image = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        output = student(image)
        features = student.features(image)
        again = student.decode(features, image)
        other = student.decode([torch.zeros_like(one) for one in features], image)
    assert torch.equal(again.depth_m, output.depth_m)
    assert len(output.features) == len(features) >= 4
    sizes = [one.shape[-2] for one in output.features]
    assert sizes == sorted(sizes, reverse=True)
    assert not torch.equal(other.depth_m, output.depth_m)
