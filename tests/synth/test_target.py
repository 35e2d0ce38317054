"""The target of a domain: what is judged, from how many images on, and in which words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mde.domain import DOMAINS
from synth.figures import Figures
from synth.target import DRIVING, INDOOR, MIN_RECORDS, TARGETS, judged, misses
from tests.conftest import make_record


def figures_of(depth_m: np.ndarray, *, num_records: int = MIN_RECORDS, f_scale: float = 1.0) -> Figures:
    """Figures of records with the benchmark's camera that show these depths."""
    figures = Figures()
    camera = DOMAINS["indoor"].camera
    wide = type(camera)(f_px=(camera.f_px[0] * f_scale,) * 2, c_px=camera.c_px, height=480, width=640)
    for index in range(num_records):
        record = make_record(f"{index:06d}")
        values = np.resize(depth_m, record.depth_m.shape).astype(np.float32)
        plain = {name: getattr(record, name) for name in record.__dataclass_fields__}
        plain |= {"depth_m": values, "camera": wide, "recipe": {"attempt": 0, "scene": "test"}}
        figures.add(_Like(plain))  # type: ignore[arg-type]
    return figures


class _Like:
    """What `Figures.add` reads of a record; the camera here is larger than the picture."""

    def __init__(self, fields: dict) -> None:
        self.__dict__.update(fields)


@pytest.fixture
def fitting() -> np.ndarray:
    """Log-normal depths around 2.7 m: what the indoor target describes."""
    return np.clip(2.7 * np.exp(np.random.default_rng(0).normal(0.0, 0.45, 1000)), 0.3, 9.9)


def test_depths_like_the_benchmarks_miss_nothing(fitting):
    assert misses(figures_of(fitting).summary(), INDOOR) == []


def test_depths_twice_too_far_are_named_with_their_band(fitting):
    found = misses(figures_of(np.minimum(2 * fitting, 9.9)).summary(), INDOOR)
    assert any("50 % of the depths" in line and "2.2 to 3.2 m" in line for line in found)


def test_a_lens_too_long_is_named(fitting):
    found = misses(figures_of(fitting, f_scale=1.2).summary(), INDOOR)
    assert len(found) == 2 and all("field of view" in line and "degrees" in line for line in found)


def test_missing_depth_is_named(fitting):
    holes = np.where(np.arange(1000) % 3 == 0, 0.0, fitting)
    assert [line for line in misses(figures_of(holes).summary(), INDOOR) if "share of pixels" in line]


def test_few_images_are_not_judged(fitting):
    assert misses(figures_of(3 * fitting, num_records=MIN_RECORDS - 1).summary(), INDOOR) == []
    assert misses(Figures().summary(), INDOOR) == []


def test_targets_state_the_cameras_of_the_domains():
    for name, target in TARGETS.items():
        fov_deg = [math.degrees(angle) for angle in DOMAINS[name].camera.fov_rad]
        np.testing.assert_allclose(fov_deg, target.fov_deg, atol=0.06)


def test_bands_rise_with_the_percentile_and_lie_in_the_range_of_the_domain():
    for name, target in TARGETS.items():
        bands = np.array([target.depth_m[share] for share in sorted(target.depth_m)])
        assert (np.diff(bands, axis=0) > 0).all() and (bands[:, 0] < bands[:, 1]).all()
        assert bands.max() < DOMAINS[name].depth_range_m[1]


def test_the_nearest_ground_of_a_flat_road_lies_in_the_band_of_the_near_percentile():
    camera = DOMAINS["driving"].camera
    nearest_m = 1.65 * camera.f_px[1] / (camera.height - camera.c_px[1])
    assert DRIVING.depth_m[5][0] < nearest_m < DRIVING.depth_m[5][1]


def test_a_domain_without_target_is_reported_without_verdict(fitting):
    summary = figures_of(fitting).summary()
    assert judged(summary, None) is None
    report = judged(summary, INDOOR)
    assert report is not None and report["misses"] == [] and "NYU" in report["source"]


def test_figures_add_up_in_any_order(fitting):
    parts = [figures_of(fitting * scale, num_records=3, f_scale=scale) for scale in (0.8, 1.0, 1.1)]
    sums = []
    for order in ((0, 1, 2), (2, 0, 1)):
        total = Figures()
        for number in order:
            total.merge(parts[number].as_json())
        sums.append(total.as_json())
    assert sums[0] == sums[1]
    assert sum(sums[0]["fov_tenth_deg"]["horizontal"].values()) == 9
