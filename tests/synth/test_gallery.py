"""The page to look at: everything inside, and the values that are pointed at are those of the record."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synth.gallery import MAX_RECORDS, gallery_page, write_gallery
from tests.conftest import make_record, make_shards


def make(key: str, **changes):
    return replace(make_record(key, **changes), recipe={"scene": "indoor/<b>&co"})


def test_the_page_needs_nothing_but_itself():
    page = gallery_page([make("000001"), make("000002")], title="t", facts="f.")
    sources = re.findall(r'(?:src|href)="([^"]{0,12})', page)
    assert len(sources) == 6 and all(source.startswith("data:image/") for source in sources)
    assert "http" not in page and "@import" not in page and "url(" not in page and "$" not in page


def test_names_from_records_are_no_markup():
    page = gallery_page([make("000001")], title="t", facts="f.")
    assert "indoor/&lt;b&gt;&amp;co" in page and "<b>&co" not in page


def test_the_values_to_point_at_are_those_of_the_record():
    record = make("000001", height=60, width=240)
    page = gallery_page([record], title="t", facts="f.")
    rows, columns, depth, ids = re.search(
        r'data-rows="(\d+)" data-columns="(\d+)" data-depth="([^"]+)" data-ids="([^"]+)"', page
    ).groups()
    assert (int(rows), int(columns)) == (30, 120)
    depth_cm = np.frombuffer(b64decode(depth), "<u2").reshape(30, 120)
    np.testing.assert_allclose(depth_cm / 100, record.depth_m[1::2, 1::2], atol=0.00501)
    np.testing.assert_array_equal(np.frombuffer(b64decode(ids), "<u2").reshape(30, 120), record.ids[1::2, 1::2])


def test_a_record_without_depth_is_shown_too():
    record = make("000001")
    page = gallery_page([replace(record, depth_m=np.zeros_like(record.depth_m))], title="t", facts="f.")
    assert "no depth" in page and "0.0 m" in page


@pytest.mark.parametrize(("num", "shown"), [(3, 3), (60, MAX_RECORDS)])
def test_a_folder_is_shown_in_part_from_the_first_to_the_last(tmp_path: Path, num, shown, monkeypatch):
    monkeypatch.setattr("synth.gallery._card", lambda record: f'<div class="card">{record.key}</div>')
    make_shards(tmp_path / "renders", num=num, height=8, width=8)
    write_gallery(tmp_path / "renders", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert page.count('class="card"') == shown
    assert "000000" in page and f"{num - 1:06d}" in page and f"{shown} of {num} images in renders." in page
