"""What a depth probability map says about uncertainty."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from eval.doubt import MAX_PIXELS, Coverage, Doubt, cell_map, cumulative
from eval.placement import Placement
from eval.protocol import PROTOCOLS
from eval.score import score
from mde.bins import Bins, log_bins, uniform_bins
from mde.dpm import dpm_interval
from mde.framing import Framing
from mde.nets.net import DepthNet
from mde.nets.output import Output
from mde.nets.student_net import Student

PLAIN = replace(PROTOCOLS["pairs_driving"], name="plain", crop="none", alignment="none")
BINS = log_bins(1.0, 80.0, 32)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def placement(height: int, width: int, protocol=PLAIN) -> Placement:
    return Placement(Framing((height, width)), (height, width), protocol)


@pytest.mark.parametrize("bins", [BINS, uniform_bins(0.0, 10.0, 16, sigma_m=0.5)], ids=lambda bins: bins.spacing)
def test_the_ends_of_the_interval_have_a_tenth_below_and_above_them(bins: Bins) -> None:
    """Oracle: the quantiles of mde.dpm, which search where this looks up."""
    probability = torch.randn((1, bins.num_bins, 3, 5), generator=generator()).softmax(dim=1)
    low_m, high_m = dpm_interval(probability, bins, mass=0.8)
    flat = probability[0].flatten(1)
    torch.testing.assert_close(cumulative(flat, low_m.flatten(), bins), torch.full((15,), 0.1), atol=2e-5, rtol=0)
    torch.testing.assert_close(cumulative(flat, high_m.flatten(), bins), torch.full((15,), 0.9), atol=2e-5, rtol=0)


def test_depth_beyond_the_bins_has_everything_or_nothing_below_it() -> None:
    probability = torch.randn((BINS.num_bins, 2), generator=generator()).softmax(dim=0)
    torch.testing.assert_close(cumulative(probability, torch.tensor([0.01, 1e4]), BINS), torch.tensor([0.0, 1.0]))


def test_truth_drawn_from_the_map_itself_is_covered_as_often_as_it_says() -> None:
    logits = 2.0 * torch.randn((1, BINS.num_bins, 12, 20), generator=generator())
    cells = cell_map((12, 20), placement(48, 80))
    drawn = torch.multinomial(logits[0].flatten(1).softmax(dim=0).T[cells.flatten()], 1, generator=generator())[:, 0]
    inside = torch.rand(len(drawn), generator=generator())
    true_m = (BINS.low + (drawn + inside) * BINS.width).exp().view(1, 48, 80)
    doubt = Doubt(logits=logits, bins=BINS, factor=1.0, placement=placement(48, 80))
    num_inside, num_pixels = doubt.coverage(true_m, true_m > 0, 1.0) or (0, 0)
    assert MAX_PIXELS // 2 < num_pixels <= MAX_PIXELS
    assert num_inside / num_pixels == pytest.approx(0.8, abs=0.04)  # four standard deviations of 1920 draws
    doubled = Doubt(logits=logits, bins=BINS, factor=2.0, placement=placement(48, 80))
    assert doubled.coverage(3.0 * 2.0 * true_m, true_m > 0, 3.0) == pytest.approx((num_inside, num_pixels), abs=2)


def test_each_pixel_is_asked_of_the_cell_that_lies_over_it() -> None:
    cells = cell_map((2, 3), placement(8, 12))
    assert cells[0, 0] == 0 and cells[0, 11] == 2 and cells[7, 0] == 3 and cells[7, 11] == 5
    assert torch.bincount(cells.flatten()).tolist() == [16] * 6


def test_pixels_that_the_network_did_not_see_have_no_cell() -> None:
    kb = replace(PROTOCOLS["kitti_eigen_garg_full"], name="plain")
    assert (kb.network_input, kb.region) == ("kb", "frame")
    cells = cell_map((44, 152), Placement(Framing((352, 1216)), (375, 1242), kb))
    assert cells.shape == (375, 1242)
    assert (cells[:23] == -1).all() and (cells[:, :13] == -1).all() and (cells[23:, 13:1229] >= 0).all()


class BinnedStudent(Student):
    """Depth from the red channel, and a DPM that is certain of one bin."""

    def forward(self, image: Tensor) -> Output:
        depth_m = image[:, :1] * 20.0
        index = ((depth_m.log() - self.bins.low) / self.bins.width).long().clamp(0, self.bins.num_bins - 1)
        logits = torch.zeros(len(image), self.bins.num_bins, *image.shape[-2:]).scatter(1, index, 20.0)
        return Output(depth_m=depth_m, dpm_logits=logits)


def test_scores_count_coverage_of_students_and_show_width(red_net, make_frames) -> None:
    spec = red_net().spec
    nets = {"student": DepthNet(BinnedStudent(BINS, (1.0, 80.0)), spec), "other": red_net(num_bins=8)}
    scores = score(nets, make_frames(3), PLAIN, alignments=("none", "median", "least_squares"), is_quiet=True)
    assert set(scores.coverage) == {("student", "none"), ("student", "median")}
    found = scores.coverage["student", "none"]
    assert found.num_pixels == 3 * 24 * 40
    assert found.share == pytest.approx(0.8, abs=0.05)  # truth is spread evenly enough inside its bin
    student, other = scores.panels[0].pictures
    assert student.relative_width is not None and other.relative_width is None and other.entropy_nat is not None
    expected = 2.0 * torch.tanh(torch.tensor(0.8 * BINS.width / 2))
    torch.testing.assert_close(student.relative_width.median(), expected, atol=1e-3, rtol=0)


def test_no_pixel_gives_no_share() -> None:
    assert Coverage().share is None
