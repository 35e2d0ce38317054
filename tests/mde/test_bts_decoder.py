from __future__ import annotations

import pytest
import torch

from mde.nets.bts_decoder import BtsDecoder, Reduction


def test_a_map_of_twice_the_finest_size_comes_out() -> None:
    torch.manual_seed(0)
    decoder = BtsDecoder((3, 4, 5, 6, 7), 80.0, width=256).eval()
    sizes = ((32, 64), (16, 32), (8, 16), (4, 8), (2, 4))
    maps = [torch.rand(2, width, *size) for width, size in zip((3, 4, 5, 6, 7), sizes, strict=True)]
    with torch.no_grad():
        answer = decoder(maps)
    assert answer.shape == (2, 16, 64, 128) and bool(answer.isfinite().all())


@pytest.mark.parametrize(("num_in", "first", "count"), [(128, 128, 5), (128, 64, 4), (64, 32, 3), (32, 16, 2)])
def test_reductions_halve_their_channels_down_to_eight(num_in: int, first: int, count: int) -> None:
    names = list(Reduction(num_in, first, "plane_params", 3).state_dict())
    assert len(names) == count + 1
    assert names[0] == f"reduc.inter_{num_in}_{first}.0.weight" and names[-1] == "reduc.plane_params.weight"
    assert "_8.0.weight" in names[-2]
