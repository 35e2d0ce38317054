"""Contact sheet and figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mde.camera import Camera
from mde.record import Record
from synth.contact import CELL_WIDTH_PX, contact_sheet, depth_picture, id_picture
from synth.figures import EDGES_M, Figures


@pytest.fixture
def record() -> Record:
    depth_m = np.linspace(1.0, 9.0, 48 * 64, dtype=np.float32).reshape(48, 64)
    depth_m[:4] = 0.0
    return Record(
        key="000000",
        image=np.full((48, 64, 3), 200, np.uint8),
        depth_m=depth_m,
        ids=np.repeat(np.arange(48, dtype=np.uint16)[:, None] // 4, 64, axis=1),
        camera=Camera(f_px=(60.0, 60.0), c_px=(32.0, 24.0), height=48, width=64),
        origin="synthetic",
        domain="indoor",
        depth_units_per_metre=1000,
        recipe={"attempt": 1, "scene": "indoor/hall"},
    )


@pytest.mark.parametrize("count", [1, 2, 5, 24])
def test_a_sheet_has_a_cell_for_every_record(record, count):
    sheet = contact_sheet([record] * count)
    assert sheet.dtype == np.uint8 and sheet.shape[1] % (CELL_WIDTH_PX + 4) == 0
    assert (sheet == 200).all(-1).sum() == count * CELL_WIDTH_PX * 240


def test_near_is_brighter_than_far_and_no_depth_is_black(record):
    picture = depth_picture(record.depth_m)
    assert (picture[:4] == 0).all()
    assert picture[6].sum() > picture[40].sum()
    assert (depth_picture(np.zeros((4, 4), np.float32)) == 0).all()


def test_neighbouring_ids_have_unlike_colours_and_the_background_is_black():
    picture = id_picture(np.arange(200, dtype=np.uint16)[None])
    assert (picture[0, 0] == 0).all()
    colours = picture[0, 1:].astype(int)
    assert len(np.unique(colours, axis=0)) == 199
    assert np.abs(np.diff(colours, axis=0)).sum(axis=1).min() > 20


def test_figures_add_up_in_any_order(record):
    other = replace(record, depth_m=record.depth_m * 2, recipe={"attempt": 0, "scene": "indoor/office"})
    together, parts = Figures(), Figures()
    for one in (record, other):
        together.add(one)
    for one in (other, record):
        part = Figures()
        part.add(one)
        parts.merge(part.as_json())
    assert parts.as_json() == together.as_json()


def test_percentiles_are_those_of_the_depths_within_the_domain(record):
    record = replace(record, depth_m=record.depth_m * 2)  # indoors ends at 10 m
    figures = Figures()
    figures.add(record)
    depths_m = record.depth_m[(record.depth_m > 0) & (record.depth_m < 10.0)]
    summary = figures.summary()
    step = EDGES_M[1] / EDGES_M[0]
    for share in (5, 50, 95):
        value = summary["depth_percentiles_m"][str(share)]
        assert value / step**1.5 <= np.percentile(depths_m, share) <= value * step**1.5
    assert summary["valid_share"] == pytest.approx(len(depths_m) / record.depth_m.size, abs=1e-4)
    assert summary["num_rejected"] == 1 and summary["scenes"] == {"indoor/hall": 1}


def test_figures_without_any_depth_have_no_percentiles(record):
    figures = Figures()
    figures.add(replace(record, depth_m=np.zeros_like(record.depth_m)))
    assert figures.summary() == {"num_records": 1}
