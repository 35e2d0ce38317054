from __future__ import annotations

import io

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from eval.depth_file import encode_depth_file
from mde.record import decode_uint16


@given(st.floats(0.001, 600.0), st.sampled_from([1000, 256]))
def test_depth_reads_back_within_the_stated_rounding(far_m: float, units: int) -> None:
    depth_m = torch.linspace(0.001, far_m, 40, dtype=torch.float64).float().view(4, 10)
    depth_m[0, 0] = torch.nan
    file = encode_depth_file(depth_m, units_per_metre=units, farthest_m=far_m)
    back = torch.from_numpy(decode_uint16(file.content).astype("float64")) / file.units_per_metre
    assert file.units_per_metre <= units and file.num_none == 1 and file.num_capped == 0 and back[0, 0] == 0
    error = (back - depth_m).flatten()[1:].abs()
    near = depth_m.flatten()[1:] < file.rounding_m  # those are written as one unit: 0 would mean none
    assert (error[~near] <= file.rounding_m + 1e-4).all() and (back.flatten()[1:] > 0).all()


@pytest.mark.parametrize("farthest_m, units", [(10.0, 1000), (65.0, 1000), (66.0, 256), (300.0, 100), (1e6, 1)])
def test_the_unit_becomes_coarser_for_farther_depth(farthest_m: float, units: int) -> None:
    file = encode_depth_file(torch.ones(2, 2), units_per_metre=1000, farthest_m=farthest_m)
    assert (file.units_per_metre, file.rounding_m) == (units, 0.5 / units)
    with Image.open(io.BytesIO(file.content)) as image:
        assert image.text["units_per_metre"] == str(units)


def test_depth_beyond_sixteen_bits_is_capped_and_counted() -> None:
    file = encode_depth_file(torch.tensor([[70.0, 1.0]]), units_per_metre=1000, farthest_m=10.0)
    assert file.num_capped == 1 and decode_uint16(file.content).tolist() == [[65535, 1000]]
