"""A painting is measured by its own render, which itself passes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mde.errors import InputError
from mde.nets.net import DepthNet, NetSpec
from mde.nets.output import Output
from synth.verdict import MAX_ERROR_RATIO, MOVED_EDGES, OTHER_DEPTH, Judge
from tests.synth.boxes import box_record


class BrightnessCore(nn.Module):
    """Knows that box records are brighter where they are nearer."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.zeros(1))

    def forward(self, image: Tensor) -> Output:
        depth_m = ((1.2 - image[:, 2:3]) / 0.15).clamp(0.5, 9.0)
        return Output(depth_m=depth_m, raw=depth_m)


@pytest.fixture
def brightness() -> DepthNet:
    spec = NetSpec(
        name="brightness",
        role="teacher",
        domain="indoor",
        native_size=(36, 48),
        depth_range_m=(1e-3, 10.0),
        licence="Apache-2.0",
        weights_sha256="b" * 64,
    )
    return DepthNet(BrightnessCore(), spec).eval()


def test_the_render_itself_is_accepted(brightness):
    for judge in (Judge(), Judge(brightness)):
        for index in range(6):
            record = box_record(index)
            assert judge.can_judge(record)
            verdict = judge.judge(record, record.image)
            assert verdict.is_accepted and verdict.reason is None
            assert verdict.figures["edge_agreement"] == verdict.figures["render_edge_agreement"]


def test_an_image_of_another_scene_is_rejected_for_its_edges():
    for index in range(6):
        verdict = Judge().judge(box_record(index), box_record(index + 1).image)
        assert not verdict.is_accepted and verdict.reason == MOVED_EDGES


def test_noise_and_an_even_grey_are_rejected():
    record = box_record(0)
    noise = np.random.default_rng(0).integers(0, 256, record.image.shape, dtype=np.uint8)
    for image in (noise, np.full_like(record.image, 128)):
        assert Judge().judge(record, image).reason == MOVED_EDGES


def test_other_colours_in_the_same_places_pass_by_edges_and_fail_by_the_teacher(brightness):
    record = box_record(0)
    negative = 255 - record.image
    assert Judge().judge(record, negative).is_accepted
    verdict = Judge(brightness).judge(record, negative)
    assert verdict.reason == OTHER_DEPTH
    assert verdict.figures["teacher_error"] > MAX_ERROR_RATIO * verdict.figures["render_teacher_error"]


def test_a_render_in_the_dark_cannot_judge_a_painting():
    record = box_record(0)
    assert not Judge().can_judge(replace(record, image=np.full_like(record.image, 3)))
    assert not Judge().can_judge(replace(record, depth_m=np.full_like(record.depth_m, 3.0)))


def test_the_identity_names_the_teacher_so_that_another_one_judges_again(brightness):
    assert Judge().identity["teacher_sha256"] is None
    assert Judge(brightness).identity["teacher_sha256"] == "b" * 64


def test_a_factor_in_the_teachers_unit_changes_no_verdict_and_an_offset_is_refused(brightness):
    class OtherUnit(BrightnessCore):
        def forward(self, image: Tensor) -> Output:
            return Output(depth_m=7.0 * super().forward(image).depth_m)

    record = box_record(0)
    other = DepthNet(OtherUnit(), replace(brightness.spec, kind="disparity")).eval()
    for image in (record.image, 255 - record.image):
        expected, verdict = (Judge(net).judge(record, image) for net in (brightness, other))
        assert verdict.reason == expected.reason
        assert verdict.figures["teacher_error"] == pytest.approx(expected.figures["teacher_error"], abs=1e-4)
    with pytest.raises(InputError, match="--reskin-teacher brightness answers relative depth.* metric or disparity"):
        Judge(DepthNet(brightness.core, replace(brightness.spec, kind="relative")))
