"""A preview shows the scene that the record will show, and blocks of previews come back as they were written."""

from __future__ import annotations

import numpy as np
import pytest

from synth.block import read_block, write_block
from synth.preview import Previewer, record_preview
from synth.sample import Sampler
from synth.sample_config import SampleConfig

pytestmark = pytest.mark.opengl


@pytest.fixture(scope="module", params=["indoor", "driving"])
def sampler(request, renderer, bank) -> Sampler:
    sampler = object.__new__(Sampler)
    size = (96, 128) if request.param == "indoor" else (64, 208)
    sampler.config = SampleConfig(domain=request.param, seed=0, height=size[0], width=size[1])
    sampler._bank, sampler._assets, sampler._renderer = bank, None, renderer
    return sampler


def test_a_preview_shows_the_scene_of_the_record(sampler):
    for index in range(2):
        preview, record = Previewer(sampler).preview(index), sampler.record(index)
        small = record_preview(record)
        assert (preview.attempt, preview.scene) == (record.recipe["attempt"], record.recipe["scene"])
        both = (preview.depth_m > 0) & (small.depth_m > 0)
        assert both.mean() > 0.35
        ratio = np.abs(np.log(preview.depth_m[both] / small.depth_m[both]))
        assert np.median(ratio) < 0.05, "most pixels see the same surface"
        assert (preview.ids == small.ids).mean() > 0.7


def test_previews_leave_the_records_as_they_are(sampler):
    before = sampler.record(1).image
    Previewer(sampler).preview(1)
    np.testing.assert_array_equal(sampler.record(1).image, before)


def test_a_block_is_a_pure_function_and_a_damaged_or_foreign_one_is_drawn_again(sampler, tmp_path):
    previewer, path, seen = Previewer(sampler), tmp_path / "block.npz", []
    write_block(previewer, path, (3, 5), seen.append)
    content = path.read_bytes()
    write_block(previewer, path, (3, 5), seen.append)
    assert path.read_bytes() == content and seen == [3, 5, 3, 5]
    block = read_block(path, previewer.config_sha256, (3, 5))
    assert block is not None and block.numbers.tolist() == [3, 5] and len(block.pictures) == 2
    assert block.pictures[0][:2] == b"\xff\xd8"
    assert read_block(path, previewer.config_sha256, (3, 6)) is None
    assert read_block(path, "0" * 64, (3, 5)) is None
    path.write_bytes(content[:200])
    assert read_block(path, previewer.config_sha256, (3, 5)) is None
    assert read_block(tmp_path / "none.npz", previewer.config_sha256, (3, 5)) is None
