from __future__ import annotations

import torch
from torch import Tensor, nn

from mde.nets.skip_decoder import Join, decode, skip_decoder


def convolution(num_in: int, num_out: int) -> nn.Module:
    return nn.Conv2d(num_in, num_out, 3, padding=1)


def test_decoding_ends_at_the_size_of_the_finest_map() -> None:
    steps = skip_decoder((16, 8, 4), (6, 5, 3), convolution)
    maps = [torch.zeros(2, 3, 19, 26), torch.zeros(2, 5, 10, 13), torch.zeros(2, 6, 5, 7)]
    assert decode(steps, maps).shape == (2, 4, 19, 26)
    names = {key.rsplit(".", 1)[0] for key in steps.state_dict()}
    assert names == {"0.conv", "1.convA", "1.convB", "2.convA", "2.convB"}


def test_a_join_takes_the_coarse_map_first_with_its_corners_on_corners() -> None:
    captured: list[Tensor] = []

    class Listener(nn.Module):
        def forward(self, joined: Tensor) -> Tensor:
            captured.append(joined)
            return joined

    join = Join(2, 1, lambda *_: Listener())
    join(torch.tensor([[[[0.0, 6.0]]]]), torch.full((1, 1, 1, 4), 9.0))
    assert captured[0][0, :, 0].tolist() == [[0.0, 2.0, 4.0, 6.0], [9.0] * 4]
