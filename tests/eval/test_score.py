"""Scoring: means, alignment, skipped frames, flips, and the comparison with a reference."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from eval.frame import Frame
from eval.protocol import PROTOCOLS
from eval.score import Scores, mean_metrics, score
from mde.errors import InputError
from mde.nets.net import DepthNet
from mde.nets.output import Output
from tests.eval.conftest import FULL_M

PLAIN = replace(PROTOCOLS["pairs_driving"], name="plain", crop="none", alignment="none")


def quiet(nets: dict[str, DepthNet], frames: list[Frame], protocol=PLAIN, **options) -> Scores:
    return score(nets, frames, protocol, is_quiet=True, **options)


def test_a_constant_factor_is_the_whole_error_and_the_median_takes_it_away(red_net, make_frames) -> None:
    scores = quiet({"far": red_net(1.2)}, make_frames(3), alignments=("none", "median"))
    assert scores.alignments == ("none", "median")
    assert scores.mean("far", "none")["abs_rel"] == pytest.approx(0.2, rel=1e-5)
    assert scores.mean("far", "median")["abs_rel"] == pytest.approx(0.0, abs=1e-6)
    assert [row.scale for row in scores.of("far", "median")] == pytest.approx([1 / 1.2] * 3, rel=1e-5)


def test_the_protocols_own_alignment_comes_first(red_net, make_frames) -> None:
    protocol = replace(PLAIN, alignment="median")
    assert quiet({"a": red_net()}, make_frames(1), protocol).alignments == ("median",)
    both = quiet({"a": red_net()}, make_frames(1), protocol, alignments=("none", "median"))
    assert both.alignments == ("median", "none")
    assert quiet({"a": red_net()}, make_frames(1), protocol, alignments=("none",)).alignments == ("none",)


def test_a_mean_is_over_images_whatever_their_number_of_pixels(red_net, make_frames) -> None:
    near, far = make_frames(2)
    assert near.depth_m is not None and far.depth_m is not None
    sparse = torch.zeros_like(far.depth_m)
    sparse[0, 3, 3] = far.depth_m[0, 3, 3] * 2  # one pixel with abs_rel 0.5
    scores = quiet({"a": red_net()}, [near, replace(far, depth_m=sparse)])
    assert [row.num_pixels for row in scores.images] == [24 * 40, 1]
    assert scores.mean("a", "none")["abs_rel"] == pytest.approx(0.25, rel=1e-5)


def test_frames_without_truth_are_skipped_and_listed_not_scored(red_net, make_frames) -> None:
    first, second, third = make_frames(3)
    empty = replace(second, depth_m=torch.zeros(1, 24, 40))
    scores = quiet({"a": red_net()}, [first, empty, replace(third, depth_m=None)])
    assert scores.num_frames == 1
    assert [(item.name, item.reason) for item in scores.skipped] == [
        (second.name, "no valid depth in the scored region"),
        (third.name, "no ground truth"),
    ]


def test_nothing_to_score_is_refused(red_net, make_frames) -> None:
    with pytest.raises(InputError, match="none of 1 frames"):
        quiet({"a": red_net()}, [replace(make_frames(1)[0], depth_m=None)])
    with pytest.raises(InputError, match="name a --model"):
        quiet({}, make_frames(1))


def test_a_network_of_another_domain_is_refused(red_net, make_frames) -> None:
    with pytest.raises(InputError, match="'indoor'.*'driving'"):
        quiet({"a": red_net(domain="indoor")}, make_frames(1))


def test_a_prediction_beyond_the_cap_counts_as_the_cap(red_net, make_frames) -> None:
    (frame,) = make_frames(1)
    frame = replace(frame, depth_m=torch.full((1, 24, 40), 20.0))
    net = {"far": red_net(0.0, offset_m=100.0)}
    assert quiet(net, [frame]).mean("far", "none")["abs_rel"] == pytest.approx(3.0)  # (80 - 20) / 20
    aligned = quiet({"a": red_net()}, [frame], replace(PLAIN, cap_m=21.0), alignments=("median",))
    scaled_m = frame.image[0] * FULL_M * aligned.images[0].scale
    assert scaled_m.max() > 30.0
    expected = (scaled_m.clamp(1.0, 21.0) - 20.0).abs().mean() / 20.0
    assert aligned.mean("a", "median")["abs_rel"] == pytest.approx(expected.item(), rel=1e-5)


def test_a_far_prediction_is_aligned_before_it_is_clamped(red_net, make_frames) -> None:
    scores = quiet({"far": red_net(20.0)}, make_frames(1), alignments=("median",))
    assert scores.mean("far", "median")["abs_rel"] == pytest.approx(0.0, abs=1e-6)


def test_a_ratio_at_the_threshold_counts_as_the_protocol_says(red_net, make_frames) -> None:
    (frame,) = make_frames(1)
    frame = replace(frame, depth_m=torch.full((1, 24, 40), 4.0))
    nets = {"a": red_net(0.0, offset_m=5.0)}
    assert quiet(nets, [frame]).mean("a", "none")["delta1"] == 0.0
    assert quiet(nets, [frame], replace(PLAIN, delta="<=")).mean("a", "none")["delta1"] == 1.0


def test_relative_depth_is_scored_in_inverse_depth_and_under_nothing_else(red_net, make_frames) -> None:
    class Relative(nn.Module):
        """True depth up to scale and shift of its inverse."""

        def forward(self, image: Tensor) -> Output:
            return Output(depth_m=1.0 / (5.0 / (FULL_M * image[:, :1]) + 3.0))

    teacher = DepthNet(Relative(), replace(red_net().spec, role="teacher", kind="relative"))
    nets = {"teacher": teacher, "student": red_net(1.2)}
    scores = quiet(nets, make_frames(2), alignments=("least_squares_inverse",))
    assert scores.mean("teacher", "least_squares_inverse")["abs_rel"] == pytest.approx(0.0, abs=1e-5)
    assert scores.of("teacher", "least_squares_inverse")[0].scale == pytest.approx(0.2, rel=1e-4)
    assert scores.of("teacher", "least_squares_inverse")[0].shift == pytest.approx(-0.6, rel=1e-4)
    assert scores.fidelity == ()  # its depth has no metres to be compared with
    for alignment in ("none", "median", "least_squares"):
        with pytest.raises(InputError, match="teacher answers relative depth"):
            quiet(nets, make_frames(1), alignments=(alignment,))


def test_least_squares_takes_factor_and_offset_away(red_net, make_frames) -> None:
    nets = {"far": red_net(1.2, offset_m=-1.5)}
    scores = quiet(nets, make_frames(2), alignments=("none", "least_squares", "least_squares_inverse"))
    assert min(scores.mean("far", name)["abs_rel"] for name in ("none", "least_squares_inverse")) > 0.05
    assert scores.mean("far", "least_squares")["abs_rel"] == pytest.approx(0.0, abs=1e-5)
    fit = scores.of("far", "least_squares")[0].fit
    assert (fit.scale, fit.shift) == pytest.approx((1 / 1.2, 1.25), rel=1e-4)


def test_fidelity_is_the_error_against_the_teacher_not_against_the_truth(red_net, make_frames) -> None:
    nets = {"teacher": red_net(1.5, role="teacher"), "student": red_net(1.5)}
    scores = quiet(nets, make_frames(2))
    assert scores.reference == "teacher"
    assert scores.mean("student", "none")["abs_rel"] == pytest.approx(0.5, rel=1e-5)
    assert {row.net for row in scores.fidelity} == {"student"}
    assert mean_metrics(scores.fidelity)["abs_rel"] == 0.0


def test_a_mean_over_no_images_is_refused() -> None:
    with pytest.raises(ValueError, match="no images"):
        mean_metrics(())


def test_a_network_that_answers_nan_is_scored_not_fatal(red_net, make_frames) -> None:
    scores = quiet({"broken": red_net(float("nan"))}, make_frames(1), alignments=("none", "median"))
    assert scores.mean("broken", "none")["abs_rel"] > 0.5


def test_the_network_sees_the_kb_crop_and_is_scored_on_it(red_net, make_frames) -> None:
    frames = make_frames(1, height=375, width=1242)
    net = red_net(size=(352, 1216))
    for name in ("kitti_eigen_garg_kbcrop", "kitti_eigen_garg_full", "kitti_eigen_eigen_kbcrop_flip"):
        scores = quiet({"a": net}, frames, PROTOCOLS[name])
        assert scores.mean("a", "none")["abs_rel"] == pytest.approx(0.0, abs=1e-6), name


def whole_multiples_of_32(height: int, width: int) -> str | None:
    return None if height % 32 == width % 32 == 0 else "both sides must be multiples of 32"


def test_a_network_of_a_part_of_the_image_is_shown_that_part_of_whole_frames(red_net, make_frames) -> None:
    """As BTS, which takes no 375x1242, and as its students, to which whole frames would be squeezed."""
    framed = red_net(size=(352, 1216), frame_size=(375, 1242))
    strict = DepthNet(framed.core, framed.spec, size_rule=whole_multiples_of_32)
    seen: list[torch.Size] = []
    framed.core.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[-2:]))
    frames = make_frames(1, height=375, width=1242)
    for name in ("pairs_driving", "kitti_eigen_garg_uncropped", "kitti_eigen_garg_kbcrop"):
        scores = quiet({"strict": strict, "lenient": framed}, frames, PROTOCOLS[name], alignments=("none",))
        assert scores.mean("strict", "none")["abs_rel"] == pytest.approx(0.0, abs=1e-6), name
        assert scores.images[0].metrics == scores.images[1].metrics
    assert set(seen) == {(352, 1216)}


def test_frames_of_another_size_are_brought_to_that_of_the_domain_first(red_net, make_frames) -> None:
    net = red_net(size=(352, 1216), frame_size=(375, 1242))
    (frame,) = make_frames(1)
    ramp = torch.linspace(0.1, 0.9, 1242).expand(1, 375, -1)
    smooth = torch.nn.functional.interpolate(ramp.expand(1, 3, -1, -1), (750, 2484), mode="bilinear")[0]
    frame = replace(frame, image=smooth, depth_m=smooth[:1] * 20.0)
    scores = quiet({"a": net}, [frame], PROTOCOLS["pairs_driving"], alignments=("none",))
    assert scores.images[0].num_pixels > 750 * 2484 / 2
    assert scores.mean("a", "none")["abs_rel"] < 1e-3


def test_depth_follows_the_focal_length_of_the_frame_where_the_network_asks(red_net, make_frames) -> None:
    (frame,) = make_frames(1)
    nets = {"asks": red_net(focal_px=700.0), "does not": red_net()}
    for focal_px, factor in ((1400.0, 2.0), (700.0, 1.0), (None, 1.0)):
        scores = quiet(nets, [replace(frame, depth_m=frame.depth_m * factor, focal_px=focal_px)])
        assert scores.mean("asks", "none")["abs_rel"] == pytest.approx(0.0, abs=1e-6)
        assert scores.mean("does not", "none")["abs_rel"] == pytest.approx(1.0 - 1.0 / factor, abs=1e-6)


def test_the_digest_of_the_data_follows_all_that_decides_a_figure(red_net, make_frames) -> None:
    nets, (frame,) = {"a": red_net()}, make_frames(1)
    assert frame.depth_m is not None
    changed = [
        frame,
        replace(frame, name="other"),
        replace(frame, image=frame.image.flip(-1)),
        replace(frame, depth_m=frame.depth_m + 1.0),
        replace(frame, focal_px=700.0),
    ]
    assert len({quiet(nets, [item]).data_sha256 for item in changed}) == 5
    assert quiet(nets, [frame]).data_sha256 == quiet(nets, make_frames(1)).data_sha256
