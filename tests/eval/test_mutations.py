"""Small slips, of the kinds by which evaluations differ: each is noticed by an oracle, or by a test named beside it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from eval import alignment, answer, metrics, placement, protocol, recording, score
from eval.protocol import PROTOCOLS, Protocol
from tests.eval import test_answer, test_metrics, test_score
from tests.eval.oracles import ORACLES, run_oracle

Patch = Callable[[pytest.MonkeyPatch], None]


def field(program: str, **changes: Any) -> Patch:
    """Another value in a field of the protocol under which the program is reproduced."""
    name = ORACLES[program].protocol
    return lambda patch: patch.setitem(PROTOCOLS, name, replace(PROTOCOLS[name], **changes))


def function(module: Any, name: str, wrapped: Callable[..., Any]) -> Patch:
    """Another function in its place."""
    return lambda patch: patch.setattr(module, name, wrapped)


def error(name: str, slip: Callable[[Tensor, Tensor], Tensor]) -> Patch:
    """Another formula of a metric."""
    return lambda patch: patch.setitem(metrics._ERRORS, name, slip)


def rounded_crop(round_edge: Callable[[float], int]) -> Callable[..., protocol.Window]:
    def crop_window(crop: protocol.Crop, height: int, width: int) -> protocol.Window:
        top, bottom, left, right = protocol.FRACTIONS[crop]
        return (
            round_edge(top * height),
            round_edge(bottom * height),
            round_edge(left * width),
            round_edge(right * width),
        )

    return crop_window


def kb_shifted(rows: int, columns: int) -> Callable[[int, int], protocol.Window]:
    def kb_window(height: int, width: int) -> protocol.Window:
        top, left = height - 352 - rows, (width - 1216 + columns) // 2
        return top, top + 352, left, left + 1216

    return kb_window


def lenient_mask(at_min: bool, at_cap: bool) -> Callable[[Tensor, Protocol], Tensor]:
    valid_mask = protocol.valid_mask

    def mask(true_m: Tensor, chosen: Protocol) -> Tensor:
        measured = valid_mask(true_m, replace(chosen, validity="measured"))
        return valid_mask(true_m, chosen) | (
            measured & ((at_min & (true_m == chosen.depth_min_m)) | (at_cap & (true_m == chosen.cap_m)))
        )

    return mask


def repaired_pass(pred_m: Tensor, chosen: Protocol) -> Tensor:
    return pred_m.nan_to_num(nan=chosen.depth_min_m).clamp(chosen.depth_min_m, chosen.cap_m)


def clamped_after_resize(pred: Tensor, height: int, width: int, chosen: Protocol) -> Tensor:
    return F.interpolate(pred, size=(height, width), mode="nearest")


def finish_without_cap(pred: Tensor, fit: alignment.Fit, chosen: Protocol) -> Tensor:
    return fit.apply(pred).clamp_min(chosen.depth_min_m).nan_to_num(nan=chosen.depth_min_m, posinf=chosen.cap_m)


def pixel_weighted(rows: list[dict[str, float]], **_: Any) -> dict[str, float]:
    return {name: sorted(row[name] for row in rows)[len(rows) // 2] for name in rows[0]}


def in_half_precision(path: Path, units: float) -> Any:
    return recording._load(path, units).astype("float16").astype("float32").squeeze()


GARG, EIGEN, NYU, FULL, HU = (
    *("adabins_kitti_garg", "adabins_kitti_eigen", "adabins_nyu_eigen"),
    *("bts_kitti_garg", "junjh_nyu_nan"),
)


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One slip, and the program whose figures it changes."""

    name: str
    program: str
    patch: Patch


def slip(name: str, program: str, patch: Patch) -> Mutation:
    return Mutation(name=name, program=program, patch=patch)


NOTICED = (
    slip("crop edges rounded up", GARG, function(protocol, "crop_window", rounded_crop(math.ceil))),
    slip("crop edges rounded to the nearest", GARG, function(protocol, "crop_window", rounded_crop(round))),
    slip("crop edges of Eigen rounded to the nearest", EIGEN, function(protocol, "crop_window", rounded_crop(round))),
    slip("crop of the other paper", GARG, field(GARG, crop="eigen_kitti")),
    slip("no crop on NYU", NYU, field(NYU, crop="none")),
    slip("crop of the frame instead of the input", GARG, field(GARG, region="frame")),
    slip("crop of the input instead of the frame", FULL, field(FULL, region="input")),
    slip("KB crop one row higher", GARG, function(protocol, "kb_window", kb_shifted(1, 0))),
    slip("KB crop half a pixel to the right", GARG, function(protocol, "kb_window", kb_shifted(0, 1))),
    slip("truth at the cap counts", GARG, function(score, "valid_mask", lenient_mask(False, True))),
    slip("truth at the cap counts on NYU", NYU, function(score, "valid_mask", lenient_mask(False, True))),
    slip("truth at the least depth counts", NYU, function(score, "valid_mask", lenient_mask(True, False))),
    slip("all that was measured counts", NYU, field(NYU, validity="measured")),
    slip("the range counts alone", HU, field(HU, validity="open_range")),
    slip("passes averaged before they are clamped", GARG, function(answer, "clamp_pass", lambda pred_m, _: pred_m)),
    slip("NaN repaired before the mean", GARG, function(answer, "clamp_pass", repaired_pass)),
    slip("NaN repaired to the cap", GARG, field(GARG, nan="cap")),
    slip("one pass alone", GARG, field(GARG, flip_average=False)),
    slip("mirrored pass not mirrored back", GARG, function(torch.Tensor, "flip", lambda plane, _: plane)),
    slip("resized with borders on borders", GARG, field(GARG, resize="centres")),
    slip("resized to the nearest", NYU, function(answer, "resize_pass", clamped_after_resize)),
    slip("cap of 10.001 m", NYU, field(NYU, cap_m=10.001)),
    slip("predictions in half precision", FULL, function(recording, "read_map", in_half_precision)),
    slip("mean of roots for Hu", HU, field(HU, rmse="mean_of_roots")),
    slip("root of means for AdaBins", GARG, field(GARG, rmse="root_of_means")),
    slip("median over images", GARG, function(score, "mean_figures", pixel_weighted)),
    slip("error relative to the prediction", GARG, error("abs_rel", lambda p, g: ((p - g).abs() / p).double().mean())),
    slip("square relative to the square", GARG, error("sq_rel", lambda p, g: ((p - g) / g).square().double().mean())),
    slip("natural logarithm", GARG, error("log10", lambda p, g: (p.log() - g.log()).abs().double().mean())),
    slip("silog as it is trained", GARG, error("silog", lambda p, g: 100.0 * _silog(p, g, share=0.85))),
    slip("silog as a fraction", GARG, error("silog", lambda p, g: _silog(p, g, share=1.0))),
)


def _silog(pred_m: Tensor, true_m: Tensor, *, share: float, less: int = 0) -> Tensor:
    error = (pred_m.log() - true_m.log()).double()
    count = len(error)
    return ((error.square().mean() - share * error.mean().square()) * (count / (count - less))).sqrt()


@pytest.mark.parametrize("mutation", NOTICED, ids=lambda mutation: mutation.name)
def test_the_oracles_notice(mutation: Mutation, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation.patch(monkeypatch)
    assert run_oracle(mutation.program, shared / "oracles" / "metrics", tmp_path)


def both(*patches: Patch) -> Patch:
    return lambda patch: [one(patch) for one in patches] and None


def fixed_rule(rule: metrics.DeltaRule) -> Patch:
    return function(score, "image_metrics", lambda p, g, delta_rule: metrics.image_metrics(p, g, delta_rule=rule))


def filled_far(plane: Tensor, chosen: Protocol, height: int, width: int, *, fill: float) -> Tensor:
    return protocol.place(plane, chosen, height, width, fill=chosen.cap_m)


def delta_in_float64(pred_m: Tensor, true_m: Tensor, *, power: int, rule: metrics.DeltaRule) -> Tensor:
    ratio = torch.maximum(true_m.double() / pred_m.double(), pred_m.double() / true_m.double())
    return (ratio < 1.25**power).double().mean()


def alone(check: Callable[[], None]) -> Callable[..., None]:
    """A test that takes no fixtures."""
    return lambda red_net, make_frames: check()


SURVIVORS: dict[str, tuple[Patch, Callable[..., None]]] = {
    # The oracles' maps lie in range already, and none of their pixels is on a threshold.
    "prediction not capped": (
        both(function(answer, "finish", finish_without_cap), function(score, "finish", finish_without_cap)),
        test_score.test_a_prediction_beyond_the_cap_counts_as_the_cap,
    ),
    "delta counts its threshold": (
        fixed_rule("<="),
        test_score.test_a_ratio_at_the_threshold_counts_as_the_protocol_says,
    ),
    "delta does not count its threshold": (
        fixed_rule("<"),
        test_score.test_a_ratio_at_the_threshold_counts_as_the_protocol_says,
    ),
    "ratios in float64": (
        function(metrics, "delta", delta_in_float64),
        alone(test_metrics.test_ratios_are_taken_in_the_precision_of_the_input),
    ),
    # One pixel of ten thousand moves silog by less than float32 holds.
    "silog over one pixel less": (
        error("silog", lambda p, g: 100.0 * _silog(p, g, share=1.0, less=1)),
        alone(test_metrics.test_silog_is_over_all_pixels_and_not_over_one_less),
    ),
    # Every crop lies inside the KB crop.
    "far outside the input": (
        function(placement, "place", filled_far),
        test_answer.test_outside_its_input_a_prediction_counts_as_nearest_and_is_in_no_fit,
    ),
    # No published program aligns.
    "fit to clamped passes": (
        function(answer.Answer, "to_align", lambda said, _: said.depth_m),
        test_score.test_a_far_prediction_is_aligned_before_it_is_clamped,
    ),
}
"""Slips that the oracles cannot see, each with the test that does."""


@pytest.mark.parametrize("name", SURVIVORS)
def test_what_the_oracles_cannot_see_a_test_does(
    name: str, red_net: Any, make_frames: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch, check = SURVIVORS[name]
    check(red_net, make_frames)
    patch(monkeypatch)
    with pytest.raises(AssertionError):
        check(red_net, make_frames)
