"""BatchNorm over the batch of all processes, so that several of them learn what one would.

PyTorch's SyncBatchNorm does this on GPUs and refuses CPUs, where the one here stands in.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from timm.layers.norm_act import BatchNormAct2d, convert_sync_batchnorm
from torch import Tensor, distributed, nn


class CrossBatchNorm(nn.BatchNorm2d):
    """BatchNorm2d whose batch statistics are those of all processes, whose parts must have equal shapes.

    Stands in for `norm` and shares its parameters and statistics; what a fused norm does afterwards it does too.
    """

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum)
        self._parameters, self._buffers = norm._parameters, norm._buffers
        self.after = nn.Sequential(norm.drop, norm.act) if isinstance(norm, BatchNormAct2d) else nn.Identity()

    def forward(self, input: Float[Tensor, "batch channels height width"]) -> Tensor:
        """Normalised maps; in eval mode by the running statistics."""
        if not self.training:
            known: Tensor = self.after(super().forward(input))
            return known
        assert self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None
        assert self.momentum is not None
        num_processes = distributed.get_world_size()
        num = num_processes * (input.numel() // input.shape[1])
        own_var, own_mean = torch.var_mean(input, (0, 2, 3), correction=0)
        parts = torch.stack([own_mean, own_mean.square(), own_var])
        mean, square, within = (_Sum.apply(parts) / num_processes).unbind()
        var = within + (square - mean.square()).clamp_min(0.0)  # rounding, where all parts have one mean
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * (num / (num - 1)), self.momentum)
        scale = self.weight * (var + self.eps).rsqrt()
        shift = self.bias - mean * scale
        answer: Tensor = self.after(input * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1))
        return answer


class _Sum(torch.autograd.Function):
    """Sum over all processes; a change in one part moves the losses of all, so gradients are summed too."""

    @staticmethod
    def forward(ctx: object, part: Tensor) -> Tensor:
        total = part.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        distributed.all_reduce(total)
        return total


def across_processes(network: nn.Module, device: torch.device) -> nn.Module:
    """The network with every BatchNorm2d normalising over all processes; parameters and their names stay."""
    if device.type == "cuda":
        converted: nn.Module = convert_sync_batchnorm(network)
        return converted
    for name, child in network.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(network, name, CrossBatchNorm(child))
        else:
            across_processes(child, device)
    return network
