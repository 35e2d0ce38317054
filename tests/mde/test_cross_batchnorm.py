from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
import torch
from timm.layers.norm_act import BatchNormAct2d
from torch import Tensor, distributed, nn

from mde.nets.cross_batchnorm import CrossBatchNorm, across_processes
from mde.processes import Processes


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), BatchNormAct2d(4), nn.Sequential(nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5, momentum=0.3))
    ).double()


def batch() -> Tensor:
    return torch.rand(6, 3, 9, 11, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def learn(net: nn.Module, images: Tensor) -> None:
    """Two passes, the gradient of a loss that no single image has by itself, and what BatchNorm remembers."""
    for _ in range(2):
        net.zero_grad()
        (net(images) * images[:, :1, 2:-2, 2:-2]).pow(2).flatten(1).mean(1).mean().backward()


def numbers(net: nn.Module) -> dict[str, Tensor]:
    gradients = {f"grad.{name}": parameter.grad for name, parameter in net.named_parameters()}
    return {**{name: tensor.detach() for name, tensor in net.state_dict().items()}, **gradients}  # type: ignore[dict-item]


def work(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    processes = Processes(rank=rank, num=2)
    net = across_processes(network(), processes.device)
    part = processes.places(6)
    learn(net, batch()[part.start : part.stop])
    processes.average([parameter.grad for parameter in net.parameters() if parameter.grad is not None])
    torch.save(numbers(net), f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


@pytest.mark.slow
def test_gradients_and_statistics_over_two_processes_are_those_of_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    crew = [context.Process(target=work, args=(rank, str(tmp_path))) for rank in (0, 1)]
    for process in crew:
        process.start()
    for process in crew:
        process.join(120)
        assert process.exitcode == 0
    alone = network()
    learn(alone, batch())
    for rank in (0, 1):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert found.keys() == numbers(alone).keys()
        for name, tensor in numbers(alone).items():
            torch.testing.assert_close(found[name], tensor, rtol=1e-10, atol=1e-12, msg=name)


def test_names_parameters_and_eval_stay_what_they_were() -> None:
    alone, crossed = network().eval(), across_processes(network(), torch.device("cpu")).eval()
    assert [type(module) for module in crossed.modules()].count(CrossBatchNorm) == 2
    assert alone.state_dict().keys() == crossed.state_dict().keys()
    assert torch.equal(alone(batch()), crossed(batch()))
