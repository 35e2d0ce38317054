"""Whether a wrong scale of the depth files is noticed, and a right one left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from eval.frame import Frame
from eval.pairs import pairs_frames
from eval.protocol import PROTOCOLS
from eval.score import score
from eval.unit import UnitEvidence
from mde.domain import DomainName


def evidence(typical_m: float, units: float, *, ratio: float | None = None) -> UnitEvidence:
    """Three frames around a median."""
    found = UnitEvidence()
    for factor in (0.8, 1.0, 1.3):
        depth_m = torch.full((1, 40, 60), factor * typical_m)
        image = torch.zeros(3, 40, 60)
        found.add_frame(Frame(name="f", scene="s", image=image, depth_m=depth_m, depth_units_per_metre=units))
        if ratio is not None:
            found.add_prediction(depth_m.flatten() * ratio, depth_m.flatten())
    return found


@pytest.mark.parametrize("domain, typical_m", [("indoor", 2.5), ("driving", 12.0), ("warehouse", 6.0), ("drone", 50.0)])
@pytest.mark.parametrize("ratio", [None, 1.0, 0.5, 1.9])
def test_metres_are_left_alone(domain: DomainName, typical_m: float, ratio: float | None) -> None:
    assert evidence(typical_m, 1000.0, ratio=ratio).doubt(domain) is None


@pytest.mark.parametrize(
    "domain, right_m, stored, read",
    [
        ("driving", 12.0, 256, 1000),
        ("driving", 12.0, 1000, 256),
        ("driving", 12.0, 256, 1),
        ("driving", 12.0, 100, 256),
        ("indoor", 2.5, 1000, 256),
        ("indoor", 2.5, 1000, 1),
        ("indoor", 2.5, 5000, 1000),
        ("indoor", 2.5, 1000, 5000),
        ("indoor", 2.5, 1000, 10000),
        ("indoor", 2.5, 1, 1000),
    ],
)
def test_the_right_scale_is_named_first_where_predictions_are_in_metres(
    domain: DomainName, right_m: float, stored: int, read: int
) -> None:
    doubt = evidence(right_m * stored / read, read, ratio=1.05 * read / stored).doubt(domain)
    assert doubt is not None and f"it may be {stored} " in doubt and f"read as {read} units" in doubt
    assert "\n" not in doubt


def test_an_implausible_median_is_named_without_any_prediction() -> None:
    doubt = evidence(2500.0, 1.0).doubt("indoor")
    assert doubt is not None and "median of 2.5e+03 m" in doubt and "1000" in doubt
    doubt = evidence(1e9, 1.0).doubt("indoor")
    assert doubt is not None and "no usual scale explains that" in doubt


def test_nothing_measured_is_no_evidence() -> None:
    found = UnitEvidence()
    image = torch.zeros(3, 4, 6)
    found.add_frame(Frame(name="a", scene="s", image=image, depth_m=None))
    found.add_frame(Frame(name="b", scene="s", image=image, depth_m=torch.zeros(1, 4, 6)))
    assert found.doubt("indoor") is None


def test_a_pass_over_frames_says_it(tmp_path: Path, write_pair: Callable[..., None], red_net) -> None:
    for index in range(3):
        write_pair(tmp_path, f"a_{index}", seed=index, units=1000)
    protocol = replace(PROTOCOLS["pairs_driving"], crop="none")
    right = score({"a": red_net()}, pairs_frames(tmp_path, 1000), protocol, is_quiet=True)
    wrong = score({"a": red_net()}, pairs_frames(tmp_path, 256), protocol, is_quiet=True)
    assert right.unit_doubt is None
    assert wrong.unit_doubt is not None and "1000 per metre" in wrong.unit_doubt


@pytest.mark.parametrize("domain, units", [("driving", 256), ("indoor", 1000)])
def test_real_frames_are_in_metres_as_far_as_their_medians_tell(domain: DomainName, units: int, real: Path) -> None:
    found = UnitEvidence()
    for frame in pairs_frames(real / domain, units):
        found.add_frame(frame)
    assert found.doubt(domain) is None
