from __future__ import annotations

import torch
from torch import nn

from distill.ema import Ema


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))


def test_the_average_follows_its_formula() -> None:
    net = network()
    ema = Ema(net, 0.9)
    weight = net[0].weight.detach().clone()  # type: ignore[index]
    for num, decay in ((0, 1 / 10), (1, 2 / 11), (500, 0.9)):
        with torch.no_grad():
            net[0].weight.add_(1.0)  # type: ignore[index]
        weight = decay * weight + (1 - decay) * net[0].weight.detach()  # type: ignore[index]
        ema.update(net, num)
        torch.testing.assert_close(ema.state["0.weight"], weight)


def test_running_statistics_are_averaged_and_counters_taken_over() -> None:
    net = network()
    ema = Ema(net, 0.5)
    net(torch.full((2, 3, 4, 4), 3.0))
    ema.update(net, 100)
    assert ema.state["1.num_batches_tracked"] == 1
    torch.testing.assert_close(ema.state["1.running_mean"], net[1].running_mean / 2)  # type: ignore[index,operator]


def test_decay_zero_is_the_student_itself() -> None:
    net = network()
    ema = Ema(net, 0.0)
    with torch.no_grad():
        net[0].weight.normal_()  # type: ignore[index]
    ema.update(net, 7)
    assert torch.equal(ema.state["0.weight"], net[0].weight)  # type: ignore[index]


def test_a_stored_average_goes_on_where_it_was() -> None:
    net = network()
    first, second = Ema(net, 0.9), Ema(net, 0.9)
    with torch.no_grad():
        net[0].weight.normal_()  # type: ignore[index]
    first.update(net, 3)
    second.load({name: tensor.clone() for name, tensor in first.state.items()})
    first.update(net, 4)
    second.update(net, 4)
    assert all(torch.equal(tensor, second.state[name]) for name, tensor in first.state.items())
